-- Makes the sums of a tenant's usage anew from what each session counts.
-- KEYS  1 epoch of the tenant  2 usage
-- ARGV  1 epoch the caller knows
-- Returns {'OK', '1' when that changed something, else '0'} | {'EPOCH'}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'EPOCH'} end
local sums = {0, 0, 0}
local all = redis.call('HGETALL', KEYS[2])
for at = 1, #all, 2 do
  if string.sub(all[at], 1, 1) ~= '@' then
    for place, number in ipairs(numbers(all[at + 1])) do sums[place] = sums[place] + number end
  end
end
local changed = '0'
for at, sum in ipairs(SUMS) do
  if tonumber(redis.call('HGET', KEYS[2], sum) or 0) ~= sums[at] then changed = '1' end
  redis.call('HSET', KEYS[2], sum, sums[at])
end
return {'OK', changed}
