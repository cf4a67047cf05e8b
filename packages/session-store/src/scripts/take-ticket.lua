-- Takes one use of a ticket; the last use removes it.
-- KEYS  1 ticket
-- Returns {'OK', grant, JSON} | {'NOT_FOUND'} unknown, expired or used up
local grant = redis.call('HGET', KEYS[1], 'grant')
if not grant then return {'NOT_FOUND'} end
if redis.call('HINCRBY', KEYS[1], 'uses', -1) < 1 then redis.call('DEL', KEYS[1]) end
return {'OK', grant}
