-- Puts a campaign's rule in force, between two claims. By version: what is older than the rule in force is ignored; the
-- same version again is put in force again, which makes a repeated call harmless and a half-made change mendable.
-- A rule that is new here is made with nothing given out, and without an epoch: nobody can claim until it is armed.
--
-- KEYS     rule
-- ARGV     version quantity limit startsAt closesAt paused closed level clock
--   startsAt, closesAt  epoch ms, or empty for never
--   paused, closed      1 or 0
--   level               how durable a win is before it is told
--   clock               the latest clock that this caller was told
-- RETURNS  outcome issued
--   outcome  ok, or below_issued when more is out than the quantity would allow; then nothing was changed

local rule = redis.call('HMGET', KEYS[1], 'version', 'issued', 'clock')
local issued = tonumber(rule[2] or 0)
if rule[1] and tonumber(ARGV[1]) < tonumber(rule[1]) then
  return { 'ok', issued }
end
if tonumber(ARGV[2]) < issued then
  return { 'below_issued', issued }
end
if not rule[1] then
  redis.call('HSET', KEYS[1], 'issued', 0, 'lastSeq', 0)
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'quantity', ARGV[2], 'limit', ARGV[3], 'startsAt', ARGV[4],
  'closesAt', ARGV[5], 'paused', ARGV[6], 'closed', ARGV[7], 'level', ARGV[8],
  'clock', math.max(tonumber(rule[3] or 0), tonumber(ARGV[9])))
return { 'ok', issued }
