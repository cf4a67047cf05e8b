-- What a tenant's sessions use, counted in the script that changes it. Stands in front of every script that writes records.
-- The hash `usage` holds the sums below and, by its id, what each counted session counts: "<sessions> <millicpus> <memoryMb>",
-- which its record has in the field @counts. So no session is counted or released twice, and either can be checked by the other.
local SUMS = {'@sessions', '@millicpus', '@memoryMb'}

local function numbers(text)
  local list = {}
  for number in string.gmatch(text or '0 0 0', '%-?%d+') do list[#list + 1] = tonumber(number) end
  return list
end

-- Counts the session if its record is there and has not ended, else releases it; true when that changed something.
local function settleUsage(usage, record, id)
  local now = redis.call('HMGET', record, 'phase', '@counts')
  local lives = now[1] and now[1] ~= '"exited"' and now[1] ~= '"failed"'
  local due = lives and now[2]
  local counted = redis.call('HGET', usage, id)
  if due == counted then return false end
  local is, was = numbers(due), numbers(counted)
  for at, sum in ipairs(SUMS) do redis.call('HINCRBY', usage, sum, is[at] - was[at]) end
  if due then redis.call('HSET', usage, id, due) else redis.call('HDEL', usage, id) end
  return true
end
