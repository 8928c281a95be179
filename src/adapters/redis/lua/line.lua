-- The waiting line of one campaign: everything that is asked of it while it is open, each call at one moment of Redis'
-- own clock and exactly as core/line and core/line-state would. Called by EVALSHA only, under a sha that holds for one
-- epoch (see scripts.ts), so that a Redis that restarted or was promoted answers NOSCRIPT until the line was made anew.
-- The gate's right to decide is the line's too: who may not ask the gate of this campaign is told nothing by its line.
--
-- KEYS     lineRule lineWaiting linePast linePlaces lineKeys lineOffers lineTurns lineEarly lineStaged rule
-- ARGV     epoch clock fill op detail…
--   clock  the latest clock that this caller was told: time does not step back for those who saw it
--   fill   empty, or the number of the filling that this call is a part of (see line-arm.lua)
--   op     what is asked, each with its details:
--     press users marks keys        JSON user ids, at most 128; a letter for each, or empty; JSON keys (answers in order)
--     standing of                   JSON user ids and numbers
--     leave user                    counts                     configure (the fields of line-arm.lua)
--     peek budget after count       people at the head with a number above `after`, as far as there are units for them
--     release budget upTo refused   lets people in up to a number that was looked at, but for the JSON numbers `refused`
--     take facts                    JSON facts but line.shuffled; what is known already is passed over
--     draw why                      begins a shuffle: `due` by the clock, or by a `fact`
--     early after count             people who wait for a shuffle, above a place
--     number tag first users places their numbers from `first` on, beside the line; places only where there are keys
--     places offset bytes           the number of each place from before, four bytes each
--     shuffled tag at               puts those numbers in force
--     open                          ends a filling
-- RETURNS  clock rest…
--   rest   of what the clock may have changed: 1 and no more when a shuffle must come first, else 0, JSON numbers that
--          expired, and what was asked. See readers in line-answers.ts.
-- ERRORS   FENCED (another epoch, no line, or one that is being filled) LEASE (the right to decide has ended)
--          GAP (a fact that cannot follow)

local names = { 'epoch', 'filling', 'clock', 'quantity', 'startsAt', 'closesAt', 'pausedAt', 'closed', 'maxLength',
  'cutAt', 'confirmWithinMs', 'seed', 'lastNumber', 'serving', 'early', 'shuffled', 'won', 'stretchedMs', 'stretchedAt',
  'turn', 'stagedFor', 'shufflingUntil', 'version', 'keeps' }
local values = redis.call('HMGET', KEYS[1], unpack(names))
local rule, number = {}, {}
for i, name in ipairs(names) do
  rule[name], number[name] = values[i], tonumber(values[i])
end
if rule.epoch ~= ARGV[1] or rule.filling ~= ARGV[3] then
  return redis.error_reply('FENCED the line is at epoch ' .. (rule.epoch or 'none'))
end

local kept = number.clock
local clock = math.max(kept, tonumber(ARGV[2]))
if rule.filling == '' then
  local gate = redis.call('HMGET', KEYS[10], 'epoch', 'leaseUntil')
  if gate[1] and gate[1] ~= ARGV[1] then
    return redis.error_reply('FENCED the gate is at epoch ' .. gate[1])
  end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local leaseUntil = tonumber(gate[2])
  if leaseUntil and now > leaseUntil then
    return redis.error_reply('LEASE nobody has renewed the right to decide')
  end
  clock = math.max(clock, now)
end

local closed = rule.closed == '1' or (number.closesAt and clock >= number.closesAt)
local started = number.startsAt and clock >= number.startsAt
local shuffles = rule.seed ~= '' and rule.shuffled ~= '1'
-- Where units come back to whoever is next, nobody is told that nothing is left.
local soldOut = rule.keeps ~= '1' and number.won >= number.quantity
local format = string.format

local function keepClock()
  if clock > kept then
    redis.call('HSET', KEYS[1], 'clock', format('%d', clock))
  end
end

-- Whoever was told that the window has begun or ended was told so for good.
local function keepClockAtBorders()
  local startsAt, closesAt = number.startsAt, number.closesAt
  if (startsAt and kept < startsAt and clock >= startsAt) or (closesAt and kept < closesAt and clock >= closesAt) then
    keepClock()
  end
