-- From now on no epoch before the given one decides, and none can be armed: a later supervisor has taken over. What was
-- given out stays, to be salvaged. An epoch that is as late or later goes on.
--
-- KEYS     rule
-- ARGV     epoch
-- RETURNS  epoch
--   epoch  as it now stands: negative when nobody decides, and none before it ever may again

local epoch = tonumber(redis.call('HGET', KEYS[1], 'epoch') or 0)
if math.abs(epoch) < tonumber(ARGV[1]) then
  epoch = -tonumber(ARGV[1])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
end
return epoch
