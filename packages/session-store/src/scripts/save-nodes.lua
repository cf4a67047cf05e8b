-- Replaces what operators said of the nodes, if nobody did since the caller read it, and tells what is new in it.
-- KEYS  1 nodes  2 nodeNews
-- ARGV  1 rev the caller read, 0 for none  2 new rev  3 document, JSON  4 channel  5… events, JSON
-- Returns {'OK'} | {'REV'} another one wrote first
if (redis.call('HGET', KEYS[1], 'rev') or '0') ~= ARGV[1] then return {'REV'} end
redis.call('HSET', KEYS[1], 'rev', ARGV[2], 'document', ARGV[3])
for at = 5, #ARGV do tell_node(KEYS[2], ARGV[4], ARGV[at]) end
return {'OK'}