end

-- A place that does not wait: its stage's letter, what belongs to it (seq, or until when to press), and whose it is.
--   o offered  r released  w won  l left  x expired  i ineligible  c closed  s sold out
local function readPast(text)
  local letter, detail, user = string.match(text, '^(%a)(%d*):(.*)$')
  return letter, tonumber(detail), user
end

local function waitsAt(place)
  return redis.call('ZRANGEBYSCORE', KEYS[2], place, place)[1]
end

local function aheadOf(user)
  return redis.call('ZRANK', KEYS[2], user)
end

-- Notes what has become of a place that does not wait any more, and, if it is his latest, where its user finds it.
local function note(place, letter, detail, user)
  redis.call('HSET', KEYS[3], place, letter .. (detail and format('%d', detail) or '') .. ':' .. user)
  local latest = tonumber(redis.call('HGET', KEYS[4], user))
  if user ~= '' and (not latest or latest < place) then
    redis.call('HSET', KEYS[4], user, place)
  end
  if not string.find('oruw', letter, 1, true) then
    redis.call('HDEL', KEYS[5], place)
  end
end

local function giveTurn(place, user)
  number.turn = number.turn + 1
  redis.call('ZADD', KEYS[7], number.turn, place)
  redis.call('HSET', KEYS[1], 'turn', number.turn)
  note(place, 'r', nil, user)
end

-- Takes a place out of wherever it stands, for good; false when that has been done, nil when there is no such place.
local function settle(place, letter, detail)
  local text = redis.call('HGET', KEYS[3], place)
  local from, _, user = 'v', nil, nil
  if text then
    from, _, user = readPast(text)
  else
    user = waitsAt(place)
  end
  if not user then
    return nil
  end
  if from == 'v' then
    redis.call('ZREM', KEYS[2], user)
  elseif from == 'o' then
    redis.call('ZREM', KEYS[6], place)
  elseif from == 'r' then
    redis.call('ZREM', KEYS[7], place)
  elseif from ~= 'u' then
    return false
  end
  if letter == 'w' then
    number.won = number.won + 1
    redis.call('HSET', KEYS[1], 'won', number.won)
  end
  note(place, letter, detail, user)
  return true
end

