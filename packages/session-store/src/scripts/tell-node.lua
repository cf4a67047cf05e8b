-- Stands before every script that tells what happened to nodes: in their stream, and on the channel as a hint to look there.
-- The stream keeps at least 1,000 events (~ drops whole nodes of it, so that the work is bounded).
local function tell_node(stream, channel, text)
  redis.call('XADD', stream, 'MAXLEN', '~', 1000, '*', 'event', text)
  redis.call('PUBLISH', channel, '{"type":"nodes"}')
end
