-- Takes holders of the past in, in order of seq, chunk by chunk, beside the gate: `arm` puts them in force. Each chunk
-- says where the one before it ended, so that two who load at once are found out instead of mixed.
--
-- KEYS     stagedRule stagedUsers
-- ARGV     after user unit…
--   after  lastSeq as the chunk before was answered; empty for the first: what an earlier, broken-off load left is dropped
--   user   of the first holder, followed by his unit `seq,wonAt` or `seq,wonAt,key`; then the next user, and so on
-- RETURNS  issued lastSeq
-- ERRORS   GAP (somebody else has loaded in between)

if ARGV[1] == '' then
  redis.call('DEL', KEYS[1], KEYS[2])
end
local staged = redis.call('HMGET', KEYS[1], 'issued', 'lastSeq', 'clock')
local issued, lastSeq = tonumber(staged[1] or 0), tonumber(staged[2] or 0)
local clock = tonumber(staged[3] or 0)
if ARGV[1] ~= '' and tonumber(ARGV[1]) ~= lastSeq then
  return redis.error_reply('GAP holders are loaded up to ' .. lastSeq .. ', not ' .. ARGV[1])
end

local users = {}
for i = 2, #ARGV, 2 do
  users[#users + 1] = ARGV[i]
end
local held = #users > 0 and redis.call('HMGET', KEYS[2], unpack(users)) or {}

local taken = {}
for i, user in ipairs(users) do
  local unit = ARGV[2 * i + 1]
  local seq, wonAt = string.match(unit, '^(%d+),(%d+)')
  if tonumber(seq) > lastSeq then
    local units = taken[user] or held[i]
    taken[user] = units and units .. '\n' .. unit or unit
    issued = issued + 1
    lastSeq = tonumber(seq)
    clock = math.max(clock, tonumber(wonAt))
  end
end

for user, units in pairs(taken) do
  redis.call('HSET', KEYS[2], user, units)
end
redis.call('HSET', KEYS[1], 'issued', issued, 'lastSeq', lastSeq, 'clock', clock)
return { issued, lastSeq }