-- Everybody's offer whose time is over, the oldest first, and none behind one that runs on.
local function expire()
  local expired = {}
  if number.pausedAt or closed then
    return expired
  end
  while true do
    local place = redis.call('ZRANGE', KEYS[6], 0, 0)[1]
    if not place then
      return expired
    end
    local _, confirmBy = readPast(redis.call('HGET', KEYS[3], place))
    if confirmBy + number.stretchedMs > clock then
      return expired
    end
    expired[#expired + 1] = tonumber(place)
    settle(tonumber(place), 'x')
  end
end

local function freeUnits()
  return math.max(0, number.quantity - number.won - redis.call('ZCARD', KEYS[6]) - redis.call('ZCARD', KEYS[7]))
end

local function isHeld()
  return number.pausedAt or closed or not started
end

local function letIn(place, user, confirmBy)
  redis.call('ZREM', KEYS[2], user)
  if confirmBy then
    redis.call('ZADD', KEYS[6], place, place)
    note(place, 'o', confirmBy - number.stretchedMs, user)
  else
    giveTurn(place, user)
  end
end

local ops = {}

function ops.press()
  local users, marks, keys = cjson.decode(ARGV[5]), ARGV[6], cjson.decode(ARGV[7])
  local expired = expire()
  local numbers = redis.call('ZMSCORE', KEYS[2], unpack(users))
  local places = redis.call('HMGET', KEYS[4], unpack(users))
  local waiting = redis.call('ZCARD', KEYS[2])
  local before = waiting + redis.call('ZCARD', KEYS[6]) + redis.call('ZCARD', KEYS[7])
  local most = number.maxLength or math.huge
  local cut = number.cutAt and number.cutAt * (number.quantity - number.won) or math.huge
  local step, last = 1, number.lastNumber
  if shuffles then
    step, last = -1, -number.early
  end
  local refusal
  if number.pausedAt then
    refusal = 'p'
  elseif closed then
    refusal = 'c'
  elseif not started and (not number.startsAt or rule.seed == '') then
    refusal = 'n'
  elseif soldOut then
    refusal = 's'
  end
  local answer = { clock, 0, cjson.encode(expired), last + step, '', number.serving, waiting }
  local letters, added, joined, keysUsed, confirms = {}, {}, {}, 0, false
  local firstWaiting, firstNumber = waiting, last + step
  local function tell(i, letter, place)
    letters[i] = letter
    answer[#answer + 1] = place
  end
  for i, user in ipairs(users) do
    local mark, key = 0, nil
    if marks ~= '' then
      mark = string.byte(marks, i) - 97
      if mark >= 4 then
        keysUsed = keysUsed + 1
        key = keys[keysUsed]
      end
    end
    local ineligible, another = mark % 2 == 1, mark % 4 >= 2
    local place, stage, detail = joined[user] or tonumber(numbers[i]), 'v', nil
    if not place and places[i] then
      place = tonumber(places[i])
      stage, detail = readPast(redis.call('HGET', KEYS[3], place))
    end
    if place and stage == 'v' then
      if closed or soldOut then
        letters[i] = closed and 'c' or 's'
      else
        tell(i, 'v', place)
        local isNew = joined[user] and place > 0
        answer[#answer + 1] = place < 0 and 0 or isNew and firstWaiting + place - firstNumber or aheadOf(user)
      end
    elseif place and stage == 'w' and not another then
      tell(i, 'w', place)
      answer[#answer + 1] = detail
    elseif place and stage == 'r' then
      tell(i, 'r', place)
    elseif place and stage == 'o' then
      if closed then
        letters[i] = 'c'
      else
        redis.call('ZREM', KEYS[6], place)
        giveTurn(place, user)
        tell(i, 'f', place)
        confirms = true
      end
    elseif ineligible or refusal then
      letters[i] = ineligible and 'i' or refusal
    elseif waiting >= most then
      letters[i] = 'l'
    elseif before >= cut then
      letters[i] = 'h'
    else
      last = last + step
      waiting, before = waiting + 1, before + 1
      joined[user] = last
      added[#added + 1], added[#added + 2] = last, user
      if key then
        redis.call('HSET', KEYS[5], last, key)
      end
      letters[i] = 'j'
    end
  end
  if #added > 0 then
    redis.call('ZADD', KEYS[2], unpack(added))
    redis.call('HSET', KEYS[1], shuffles and 'early' or 'lastNumber', math.abs(last), 'clock', format('%d', clock))
  elseif #expired > 0 or confirms then
    keepClock()
  else
    keepClockAtBorders()
  end
  answer[5] = table.concat(letters)
  return answer
end

function ops.standing()
  local asked = cjson.decode(ARGV[5])
  local answer, letters = { clock, '', number.serving }, {}
  local anyKeys = redis.call('EXISTS', KEYS[5]) == 1
  -- Who was told that nothing is left is told so when it is closed, too.
  local over = soldOut and 's' or closed and 'c'
  keepClockAtBorders()
  for i, of in ipairs(asked) do
    local place, user, text = nil, nil, nil
    if type(of) == 'string' then
      user = of
      place = tonumber(redis.call('ZSCORE', KEYS[2], user))
      if not place then
        place = tonumber(redis.call('HGET', KEYS[4], user))
        text = place and redis.call('HGET', KEYS[3], place)
      end
    else
      place = of
      if place < 0 and rule.shuffled == '1' then
        local at = -4 * place - 4
        local bytes = redis.call('GETRANGE', KEYS[8], at, at + 3)
        place = #bytes == 4 and struct.unpack('>I4', bytes) or 0
      end
      text = place > 0 and redis.call('HGET', KEYS[3], place)
      user = not text and waitsAt(place)
    end
    if text then
      local letter, detail, whose = readPast(text)
      local seq, confirmBy = 0, 0
      if letter == 'w' then
        seq = detail
      elseif letter == 'o' then
        confirmBy = detail + number.stretchedMs
        letter = closed and 'c' or 'o'
      elseif letter == 'u' then
        letter = 'l'
      end
      letters[i] = letter
      local at = #answer
      answer[at + 1], answer[at + 2], answer[at + 3], answer[at + 4] = place, whose, seq, confirmBy
      answer[at + 5] = anyKeys and redis.call('HGET', KEYS[5], place)
    elseif place and user then
      -- Two letters have more to them: v waits, V waits with a key of his own.
      local key = anyKeys and redis.call('HGET', KEYS[5], place)
      local at = #answer
      answer[at + 1], answer[at + 2], answer[at + 3] = place, user, 0
      if not over and place > 0 then
        answer[at + 3] = aheadOf(user)
      end
      letters[i] = key and 'V' or 'v'
      if key then
        answer[at + 4] = key
      end
    else
      letters[i] = '-'
    end
  end
  answer[2] = (over or 'v') .. table.concat(letters)
  return answer
end

function ops.leave()
  local user = ARGV[5]
  local expired = expire()
  local place = tonumber(redis.call('ZSCORE', KEYS[2], user))
  local left = 0
  if place and place < 0 then
    redis.call('ZREM', KEYS[2], user)
    redis.call('HDEL', KEYS[5], place)
    left = place
  else
    place = place or tonumber(redis.call('HGET', KEYS[4], user))
    local text = place and redis.call('HGET', KEYS[3], place)
    if place and (not text or string.sub(text, 1, 1) == 'o') then
      settle(place, 'l')
      left = place
    end
  end
  keepClock()
  return { clock, 0, cjson.encode(expired), left }
end

function ops.peek()
  local expired = expire()
  keepClock()
  local answer = { clock, 0, cjson.encode(expired) }
  local left = math.min(tonumber(ARGV[5]), freeUnits())
  if isHeld() or left < 1 then
    return answer
  end
  answer[4] = math.floor(left)
  for _, one in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[6], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[7])) do
    answer[#answer + 1] = one
  end
  return answer
end

function ops.release()
  local expired = expire()
  local left = isHeld() and 0 or math.min(tonumber(ARGV[5]), freeUnits())
  local ineligible, refused, released, to = {}, {}, 0, 0
  for _, place in ipairs(cjson.decode(ARGV[7])) do
    ineligible[place] = true
  end
  local confirmBy = number.confirmWithinMs and clock + number.confirmWithinMs
  local looked = left >= 1 and redis.call('ZRANGEBYSCORE', KEYS[2], 1, ARGV[6], 'WITHSCORES') or {}
  for i = 1, #looked, 2 do
    local user, place = looked[i], tonumber(looked[i + 1])
    if left < 1 then
      break
    elseif ineligible[place] then
      refused[#refused + 1] = place
      settle(place, 'i')
    else
      letIn(place, user, confirmBy)
      left, released, to = left - 1, released + 1, place
    end
  end
  if to > 0 then
    redis.call('HSET', KEYS[1], 'serving', to)
  end
  keepClock()
  local answer = { clock, 0, cjson.encode(expired), cjson.encode(refused), to, released, confirmBy or -1 }
  for _, place in ipairs(redis.call('ZRANGE', KEYS[7], 0, -1)) do
    local _, _, user = readPast(redis.call('HGET', KEYS[3], place))
    local at = #answer
    answer[at + 1], answer[at + 2], answer[at + 3] = tonumber(place), user, redis.call('HGET', KEYS[5], place)
  end
  return answer
end

function ops.counts()
  keepClockAtBorders()
  return { clock, number.serving, number.lastNumber, redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[6]),
    redis.call('ZCARD', KEYS[7]), number.won, freeUnits(), soldOut and 1 or 0,
    number.early > 0 and rule.shuffled ~= '1' and 1 or 0 }
end

-- A process that has not heard of a later version changes nothing.
function ops.configure()
  local byMs = -1
  if tonumber(ARGV[14]) < number.version then
    return { clock, byMs }
  end
  if number.pausedAt and ARGV[8] == '' and redis.call('ZCARD', KEYS[6]) > 0 then
    byMs = math.max(0, clock - number.pausedAt)
    redis.call('HSET', KEYS[1], 'stretchedMs', format('%d', number.stretchedMs + byMs), 'stretchedAt',
      format('%d', clock))
  end
  redis.call('HSET', KEYS[1], 'quantity', ARGV[5], 'startsAt', ARGV[6], 'closesAt', ARGV[7], 'pausedAt', ARGV[8],
    'closed', ARGV[9], 'maxLength', ARGV[10], 'cutAt', ARGV[11], 'confirmWithinMs', ARGV[12], 'seed', ARGV[13],
    'version', ARGV[14], 'keeps', ARGV[15], 'clock', format('%d', clock))
  return { clock, byMs }
end

-- --- facts ---

-- Each takes one fact in, and returns what keeps it from following, if anything does.
local facts = {}

-- A user has one place at a time: where a later one is taken in before it is known what became of the earlier, that one
-- is put aside (u), and counts as left unless a fact says otherwise. An empty user is a place that nobody knows of.
facts['line.joined'] = function(fact)
  local early = fact.first < 0
  local step = early and -1 or 1
  local last = early and -number.early or number.lastNumber
  if early and rule.shuffled == '1' then
    return
  end
  local stood = redis.call('ZMSCORE', KEYS[2], unpack(fact.userIds))
  local placeOf, added = {}, {}
  for i, user in ipairs(fact.userIds) do
    local place = fact.first + step * (i - 1)
    if math.abs(place) > math.abs(last) + 1 then
      return 'place ' .. place .. ' cannot follow ' .. last
    end
    if math.abs(place) > math.abs(last) then
      last = place
      local before = user ~= '' and (placeOf[user] or stood[i])
      if user == '' then
        if not early then
          note(place, 'l', nil, user)
        end
      elseif before and not early then
        note(tonumber(before), 'u', nil, user)
      end
      if user ~= '' then
        placeOf[user] = place
        added[#added + 1], added[#added + 2] = place, user
      end
      local key = fact.keys ~= cjson.null and fact.keys[i]
      if key and key ~= cjson.null then
        redis.call('HSET', KEYS[5], place, key)
      end
    end
  end
  if #added > 0 then
    redis.call('ZADD', KEYS[2], unpack(added))
  end
  local name = early and 'early' or 'lastNumber'
  number[name] = math.abs(last)
  redis.call('HSET', KEYS[1], name, math.abs(last))
end

facts['line.released'] = function(fact)
  if fact.to <= number.serving then
    return
  end
  local looked = redis.call('ZRANGEBYSCORE', KEYS[2], 1, fact.to, 'WITHSCORES')
  for i = 1, #looked, 2 do
    letIn(tonumber(looked[i + 1]), looked[i], fact.confirmBy ~= cjson.null and fact.confirmBy)
  end
  number.serving = fact.to
  redis.call('HSET', KEYS[1], 'serving', fact.to)
end

facts['line.confirmed'] = function(fact)
  for _, place in ipairs(fact.numbers) do
    local text = redis.call('HGET', KEYS[3], place)
    local letter, _, user = readPast(text or 'v:')
    if letter == 'o' then
      redis.call('ZREM', KEYS[6], place)
      giveTurn(place, user)
    elseif letter == 'v' and waitsAt(place) then
      letIn(place, waitsAt(place))
    end
  end
end

facts['line.stretched'] = function(fact)
  if fact.at > number.stretchedAt then
    number.stretchedAt, number.stretchedMs = fact.at, number.stretchedMs + fact.byMs
    redis.call('HSET', KEYS[1], 'stretchedMs', format('%d', number.stretchedMs), 'stretchedAt', format('%d', fact.at))
  end
end

facts['line.left'] = function(fact)
  for _, place in ipairs(fact.numbers) do
    if place > 0 then
      if settle(place, 'l') == nil then
        return 'nobody has number ' .. place
      end
    elseif rule.shuffled ~= '1' then
      redis.call('ZREMRANGEBYSCORE', KEYS[2], place, place)
      redis.call('HDEL', KEYS[5], place)
    end
  end
end

local ENDS = { ineligible = 'i', closed = 'c', sold_out = 's' }

local function ending(fact)
  local letter = fact.type == 'line.won' and 'w' or fact.type == 'line.expired' and 'x' or ENDS[fact.why]
  for i, place in ipairs(fact.numbers) do
    if settle(place, letter, fact.seqs and fact.seqs[i]) == nil then
      return 'nobody has number ' .. place
    end
  end
end
facts['line.won'], facts['line.expired'], facts['line.refused'] = ending, ending, ending

function ops.take()
  local latest = kept
  for _, fact in ipairs(cjson.decode(ARGV[5])) do
    local gap = facts[fact.type](fact)
    if gap then
      return redis.error_reply('GAP ' .. gap)
    end
    latest = math.max(latest, fact.at)
  end
  redis.call('HSET', KEYS[1], 'clock', format('%d', latest))
  return { clock }
end

function ops.open()
  redis.call('HSET', KEYS[1], 'filling', '')
  return { clock }
end

-- --- the shuffle ---

-- While one is due nobody joins or leaves, so everybody who draws draws the same; the tag tells when it was not due
-- after all, and somebody did.
local function tag()
  return rule.early .. ',' .. redis.call('ZCARD', KEYS[2])
end

-- So long after its last call somebody who draws counts as gone.
local TAKE_TURNS_MS = 5000

local function keepTurn()
  if rule.filling == '' then
    redis.call('HSET', KEYS[1], 'shufflingUntil', format('%d', clock + TAKE_TURNS_MS))
  end
end

function ops.draw()
  if rule.shuffled == '1' or (ARGV[5] == 'due' and not (shuffles and started)) then
    return { clock, 'done' }
  end
  if ARGV[5] == 'due' then
    if number.shufflingUntil and clock < number.shufflingUntil and rule.stagedFor == tag() then
      return { clock, 'busy' }
    end
    redis.call('HSET', KEYS[1], 'clock', format('%d', clock))
  end
  keepTurn()
  redis.call('UNLINK', KEYS[9])
  redis.call('HSET', KEYS[1], 'stagedFor', tag())
  return { clock, 'draw', tag(), redis.call('ZCARD', KEYS[2]), rule.seed, redis.call('EXISTS', KEYS[5]) }
end

function ops.early()
  keepTurn()
  local page = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[5], '(0', 'WITHSCORES', 'LIMIT', 0, ARGV[6])
  return { clock, unpack(page) }
end

function ops.number()
  if rule.shuffled == '1' or rule.stagedFor ~= ARGV[5] or tag() ~= ARGV[5] then
    return { clock, 'moved' }
  end
  local first, added = tonumber(ARGV[6]), {}
  for i, user in ipairs(cjson.decode(ARGV[7])) do
    added[2 * i - 1], added[2 * i] = first + i - 1, user
  end
  redis.call('ZADD', KEYS[9], unpack(added))
  for i, before in ipairs(cjson.decode(ARGV[8])) do
    local place, key = first + i - 1, redis.call('HGET', KEYS[5], before)
    if key then
      redis.call('HSET', KEYS[5], place, key)
    else
      redis.call('HDEL', KEYS[5], place)
    end
  end
  keepTurn()
  return { clock, 'ok' }
end

function ops.places()
  if rule.shuffled ~= '1' then
    keepTurn()
    redis.call('SETRANGE', KEYS[8], ARGV[5], ARGV[6])
  end
  return { clock }
end

function ops.shuffled()
  local many = redis.call('ZCARD', KEYS[9])
  if rule.shuffled == '1' or tag() ~= ARGV[5] or many ~= redis.call('ZCARD', KEYS[2]) then
    return { clock, 'moved' }
  end
  redis.call('UNLINK', KEYS[2])
  if many > 0 then
    redis.call('RENAME', KEYS[9], KEYS[2])
  end
  redis.call('HSET', KEYS[1], 'shuffled', 1, 'lastNumber', many, 'clock',
    format('%d', math.max(kept, tonumber(ARGV[6]))))
  return { clock, 'ok' }
end

-- Nobody is told anything, let in or let go between the opening and the shuffle.
local WAITS_FOR_SHUFFLE = { press = true, leave = true, peek = true, release = true }
if WAITS_FOR_SHUFFLE[ARGV[4]] and shuffles and started then
  keepClock()
  return { clock, 1 }
end
return ops[ARGV[4]]()
