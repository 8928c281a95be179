-- Decides a batch of claims of one campaign, one after the other, each exactly as core/gate `decide` and `evolve` would,
-- all at one moment of Redis' own clock. Either all of it happens or nothing: Lua is isolated but not rolled back, so
-- everything that can fail (a key of a wrong type, no memory left) fails before or at the first write, which is the
-- outbox entry. Called by EVALSHA only, under a sha that holds for one epoch (see scripts.ts), so that a Redis that
-- restarted or was promoted answers NOSCRIPT until somebody has made sure of it.
--
-- KEYS     rule users out
-- ARGV     epoch clock users marks keys cover
--   clock  the latest clock that this caller was told: time does not step back for those who saw it
--   users  JSON, the users who claim, at most 128; none: a look, which gives nothing to anybody
--   marks  empty when all are eligible and have no key; else a letter for each:
--          e eligible, k eligible and has the next key, x not eligible, y not eligible and has the next key
--   keys   JSON, the keys in the order of their users
--   cover  1: something is written in any case, so that the caller, who waits for a replica next, is told nothing that
--          the replica does not have; else empty
-- RETURNS  clock version issued first verdicts rest…
--   first     the seq of the first win in this batch; the others follow without a gap
--   verdicts  a letter for each claim:
--     w won, where one unit is the limit         W won, where it is not; nth in the rest
--     a already won; seq and wonAt in the rest   i ineligible   p paused   n not open   c closed   s sold out
--     b the block of numbers is used up: not decided
--     A look has one letter: what a stranger would be told, o when he would win; and closesAt, or 0, in the rest.
-- ERRORS   FENCED (another epoch, or no gate) LEASE (the right to decide has ended)
--          LEVEL (the campaign is replicated, and the caller will not wait for a replica)

local rule = redis.call('HMGET', KEYS[1], 'epoch', 'version', 'quantity', 'limit', 'startsAt', 'closesAt', 'paused',
  'closed', 'issued', 'lastSeq', 'clock', 'blockEnd', 'leaseUntil', 'level')
if rule[1] ~= ARGV[1] then
  return redis.error_reply('FENCED the gate is at epoch ' .. (rule[1] or 'none'))
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local leaseUntil = tonumber(rule[13])
if leaseUntil and now > leaseUntil then
  return redis.error_reply('LEASE nobody has renewed the right to decide')
end

local quantity, limit = tonumber(rule[3]), tonumber(rule[4])
local startsAt, closesAt = tonumber(rule[5]), tonumber(rule[6])
local issued, lastSeq = tonumber(rule[9]), tonumber(rule[10])
local blockEnd = tonumber(rule[12]) or math.huge
local kept = tonumber(rule[11])
local clock = math.max(now, kept, tonumber(ARGV[2]))
local users, marks, keys = cjson.decode(ARGV[3]), ARGV[4], cjson.decode(ARGV[5])
if rule[14] == 'replicated' and #users > 0 and ARGV[6] ~= '1' then
  return redis.error_reply('LEVEL this campaign is for callers who wait for a replica')
end
local held = #users > 0 and redis.call('HMGET', KEYS[2], unpack(users))

-- What is said to everybody who holds nothing and may win.
local refusal
if rule[7] == '1' then
  refusal = 'p'
elseif rule[8] == '1' or (closesAt and clock >= closesAt) then
  refusal = 'c'
elseif not startsAt or clock < startsAt then
  refusal = 'n'
end

-- A holder's units are lines of `seq,wonAt` or, with its key, `seq,wonAt,key`, oldest first.
-- Returns seq and wonAt of the unit that this try asks for again, or nil and how many he holds.
local function again(units, key)
  if limit == 1 then
    return string.match(units, '^(%d+),(%d+)')
  end
  local number, seq, wonAt = 0, nil, nil
  for line in string.gmatch(units, '[^\n]+') do
    local itsKey
    seq, wonAt, itsKey = string.match(line, '^(%d+),(%d+),?(.*)$')
    if key and itsKey == key then
      return seq, wonAt
    end
    number = number + 1
  end
  if not key or number >= limit then
    return seq, wonAt
  end
  return nil, number
end

local first = lastSeq + 1
local answer = { clock, tonumber(rule[2]), 0, first, '' }
local rest = 5
local verdicts = {}
-- What is written at the end: users and their units in turn, where in it a winner's units are, and the outbox entry.
local writes, size, place = {}, 0, {}
local wins, won = {}, 0
-- One formatting for seq and moment; a number that Lua turns into text by itself costs twice as much.
local format, unitFormat = string.format, '%d,' .. string.format('%d', clock)
local keysUsed = 0
local plain = marks == ''

for i, user in ipairs(users) do
  local mark, key
  if not plain then
    mark = string.sub(marks, i, i)
    if mark == 'k' or mark == 'y' then
      keysUsed = keysUsed + 1
      key = keys[keysUsed]
    end
  end
  local units = held[i]
  if place[user] then
    units = writes[place[user]]
  end
  local seq, wonAt
  if units then
    seq, wonAt = again(units, key)
  end
  if seq then
    verdicts[i] = 'a'
    answer[rest + 1], answer[rest + 2] = tonumber(seq), tonumber(wonAt)
    rest = rest + 2
  elseif mark == 'x' or mark == 'y' then
    verdicts[i] = 'i'
  elseif refusal then
    verdicts[i] = refusal
  elseif issued >= quantity then
    verdicts[i] = 's'
  elseif lastSeq >= blockEnd then
    verdicts[i] = 'b'
  else
    issued = issued + 1
    lastSeq = lastSeq + 1
    local unit = format(unitFormat, lastSeq)
    won = won + 1
    if limit == 1 then
      verdicts[i] = 'w'
      wins[won] = user
    else
      local nth = (wonAt or 0) + 1
      verdicts[i] = 'W'
      rest = rest + 1
      answer[rest] = nth
      wins[won] = { user, nth, key }
      if key then
        unit = unit .. ',' .. key
      end
    end
    if not place[user] then
      writes[size + 1] = user
      size = size + 2
      place[user] = size
    end
    writes[place[user]] = units and units .. '\n' .. unit or unit
  end
end

if won > 0 then
  -- Under the last seq of the batch: Redis itself refuses a number that goes backwards, and MINID trims whole batches.
  redis.call('XADD', KEYS[3], lastSeq .. '-0', 'epoch', ARGV[1], 'at', clock, 'first', first,
    'wins', cjson.encode(wins))
  redis.call('HSET', KEYS[2], unpack(writes))
  redis.call('HSET', KEYS[1], 'issued', issued, 'lastSeq', lastSeq, 'clock', clock)
elseif ARGV[6] == '1' or held and ((startsAt and kept < startsAt and clock >= startsAt)
    or (closesAt and kept < closesAt and clock >= closesAt)) then
  -- A refusal writes nothing, but for the one that first told somebody that the window has begun or ended.
  redis.call('HSET', KEYS[1], 'clock', held and clock or kept)
end

answer[3] = issued
answer[5] = table.concat(verdicts)
if not held then
  answer[5] = refusal or quantity <= issued and 's' or lastSeq >= blockEnd and 'b' or 'o'
  answer[6] = closesAt or 0
end
return answer
