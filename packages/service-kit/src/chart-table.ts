/** Every chart and the metrics that its lines are made of; the sampler and the queries for Prometheus both come from it. */
import { CHART_STEP_SECONDS, type Chart } from '@holdfast/protocol'

/** Rates and percentiles count what happened in so many seconds before. */
export const RATE_SECONDS = 60

export interface Line {
  /** As in the exposition: of a histogram with `_count`, or for a percentile without an ending. */
  readonly metric: string
  /** `p50` and `p99`: percentiles of a histogram. */
  readonly read: 'value' | 'perMinute' | 'p50' | 'p99'
  /** A line for each value of this label; without it the sum. */
  readonly by?: string
  /** Of one line. */
  readonly name?: string
  /** Counts only processes that have this metric, too. */
  readonly beside?: string
}
export interface ChartRow extends Pick<Chart, 'id' | 'title' | 'unit'> {
  readonly lines: readonly Line[]
}

const CREATES = 'holdfast_orchestrator_create_seconds'
const ECHO = 'holdfast_gateway_echo_seconds'
const MEMORY = 'process_resident_memory_bytes'

const percentiles = (metric: string): Line[] => [
  { name: 'p50', metric, read: 'p50' },
  { name: 'p99', metric, read: 'p99' },
]
const errors = (name: string, metric: string): Line => ({ name, metric, read: 'perMinute' })

export const CHARTS: readonly ChartRow[] = [
  {
    id: 'sessions',
    title: 'Sessions by phase',
    unit: 'sessions',
    lines: [{ metric: 'holdfast_orchestrator_sessions', read: 'value', by: 'phase' }],
  },
  {
    id: 'creates',
    title: 'Creates by outcome',
    unit: 'per minute',
    lines: [{ metric: `${CREATES}_count`, read: 'perMinute', by: 'outcome' }],
  },
  { id: 'create-latency', title: 'From a create to a running session', unit: 'seconds', lines: percentiles(CREATES) },
  { id: 'echo', title: 'Echo: from a key to the next output', unit: 'seconds', lines: percentiles(ECHO) },
  {
    id: 'queue',
    title: 'Jobs in the queue by state',
    unit: 'jobs',
    lines: [{ metric: 'holdfast_orchestrator_queue_jobs', read: 'value', by: 'state' }],
  },
  {
    id: 'memory',
    title: 'Memory of the services',
    unit: 'bytes',
    lines: [
      { name: 'orchestrator', metric: MEMORY, read: 'value', beside: 'holdfast_orchestrator_watch_streams' },
      { name: 'gateway', metric: MEMORY, read: 'value', beside: 'holdfast_gateway_attachments' },
    ],
  },
  {
    id: 'errors',
    title: 'Errors',
    unit: 'per minute',
    lines: [
      errors('store and queue', 'holdfast_orchestrator_redis_errors_total'),
      errors('runtimes', 'holdfast_orchestrator_runtime_errors_total'),
      errors('creates refused', 'holdfast_orchestrator_create_refused_total'),
      errors('HTTP of the gateway', 'holdfast_gateway_http_errors_total'),
      errors('attaches refused', 'holdfast_gateway_refused_total'),
    ],
  },
]

/** The points of the last `minutes`, Unix seconds: the same for all who are asked within a step. */
export const chartTimes = (minutes: number, nowMs: number): number[] => {
  const last = Math.floor(nowMs / 1000 / CHART_STEP_SECONDS) * CHART_STEP_SECONDS
  const count = (minutes * 60) / CHART_STEP_SECONDS
  return Array.from({ length: count }, (_, at) => last - (count - 1 - at) * CHART_STEP_SECONDS)
}

/** Charts whose lines stand for the same rows, as one: what each service knows. */
export const mergeCharts = (some: readonly Chart[], others: readonly Chart[]): Chart[] =>
  some.map((chart) => ({
    ...chart,
    series: [...chart.series, ...(others.find(({ id }) => id === chart.id)?.series ?? [])],
  }))
