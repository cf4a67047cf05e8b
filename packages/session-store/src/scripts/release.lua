-- Gives the room of holders back; one without a reservation is no error.
-- KEYS  1 reservations  2 reserved
-- ARGV  1.. holder, ...
-- Returns {'OK'}
for _, host in ipairs(ARGV) do
  local known = redis.call('HGET', KEYS[1], host)
  if known then
    local node, cpu, memory, pids = string.match(known, '^(%S+) (%d+) (%d+) (%d+)')
    redis.call('HINCRBY', KEYS[2], node .. ' cpu', -cpu)
    redis.call('HINCRBY', KEYS[2], node .. ' memory', -memory)
    redis.call('HINCRBY', KEYS[2], node .. ' pids', -pids)
    redis.call('HINCRBY', KEYS[2], node .. ' sessions', -1)
    redis.call('HDEL', KEYS[1], host)
  end
end
return {'OK'}
