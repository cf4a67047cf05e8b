-- Puts a record back that a runtime's word rebuilt; an existing record of the same or a newer fence stays as it is.
-- KEYS  1 epoch of the tenant  2 record  3 index  4 usage  5 changes
-- ARGV  1 epoch the caller knows  2 fence  3 index member  4 channel  5 event, JSON without its end  6 session id  7.. field, value, ...
-- Returns {'OK', {field, value, ...}} the record that stands now | {'EPOCH'}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end

-- A record with a value that is no JSON cannot be read by anyone; of the fields that are ours only the environment is JSON.
local function readable(fields)
  for at = 1, #fields, 2 do
    local ours = fields[at] == '@index' or fields[at] == '@counts'
    if not ours and not pcall(cjson.decode, fields[at + 1]) then return false end
  end
  return true
end

local old = redis.call('HMGET', KEYS[2], 'fence', 'rev', '@index')
local newer = old[1] and tonumber(old[1]) and tonumber(old[1]) >= tonumber(ARGV[2])
if newer and readable(redis.call('HGETALL', KEYS[2])) then
  return {'OK', redis.call('HGETALL', KEYS[2])}
end

if old[1] then redis.call('DEL', KEYS[2]) end
if old[3] then redis.call('ZREM', KEYS[3], old[3]) end
redis.call('HSET', KEYS[2], unpack(ARGV, 7))
redis.call('ZADD', KEYS[3], 0, ARGV[3])
settleUsage(KEYS[4], KEYS[2], ARGV[6])
-- For those who saw the record before, rev still grows.
if tonumber(old[2] or '') and tonumber(old[2]) >= tonumber(redis.call('HGET', KEYS[2], 'rev')) then
  redis.call('HSET', KEYS[2], 'rev', old[2])
  redis.call('HINCRBY', KEYS[2], 'rev', 1)
end
local new = redis.call('HMGET', KEYS[2], 'phase', 'rev')
tell(KEYS[5], ARGV[4], ARGV[5], new[1], new[2])
return {'OK', redis.call('HGETALL', KEYS[2])}
