-- Changes a record if the caller knows its current incarnation and fence and the move of the phase is legal.
-- KEYS  1 epoch of the tenant  2 record  3 deaths of the tenant  4 deaths of the session  5 usage  6 changes
-- ARGV  1 epoch the caller knows  2 incarnation, JSON  3 fence  4 phases from which the move is legal, JSON array, or '*' for no move
--       5 new incarnation, JSON, to begin a placement (fence grows by 1), or ''  6 phases that keep env, JSON array
--       7 channel  8 event, JSON without its end
--       9 death that the move brings, JSON, or ''  10 how long it is kept at least, ms  11 deaths kept of one session
--       12 session id  13 revision the caller knows, or ''  14.. field, value, ...
-- Returns {'OK', {field, value, ...}} | {'EPOCH'} | {'NOT_FOUND'} | {'GUARD', incarnation, fence} | {'REV', rev} | {'MOVE', phase}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end
local now = redis.call('HMGET', KEYS[2], 'incarnation', 'fence', 'phase', 'rev')
if not now[3] then return {'NOT_FOUND'} end
if now[1] ~= ARGV[2] or now[2] ~= ARGV[3] then return {'GUARD', now[1], now[2]} end
if ARGV[13] ~= '' and now[4] ~= ARGV[13] then return {'REV', now[4]} end
if ARGV[4] ~= '*' and not string.find(ARGV[4], now[3], 1, true) then return {'MOVE', now[3]} end

if #ARGV > 13 then redis.call('HSET', KEYS[2], unpack(ARGV, 14)) end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[2], 'incarnation', ARGV[5])
  redis.call('HINCRBY', KEYS[2], 'fence', 1)
end
settleUsage(KEYS[5], KEYS[2], ARGV[12])
local rev = redis.call('HINCRBY', KEYS[2], 'rev', 1)
local phase = redis.call('HGET', KEYS[2], 'phase')
if not string.find(ARGV[6], phase, 1, true) and redis.call('HGET', KEYS[2], 'keepEnv') ~= 'true' then
  redis.call('HDEL', KEYS[2], '@env')
end
if ARGV[9] ~= '' then
  local time = redis.call('TIME')
  local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[10]
  -- '~' drops whole nodes of the stream only, so that the work is bounded; a tenant without further deaths loses the key.
  redis.call('XADD', KEYS[3], 'MINID', '~', string.format('%d', oldest), '*', 'death', ARGV[9])
  redis.call('PEXPIRE', KEYS[3], ARGV[10])
  redis.call('LPUSH', KEYS[4], ARGV[9])
  redis.call('LTRIM', KEYS[4], 0, ARGV[11] - 1)
  redis.call('PEXPIRE', KEYS[4], ARGV[10])
end
tell(KEYS[6], ARGV[7], ARGV[8], phase, rev)
return {'OK', redis.call('HGETALL', KEYS[2])}
