-- Lets go of outbox entries that end at a number or before it, because their wins are in the record. An outbox that is
-- empty goes with its campaign.
--
-- KEYS     rule out
-- ARGV     seq
-- RETURNS  left
--   left  how many outbox entries stay

redis.call('XTRIM', KEYS[2], 'MINID', string.format('%d-0', tonumber(ARGV[1]) + 1))
local left = redis.call('XLEN', KEYS[2])
if left == 0 and redis.call('HLEN', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[2])
end
return left
