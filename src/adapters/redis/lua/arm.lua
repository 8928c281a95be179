-- Lets an epoch decide, with the holders that the caller has made sure of. The script that decides is loaded after
-- this, by the caller: until then everybody is answered NOSCRIPT. Never goes back to an older epoch.
--
-- KEYS     rule users out stagedRule stagedUsers
-- ARGV     epoch holders lastSeq blockEnd leaseUntil
--   holders  empty (a new campaign: there must be none), kept (those that are here), staged (those that `load` took in)
--   lastSeq  numbers go on above it, whatever the holders say: the highest ever leased; 0 when there is none
--   blockEnd, leaseUntil  as in extend.lua; empty for no bound
-- RETURNS  issued lastSeq users
-- ERRORS   UNCONFIGURED FENCED (a later epoch is in force) LIVE (this epoch has given units out already)

local rule = redis.call('HMGET', KEYS[1], 'epoch', 'issued', 'lastSeq', 'clock')
if not rule[2] then
  return redis.error_reply('UNCONFIGURED there is no rule here')
end
local epoch, issued, lastSeq = tonumber(rule[1] or 0), tonumber(rule[2]), tonumber(rule[3])
local clock = tonumber(rule[4])
if epoch > tonumber(ARGV[1]) then
  return redis.error_reply('FENCED the gate is at epoch ' .. rule[1])
end
local kept = ARGV[2] == 'kept'
if not kept and issued > 0 and (epoch == tonumber(ARGV[1]) or ARGV[2] == 'empty') then
  return redis.error_reply('LIVE ' .. issued .. ' units are out at epoch ' .. (rule[1] or 'none'))
end

if not kept then
  local staged = ARGV[2] == 'staged' and redis.call('HMGET', KEYS[4], 'issued', 'lastSeq', 'clock') or {}
  issued, lastSeq = tonumber(staged[1] or 0), tonumber(staged[2] or 0)
  clock = math.max(clock, tonumber(staged[3] or 0))
  redis.call('UNLINK', KEYS[2], KEYS[3])
  if issued > 0 then
    redis.call('RENAME', KEYS[5], KEYS[2])
  end
end
redis.call('UNLINK', KEYS[4], KEYS[5])
lastSeq = math.max(lastSeq, tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'issued', issued, 'lastSeq', lastSeq, 'clock', clock,
  'blockEnd', ARGV[4], 'leaseUntil', ARGV[5])
return { issued, lastSeq, redis.call('HLEN', KEYS[2]) }
