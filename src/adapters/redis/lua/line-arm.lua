-- Makes a campaign's line anew, empty, for facts to be taken in. Whatever epoch was there before is in force no more, and
-- nobody else may use this one until it is opened (see line.lua, which the caller loads after this). Never goes back to
-- an older epoch.
--
-- KEYS     lineRule lineWaiting linePast linePlaces lineKeys lineOffers lineTurns lineEarly lineStaged
-- ARGV     epoch quantity startsAt closesAt pausedAt closed maxLength cutAt confirmWithinMs seed version keeps
--   startsAt, closesAt, pausedAt        epoch ms, or empty for never
--   closed                              1 or 0
--   maxLength, cutAt, confirmWithinMs   empty: none
--   seed                                hex, of the shuffle before the opening; empty: none
--   keeps                               1: places are kept when nothing is left; else 0
-- RETURNS  fill
--   fill  the number of this filling: calls that are a part of it say it, and an earlier one that goes on is refused
-- ERRORS   FENCED (a later epoch is in force) LIVE (this epoch has given out places already)

local rule = redis.call('HMGET', KEYS[1], 'epoch', 'filling', 'fills', 'lastNumber', 'early')
if rule[1] and tonumber(rule[1]) > tonumber(ARGV[1]) then
  return redis.error_reply('FENCED the line is at epoch ' .. rule[1])
end
if rule[1] == ARGV[1] and rule[2] == '' and (rule[4] ~= '0' or rule[5] ~= '0') then
  return redis.error_reply('LIVE ' .. rule[4] .. ' numbers are out at epoch ' .. rule[1])
end
local fill = tonumber(rule[3] or 0) + 1
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'filling', fill, 'fills', fill, 'clock', 0,
  'quantity', ARGV[2], 'startsAt', ARGV[3], 'closesAt', ARGV[4], 'pausedAt', ARGV[5], 'closed', ARGV[6],
  'maxLength', ARGV[7], 'cutAt', ARGV[8], 'confirmWithinMs', ARGV[9], 'seed', ARGV[10], 'version', ARGV[11],
  'keeps', ARGV[12],
  'lastNumber', 0, 'serving', 0, 'early', 0, 'shuffled', 0, 'won', 0, 'stretchedMs', 0, 'stretchedAt', 0, 'turn', 0,
  'stagedFor', '', 'shufflingUntil', '')
return { fill }
