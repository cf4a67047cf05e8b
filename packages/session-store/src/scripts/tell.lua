-- Stands before every script that changes a record. Tells the change twice: in the tenant's stream, for those who resume,
-- and on the channel, as a hint to look there. `event` is JSON without its end.
-- The stream keeps at least 10,000 events (~ drops whole nodes, so that the work is bounded), and for a day after the last.
local function tell(stream, channel, event, phase, rev)
  local text = event .. ',"phase":' .. phase .. ',"rev":' .. rev .. '}'
  redis.call('XADD', stream, 'MAXLEN', '~', 10000, '*', 'event', text)
  redis.call('PEXPIRE', stream, 86400000)
  redis.call('PUBLISH', channel, text)
end
