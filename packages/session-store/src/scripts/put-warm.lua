-- Puts a warm host into a pool, unless somebody took it a short while ago and may be about to use it.
-- KEYS  1 ready  2 taken
-- ARGV  1 host id  2 how long a taken host is not put back, ms
-- Returns {'OK'} | {'TAKEN'}
local time = redis.call('TIME')
local taken = redis.call('ZSCORE', KEYS[2], ARGV[1])
if taken and tonumber(taken) > time[1] * 1000 - ARGV[2] then return {'TAKEN'} end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('SADD', KEYS[1], ARGV[1])
return {'OK'}
