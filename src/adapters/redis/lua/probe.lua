-- Tries every command that the other scripts use, on a key of its own that is gone afterwards.
--
-- KEYS     probe
-- ARGV
-- RETURNS  refused trouble
--   refused  the commands that may not be run here, a space between
--   trouble  the first error of another kind, or empty

local key = KEYS[1]
local refused, trouble = {}, ''
for _, try in ipairs({
  { 'TIME' },
  { 'HSET', key, 'a', '1' },
  { 'HGET', key, 'a' },
  { 'HMGET', key, 'a' },
  { 'HLEN', key },
  { 'HSCAN', key, '0' },
  { 'PEXPIRE', key, '9999' },
  { 'UNLINK', key },
  { 'XADD', key, '1-0', 'a', '1' },
  { 'XLEN', key },
  { 'XRANGE', key, '-', '+' },
  { 'XTRIM', key, 'MINID', '1-0' },
  { 'RENAME', key, key },
  { 'DEL', key },
  { 'EXISTS', key },
  { 'HDEL', key, 'a' },
  { 'SETRANGE', key, '0', 'a' },
  { 'GETRANGE', key, '0', '0' },
  { 'DEL', key },
  { 'ZADD', key, '1', 'a' },
  { 'ZCARD', key },
  { 'ZMSCORE', key, 'a' },
  { 'ZRANGE', key, '0', '0' },
  { 'ZRANGEBYSCORE', key, '0', '1' },
  { 'ZRANK', key, 'a' },
  { 'ZREM', key, 'b' },
  { 'ZREMRANGEBYSCORE', key, '2', '3' },
  { 'ZSCORE', key, 'a' },
  { 'DEL', key },
}) do
  local reply = redis.pcall(unpack(try))
  local err = type(reply) == 'table' and reply.err
  if err then
    if string.find(err, 'permission') or string.find(err, "can't run") or string.find(err, 'nknown') then
      refused[#refused + 1] = try[1]
    elseif trouble == '' and not string.find(err, 'no such key') then
      trouble = err
    end
  end
end
return { table.concat(refused, ' '), trouble }
