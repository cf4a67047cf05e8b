-- Makes a session's record, once for each idempotency key and each id.
-- KEYS  1 epoch of the tenant  2 record  3 index  4 idempotency (only with a key)
-- ARGV  1 epoch the caller knows  2 session id  3 index member  4 channel  5 event, JSON without its end
--       6 hash of the body ('' without a key)  7 life of the idempotency key, ms  8.. field, value, ...
-- Returns {'OK', {field, value, ...}} made | {'SAME', id} made before | {'CONFLICT'} key known with another body | {'EPOCH'}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end
if KEYS[4] then
  local known = redis.call('HMGET', KEYS[4], 'id', 'body')
  if known[1] then
    if known[2] ~= ARGV[6] then return {'CONFLICT'} end
    return {'SAME', known[1]}
  end
end
if redis.call('EXISTS', KEYS[2]) == 1 then return {'SAME', ARGV[2]} end

redis.call('HSET', KEYS[2], unpack(ARGV, 8))
redis.call('ZADD', KEYS[3], 0, ARGV[3])
if KEYS[4] then
  redis.call('HSET', KEYS[4], 'id', ARGV[2], 'body', ARGV[6])
  redis.call('PEXPIRE', KEYS[4], ARGV[7])
end
local new = redis.call('HMGET', KEYS[2], 'phase', 'rev')
redis.call('PUBLISH', ARGV[4], ARGV[5] .. ',"phase":' .. new[1] .. ',"rev":' .. new[2] .. '}')
return {'OK', redis.call('HGETALL', KEYS[2])}
