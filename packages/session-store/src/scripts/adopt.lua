-- Puts a record back that a runtime's word rebuilt; an existing record of the same or a newer fence stays as it is.
-- KEYS  1 epoch of the tenant  2 record  3 index
-- ARGV  1 epoch the caller knows  2 fence  3 index member  4 channel  5 event, JSON without its end  6.. field, value, ...
-- Returns {'OK', {field, value, ...}} the record that stands now | {'EPOCH'}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end
local old = redis.call('HMGET', KEYS[2], 'fence', 'rev', '@index')
if old[1] and tonumber(old[1]) >= tonumber(ARGV[2]) then
  return {'OK', redis.call('HGETALL', KEYS[2])}
end

if old[1] then
  redis.call('DEL', KEYS[2])
  redis.call('ZREM', KEYS[3], old[3])
end
redis.call('HSET', KEYS[2], unpack(ARGV, 6))
redis.call('ZADD', KEYS[3], 0, ARGV[3])
-- For those who saw the record before, rev still grows.
if old[2] and tonumber(old[2]) >= tonumber(redis.call('HGET', KEYS[2], 'rev')) then
  redis.call('HSET', KEYS[2], 'rev', old[2])
  redis.call('HINCRBY', KEYS[2], 'rev', 1)
end
local new = redis.call('HMGET', KEYS[2], 'phase', 'rev')
redis.call('PUBLISH', ARGV[4], ARGV[5] .. ',"phase":' .. new[1] .. ',"rev":' .. new[2] .. '}')
return {'OK', redis.call('HGETALL', KEYS[2])}
