-- Forgets a session: record and index entry. An absent one is no error. Deaths and last screen go when their time is over.
-- KEYS  1 epoch of the tenant  2 record  3 index  4 usage  5 changes
-- ARGV  1 epoch the caller knows  2 incarnation, JSON  3 fence  4 channel  5 event, JSON without its end  6 session id
-- Returns {'OK'} | {'EPOCH'} | {'GUARD', incarnation, fence}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end
local now = redis.call('HMGET', KEYS[2], 'incarnation', 'fence', 'phase', 'rev', '@index')
if not now[3] then return {'OK'} end
if now[1] ~= ARGV[2] or now[2] ~= ARGV[3] then return {'GUARD', now[1], now[2]} end

redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[3], now[5])
settleUsage(KEYS[4], KEYS[2], ARGV[6])
tell(KEYS[5], ARGV[4], ARGV[5], now[3], now[4] + 1)
return {'OK'}
