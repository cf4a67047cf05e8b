-- Counts one session as its record says, whatever was counted before.
-- KEYS  1 epoch of the tenant  2 record  3 usage
-- ARGV  1 epoch the caller knows  2 session id
-- Returns {'OK', '1' when that changed something, else '0'} | {'EPOCH'}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end
return {'OK', settleUsage(KEYS[3], KEYS[2], ARGV[2]) and '1' or '0'}
