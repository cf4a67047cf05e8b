-- Makes a ticket.
-- KEYS  1 ticket
-- ARGV  1 grant, JSON  2 uses  3 life, ms
-- Returns {'OK'}
redis.call('HSET', KEYS[1], 'grant', ARGV[1], 'uses', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {'OK'}
