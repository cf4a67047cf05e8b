-- Tells what happened to a node, unless another replica did.
-- KEYS  1 nodeTold  2 nodeNews
-- ARGV  1 matter  2 word  3 the word that holds while none was told  4 channel  5 event, JSON
-- Returns {'OK'} | {'TOLD'} that is the last word of this matter already
if (redis.call('HGET', KEYS[1], ARGV[1]) or ARGV[3]) == ARGV[2] then return {'TOLD'} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
tell_node(KEYS[2], ARGV[4], ARGV[5])
return {'OK'}
