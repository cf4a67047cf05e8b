/** Every metric of the orchestrator; the documentation is generated from this table. */
import type { Metrics, MetricTable } from '@holdfast/service-kit'

export const METRICS = {
  holdfast_orchestrator_sessions: {
    kind: 'gauge',
    help: 'Session records by phase and runtime, counted at every reconciliation',
    labels: ['phase', 'runtime'],
  },
  holdfast_orchestrator_overdue_sessions: {
    kind: 'gauge',
    help: 'Sessions that are in their phase for longer than its deadline, counted at every reconciliation',
    labels: ['phase'],
  },
  holdfast_orchestrator_ended_total: {
    kind: 'counter',
    help: 'Incarnations that ended, by reason',
    labels: ['reason'],
  },
  holdfast_orchestrator_create_seconds: {
    kind: 'histogram',
    help: 'Time from the request to the running (or failed) session',
    labels: ['start', 'outcome'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  holdfast_orchestrator_create_refused_total: {
    kind: 'counter',
    help: 'Creates refused for the quota (QUOTA_EXCEEDED) or the speed (TOO_MANY) of their tenant',
    labels: ['code'],
  },
  holdfast_orchestrator_converge_total: {
    kind: 'counter',
    help: 'Converge runs by outcome: done, again (will look later), stale (another writer was first), error',
    labels: ['outcome'],
  },
  holdfast_orchestrator_queue_jobs: {
    kind: 'gauge',
    help: 'Jobs in the queue by state',
    labels: ['state'],
  },
  holdfast_orchestrator_queue_oldest_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest job that waits for a worker',
  },
  holdfast_orchestrator_worker_restarts_total: {
    kind: 'counter',
    help: 'Workers of the queue replaced because they took no jobs although some waited',
  },
  holdfast_orchestrator_reconcile_total: {
    kind: 'counter',
    help: 'Actions of the reconciler by kind',
    labels: ['action'],
  },
  holdfast_orchestrator_reap_held: {
    kind: 'gauge',
    help: 'Hosts that are nobody’s and wait for the word of an operator (`GET /v1/reap`), as the last reconciliation saw them',
    labels: ['why'],
  },
  holdfast_orchestrator_reconcile_seconds: {
    kind: 'histogram',
    help: 'Duration of one reconciliation',
    buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10, 30],
  },
  holdfast_orchestrator_redis_errors_total: {
    kind: 'counter',
    help: 'Failed calls of the session store and the queue by operation',
    labels: ['operation'],
  },
  holdfast_orchestrator_runtime_errors_total: {
    kind: 'counter',
    help: 'Failed calls of a runtime by operation',
    labels: ['runtime', 'operation'],
  },
  holdfast_orchestrator_warm_hosts: {
    kind: 'gauge',
    help: 'Started hosts that wait for a session',
    labels: ['template', 'node'],
  },
  holdfast_orchestrator_warm_claims_total: {
    kind: 'counter',
    help: 'Sessions of templates with a pool by outcome: hit (a warm host was taken), miss (none waited)',
    labels: ['template', 'outcome'],
  },
  holdfast_orchestrator_warm_failures_total: {
    kind: 'counter',
    help: 'Warm hosts that could not be made',
    labels: ['template'],
  },
  holdfast_orchestrator_watch_streams: {
    kind: 'gauge',
    help: 'Session hosts whose status stream is open',
  },
} as const satisfies MetricTable

export type OrchestratorMetrics = Metrics<typeof METRICS>
