-- Makes a session's record, once for each idempotency key and each id, if the tenant's quota and rate allow it.
-- KEYS  1 epoch of the tenant  2 record  3 index  4 usage  5 rate  6 changes  7 idempotency (only with a key)
-- ARGV  1 epoch the caller knows  2 session id  3 index member  4 channel  5 event, JSON without its end
--       6 hash of the body ('' without a key)  7 life of the idempotency key, ms
--       8 quota: "<sessions> <millicpus> <memoryMb>", -1 for no limit  9 what this session counts, likewise
--       10 ms between two creates in the long run, 0 for no limit  11 creates at once  12 furthest slot, ms  13.. field, value, ...
-- Returns {'OK', {field, value, ...}} made | {'SAME', id} made before | {'CONFLICT'} key known with another body | {'EPOCH'}
--         | {'QUOTA', {sessions, millicpus, memoryMb}} used | {'RATE', ms until the slot of this caller}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end
if KEYS[7] then
  local known = redis.call('HMGET', KEYS[7], 'id', 'body')
  if known[1] then
    if known[2] ~= ARGV[6] then return {'CONFLICT'} end
    return {'SAME', known[1]}
  end
end
if redis.call('EXISTS', KEYS[2]) == 1 then return {'SAME', ARGV[2]} end

local used = redis.call('HMGET', KEYS[4], unpack(SUMS))
local quota, wanted = numbers(ARGV[8]), numbers(ARGV[9])
for at = 1, #SUMS do
  used[at] = used[at] or '0'
  if quota[at] >= 0 and wanted[at] > 0 and used[at] + wanted[at] > quota[at] then return {'QUOTA', used} end
end

-- GCRA: `tat` is when the bucket will be full again. Those refused are given one slot each, as fast as creates are
-- allowed, so that they do not come back together; the slots begin anew when they reach too far.
local interval = tonumber(ARGV[10])
if interval > 0 then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + time[2] / 1000
  local known = redis.call('HMGET', KEYS[5], 'tat', 'slot')
  -- Not beyond an empty bucket: the clock of another server, after a failover, may be behind.
  local tat = math.min(math.max(now, tonumber(known[1] or 0)), now + ARGV[11] * interval)
  local earliest = tat - (ARGV[11] - 1) * interval
  if earliest > now then
    local slot = math.max(earliest, tonumber(known[2] or 0) + interval)
    if slot > now + ARGV[12] then slot = earliest end
    redis.call('HSET', KEYS[5], 'slot', slot)
    redis.call('PEXPIRE', KEYS[5], math.ceil(math.max(tat, slot) - now))
    return {'RATE', tostring(slot - now)}
  end
  redis.call('HSET', KEYS[5], 'tat', tat + interval)
  redis.call('PEXPIRE', KEYS[5], math.ceil(math.max(tat + interval, tonumber(known[2] or 0)) - now))
end

redis.call('HSET', KEYS[2], unpack(ARGV, 13))
redis.call('ZADD', KEYS[3], 0, ARGV[3])
settleUsage(KEYS[4], KEYS[2], ARGV[2])
if KEYS[7] then
  redis.call('HSET', KEYS[7], 'id', ARGV[2], 'body', ARGV[6])
  redis.call('PEXPIRE', KEYS[7], ARGV[7])
end
local new = redis.call('HMGET', KEYS[2], 'phase', 'rev')
tell(KEYS[6], ARGV[4], ARGV[5], new[1], new[2])
return {'OK', redis.call('HGETALL', KEYS[2])}
