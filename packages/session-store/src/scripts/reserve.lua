-- Reserves room for a placement on the first of the nodes that has it; a holder that has a reservation keeps it.
-- KEYS  1 nodes  2 reservations  3 reserved
-- ARGV  1 rev of the nodes the choice was made on, '*' for any  2 holder  3 now, unix ms
--       4 milli cpus  5 memory, MiB  6 pids  7.. node, and how much of milli cpus, MiB, pids, sessions it has (-1: no bound), ...
-- Returns {'OK', node} | {'FULL'} none has room | {'REV'} operators changed the nodes since
if ARGV[1] ~= '*' and (redis.call('HGET', KEYS[1], 'rev') or '0') ~= ARGV[1] then return {'REV'} end
local known = redis.call('HGET', KEYS[2], ARGV[2])
if known then return {'OK', string.match(known, '^%S+')} end

local need = {tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), 1}
for at = 7, #ARGV, 5 do
  local node = ARGV[at]
  local fields = {node .. ' cpu', node .. ' memory', node .. ' pids', node .. ' sessions'}
  local used = redis.call('HMGET', KEYS[3], unpack(fields))
  local fits = true
  for i = 1, 4 do
    local room = tonumber(ARGV[at + i])
    if room >= 0 and (tonumber(used[i] or '0') + need[i]) > room then fits = false end
  end
  if fits then
    for i = 1, 4 do redis.call('HINCRBY', KEYS[3], fields[i], need[i]) end
    redis.call('HSET', KEYS[2], ARGV[2], table.concat({node, ARGV[4], ARGV[5], ARGV[6], ARGV[3]}, ' '))
    return {'OK', node}
  end
end
return {'FULL'}
