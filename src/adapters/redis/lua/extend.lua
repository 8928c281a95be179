-- Extends the right to decide: numbers up to the end of a block that was leased before use, and until a moment. A bound
-- is set where there was none; one that is there only ever grows within an epoch.
--
-- KEYS     rule
-- ARGV     epoch blockEnd leaseUntil
--   blockEnd    the highest seq that may be given out, or empty: leave it
--   leaseUntil  epoch ms by Redis' clock, or empty: leave it
-- RETURNS  lastSeq
-- ERRORS   FENCED

local rule = redis.call('HMGET', KEYS[1], 'epoch', 'lastSeq', 'blockEnd', 'leaseUntil')
if rule[1] ~= ARGV[1] then
  return redis.error_reply('FENCED the gate is at epoch ' .. (rule[1] or 'none'))
end
for i, name in ipairs({ 'blockEnd', 'leaseUntil' }) do
  local wanted, bound = tonumber(ARGV[i + 1]), tonumber(rule[i + 2])
  if wanted and (not bound or wanted > bound) then
    redis.call('HSET', KEYS[1], name, ARGV[i + 1])
  end
end
return tonumber(rule[2])
