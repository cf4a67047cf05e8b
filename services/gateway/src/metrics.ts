/** The gateway's metrics as a table. */
import type { Metrics } from '@holdfast/service-kit'

// Seconds. A keystroke through the gateway is expected in tenths of a millisecond (docs/benchmarks.md).
export const FINE = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5]

export const METRICS = {
  holdfast_gateway_attachments: { kind: 'gauge', help: 'live attachments' },
  holdfast_gateway_attach_total: { kind: 'counter', help: 'attachments begun, by credential', labels: ['credential'] },
  holdfast_gateway_detach_total: { kind: 'counter', help: 'attachments ended, by who ended it', labels: ['cause'] },
  holdfast_gateway_attach_seconds: {
    kind: 'histogram',
    help: 'from the upgrade request to the 101 answer',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  },
  holdfast_gateway_refused_total: {
    kind: 'counter',
    help: 'upgrade requests refused, by error code',
    labels: ['code'],
  },
  holdfast_gateway_http_errors_total: {
    kind: 'counter',
    help: 'HTTP requests the gateway itself answered with an error, by code',
    labels: ['code'],
  },
  holdfast_gateway_forwarded_total: {
    kind: 'counter',
    help: 'requests forwarded to the orchestrator, by class of its answer',
    labels: ['status'],
  },
  holdfast_gateway_bytes_total: {
    kind: 'counter',
    help: 'bytes relayed; `in` is from client to host',
    labels: ['direction'],
  },
  holdfast_gateway_pauses_total: {
    kind: 'counter',
    help: 'reads paused because the other side was slower',
    labels: ['direction'],
  },
  holdfast_gateway_relay_lag_seconds: {
    kind: 'histogram',
    help: 'from reading bytes on one side to having written them on the other',
    labels: ['direction'],
    buckets: FINE,
  },
  holdfast_gateway_echo_seconds: {
    kind: 'histogram',
    help: 'from the first input after quiet to the next output, as seen here',
    buckets: FINE,
  },
  holdfast_gateway_resolve_total: {
    kind: 'counter',
    help: 'sessions resolved to an address, by where the answer came from',
    labels: ['source'],
  },
  holdfast_gateway_dial_retries_total: { kind: 'counter', help: 'dials of a session host tried again' },
  holdfast_gateway_redis_errors_total: { kind: 'counter', help: 'errors of the connection to Redis' },
} as const

export type GatewayMetrics = Metrics<typeof METRICS>
