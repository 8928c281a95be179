-- Lets an epoch decide, with the holders that the caller has made sure of. The script that decides is loaded after
-- this, by the caller: until then everybody is answered NOSCRIPT. Never goes back to an older epoch.
--
-- KEYS     rule users out stagedRule stagedUsers
-- ARGV     epoch holders lastSeq reserved blockEnd leaseUntil
--   holders   empty (a new campaign: there must be none), or how many units `load` took in
--   lastSeq   numbers go on above it, whatever the holders say: the highest ever leased; 0 when there is none
--   reserved  units that count as given although nobody is known to hold them
--   blockEnd, leaseUntil  as in extend.lua; empty for no bound; a leaseUntil of +2000 is that many ms from now
-- RETURNS  issued lastSeq users
--   issued  reserved ones included
-- ERRORS   UNCONFIGURED FENCED (a later epoch is in force) LIVE (this epoch has given units out already)
--          GAP (what is loaded is not what the caller loaded)

local rule = redis.call('HMGET', KEYS[1], 'epoch', 'issued', 'clock')
if not rule[2] then
  return redis.error_reply('UNCONFIGURED there is no rule here')
end
local epoch, clock = tonumber(rule[1] or 0), tonumber(rule[3])
if math.abs(epoch) > tonumber(ARGV[1]) then
  return redis.error_reply('FENCED the gate is at epoch ' .. rule[1])
end
local empty = ARGV[2] == 'empty'
if tonumber(rule[2]) > 0 and (epoch == tonumber(ARGV[1]) or empty) then
  return redis.error_reply('LIVE ' .. rule[2] .. ' units are out at epoch ' .. (rule[1] or 'none'))
end

local issued, lastSeq = 0, 0
if not empty then
  local staged = redis.call('HMGET', KEYS[4], 'issued', 'lastSeq', 'clock')
  issued, lastSeq = tonumber(staged[1] or 0), tonumber(staged[2] or 0)
  clock = math.max(clock, tonumber(staged[3] or 0))
  if issued ~= tonumber(ARGV[2]) then
    return redis.error_reply('GAP ' .. issued .. ' units are loaded, not ' .. ARGV[2])
  end
end
redis.call('UNLINK', KEYS[2], KEYS[3])
if issued > 0 then
  redis.call('RENAME', KEYS[5], KEYS[2])
end
redis.call('UNLINK', KEYS[4], KEYS[5])

local leaseUntil = ARGV[6]
if string.sub(leaseUntil, 1, 1) == '+' then
  local time = redis.call('TIME')
  leaseUntil = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(leaseUntil))
end
issued = issued + tonumber(ARGV[4])
lastSeq = math.max(lastSeq, tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'issued', issued, 'lastSeq', lastSeq, 'clock', clock,
  'reserved', ARGV[4], 'blockEnd', ARGV[5], 'leaseUntil', leaseUntil)
return { issued, lastSeq, redis.call('HLEN', KEYS[2]) }
