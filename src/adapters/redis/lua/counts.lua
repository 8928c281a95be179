-- What the gate has given out, all of it at one moment.
--
-- KEYS     rule users
-- ARGV
-- RETURNS  issued lastSeq quantity users epoch version reserved blockEnd now
--   epoch     0 while no epoch may decide
--   blockEnd  -1: no bound
--   now       epoch ms by Redis' clock
--   nothing at all when there is no rule here

local rule = redis.call('HMGET', KEYS[1], 'issued', 'lastSeq', 'quantity', 'epoch', 'version', 'reserved', 'blockEnd')
if not rule[1] then
  return {}
end
local time = redis.call('TIME')
return {
  tonumber(rule[1]), tonumber(rule[2]), tonumber(rule[3]), redis.call('HLEN', KEYS[2]),
  math.max(0, tonumber(rule[4] or 0)), tonumber(rule[5]), tonumber(rule[6] or 0), tonumber(rule[7]) or -1,
  time[1] * 1000 + math.floor(time[2] / 1000),
}
