-- Gives units back to the stock that had counted as given without a known holder; never more than are reserved.
--
-- KEYS     rule
-- ARGV     epoch count
-- RETURNS  issued reserved
-- ERRORS   FENCED

local rule = redis.call('HMGET', KEYS[1], 'epoch', 'issued', 'reserved')
if rule[1] ~= ARGV[1] then
  return redis.error_reply('FENCED the gate is at epoch ' .. (rule[1] or 'none'))
end
local reserved = tonumber(rule[3] or 0)
local back = math.min(reserved, math.max(0, tonumber(ARGV[2])))
local issued = tonumber(rule[2]) - back
redis.call('HSET', KEYS[1], 'issued', issued, 'reserved', reserved - back)
return { issued, reserved - back }
