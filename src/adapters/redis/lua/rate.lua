-- Adds what one process let through to what all have, user by user, and tells how far ahead of now each has come: the
-- leaky bucket of core/rate, as one time a user. Two hashes take turns, so that old users leave without being looked for.
--
-- KEYS     rateEven rateOdd
-- ARGV     periodMs spacingMs users counts ages
--   users   JSON, user ids
--   counts  JSON, how many tries of each were let through
--   ages    JSON, how many ms ago the first of them was
-- RETURNS  aheadMs…

local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local periodMs, spacingMs = tonumber(ARGV[1]), tonumber(ARGV[2])
local users, counts, ages = cjson.decode(ARGV[3]), cjson.decode(ARGV[4]), cjson.decode(ARGV[5])
-- Nobody is let further ahead than one turn lasts: what is older than the turn before has no meaning any more.
local turnMs = 2 * periodMs
local turn = math.floor(now / turnMs)
local here, before = KEYS[1], KEYS[2]
if turn % 2 == 1 then
  here, before = before, here
end

-- No user has an empty id: under it a hash keeps which turn it is of.
local turnHere, turnBefore = redis.call('HGET', here, ''), redis.call('HGET', before, '')
if tonumber(turnHere or -1) ~= turn then
  redis.call('UNLINK', here)
  redis.call('HSET', here, '', turn)
end
local known = redis.call('HMGET', here, unpack(users))
local older = tonumber(turnBefore or -1) == turn - 1 and redis.call('HMGET', before, unpack(users)) or {}

local ahead, writes = {}, {}
for i, user in ipairs(users) do
  local arrival = math.max(tonumber(known[i] or older[i] or 0), now - ages[i]) + counts[i] * spacingMs
  arrival = math.min(arrival, now + turnMs)
  ahead[i] = math.ceil(arrival - now)
  writes[2 * i - 1], writes[2 * i] = user, string.format('%.1f', arrival)
end
redis.call('HSET', here, unpack(writes))
redis.call('PEXPIRE', here, 2 * turnMs)
return ahead
