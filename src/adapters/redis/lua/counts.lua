-- What the gate has given out, all of it at one moment.
--
-- KEYS     rule users
-- ARGV
-- RETURNS  issued lastSeq quantity users epoch version
--   epoch  0 while it is not armed
--   nothing at all when there is no rule here

local rule = redis.call('HMGET', KEYS[1], 'issued', 'lastSeq', 'quantity', 'epoch', 'version')
if not rule[1] then
  return {}
end
return {
  tonumber(rule[1]), tonumber(rule[2]), tonumber(rule[3]), redis.call('HLEN', KEYS[2]),
  tonumber(rule[4] or 0), tonumber(rule[5]),
}
