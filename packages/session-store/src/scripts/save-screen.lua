-- Keeps the last screen of a session; its record may come later, when the session is adopted.
-- KEYS  1 epoch of the tenant  2 screen
-- ARGV  1 epoch the caller knows  2 screen, JSON  3 life, ms
-- Returns {'OK'} | {'EPOCH'}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return {'OK'}
