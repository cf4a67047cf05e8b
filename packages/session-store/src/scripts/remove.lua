-- Forgets a session: record, index entry and last screen. An absent one is no error.
-- KEYS  1 epoch of the tenant  2 record  3 index  4 screen
-- ARGV  1 epoch the caller knows  2 incarnation, JSON  3 fence  4 channel  5 event, JSON without its end
-- Returns {'OK'} | {'EPOCH'} | {'GUARD', incarnation, fence}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end
local now = redis.call('HMGET', KEYS[2], 'incarnation', 'fence', 'phase', 'rev', '@index')
if not now[3] then return {'OK'} end
if now[1] ~= ARGV[2] or now[2] ~= ARGV[3] then return {'GUARD', now[1], now[2]} end

redis.call('DEL', KEYS[2], KEYS[4])
redis.call('ZREM', KEYS[3], now[5])
redis.call('PUBLISH', ARGV[4], ARGV[5] .. ',"phase":' .. now[3] .. ',"rev":' .. (now[4] + 1) .. '}')
return {'OK'}
