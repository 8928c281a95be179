-- Forgets a campaign: its rule and its holders. Wins that are still in the outbox stay, until a relay has sent them.
--
-- KEYS     rule users out stagedRule stagedUsers
-- ARGV
-- RETURNS  left
--   left  how many outbox entries stay

redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[4], KEYS[5])
local left = redis.call('XLEN', KEYS[3])
if left == 0 then
  redis.call('DEL', KEYS[3])
end
return left
