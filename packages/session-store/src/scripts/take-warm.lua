-- Takes one warm host out of a pool, so that nobody else gets it, and counts that one was asked for.
-- KEYS  1 ready  2 taken  3 demand
-- ARGV  1 how long a taken host is not put back, ms  2 minutes of demand that are kept
-- Returns {'OK', host id} | {'EMPTY'}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local minute = math.floor(now / 60000)
redis.call('HINCRBY', KEYS[3], minute, 1)
for _, field in ipairs(redis.call('HKEYS', KEYS[3])) do
  if tonumber(field) <= minute - tonumber(ARGV[2]) then redis.call('HDEL', KEYS[3], field) end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[1])

local host = redis.call('SPOP', KEYS[1])
if not host then return {'EMPTY'} end
redis.call('ZADD', KEYS[2], now, host)
return {'OK', host}
