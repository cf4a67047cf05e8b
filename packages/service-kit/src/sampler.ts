/** Remembers a service's own metrics of the last hour, one sample a step, so that charts need no Prometheus. */
import { CHART_MINUTES, CHART_STEP_SECONDS, type Chart } from '@holdfast/protocol'
import type { MetricValueWithName, Registry } from 'prom-client'
import { CHARTS, type Line, RATE_SECONDS } from './chart-table.ts'

/** Sums by the value of a label; of histograms, counts by the upper end of the bucket. */
type Cells = Readonly<Record<string, number>>
/** By line, in the order of the table. */
type Sample = readonly (Cells | null)[]

const MAX_SAMPLES = (CHART_MINUTES * 60 + RATE_SECONDS) / CHART_STEP_SECONDS
const STEP_MS = CHART_STEP_SECONDS * 1000
const LINES = CHARTS.flatMap(({ lines }) => lines)

const isPercentile = ({ read }: Line): boolean => read === 'p50' || read === 'p99'

const metricOf = (registry: Registry, { metric, beside = metric }: Line) =>
  [beside, metric].map((name) => registry.getSingleMetric(name.replace(/_count$/, ''))).reduce((a, b) => a && b)

const cellsOf = async (registry: Registry, line: Line): Promise<Cells | null> => {
  const metric = metricOf(registry, line)
  if (metric === undefined) return null
  const wanted = isPercentile(line) ? `${line.metric}_bucket` : line.metric
  const label = isPercentile(line) ? 'le' : line.by
  const cells: Record<string, number> = label === undefined ? { '': 0 } : {}
  const values: MetricValueWithName<string>[] = (await metric.get()).values
  for (const { value, labels, metricName = line.metric } of values) {
    if (metricName !== wanted) continue
    const cell = label === undefined ? '' : String(labels[label])
    cells[cell] = (cells[cell] ?? 0) + value
  }
  return cells
}

/** As Prometheus' histogram_quantile: linear within a bucket, and no more than the last end that is finite. */
export const quantile = (share: number, buckets: Cells): number | null => {
  const ends = Object.entries(buckets)
    .map(([end, count]) => ({ end: end === '+Inf' ? Number.POSITIVE_INFINITY : Number(end), count }))
    .sort((a, b) => a.end - b.end)
  const rank = share * (ends.at(-1)?.count ?? 0)
  if (rank === 0) return null
  const at = ends.findIndex(({ count }) => count >= rank)
  const { end = 0, count = 0 } = ends[at] ?? {}
  const { end: begin = 0, count: below = 0 } = ends[at - 1] ?? {}
  return end === Number.POSITIVE_INFINITY ? begin : begin + ((end - begin) * (rank - below)) / (count - below)
}

const minus = (later: Cells, earlier: Cells): Cells =>
  Object.fromEntries(Object.entries(later).map(([cell, count]) => [cell, count - (earlier[cell] ?? 0)]))

export class Sampler {
  readonly #registry: Registry
  /** By Unix seconds, oldest first. */
  readonly #samples = new Map<number, Sample>()
  #timer: NodeJS.Timeout | undefined

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /** Samples now and at every step from now on. */
  start(): void {
    const nowMs = Date.now() // once: a step must not end between two looks at the clock
    this.take(nowMs).catch(() => undefined) // a collector that fails leaves a gap
    this.#timer = setTimeout(() => this.start(), STEP_MS - (nowMs % STEP_MS)).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  async take(nowMs: number): Promise<void> {
    const time = Math.floor(nowMs / STEP_MS) * CHART_STEP_SECONDS
    this.#samples.set(time, await Promise.all(LINES.map((line) => cellsOf(this.#registry, line))))
    for (const oldest of this.#samples.keys()) {
      if (this.#samples.size <= MAX_SAMPLES) break
      this.#samples.delete(oldest)
    }
  }

  /** Lines of metrics that this service does not have are left out. */
  charts(times: readonly number[]): Chart[] {
    return CHARTS.map(({ id, title, unit, lines }) => ({
      id,
      title,
      unit,
      series: lines.flatMap((line) => this.#series(line, times)),
    }))
  }

  #series(line: Line, times: readonly number[]): Chart['series'] {
    if (metricOf(this.#registry, line) === undefined) return []
    const points = times.map((time) => this.#point(line, time))
    const names =
      line.by === undefined ? [''] : [...new Set(points.flatMap((cells) => Object.keys(cells ?? {})))].sort()
    return names.map((name) => ({
      name: line.name ?? name,
      values: points.map((cells) => cells && (cells[name] ?? (isPercentile(line) ? null : 0))),
    }))
  }

  #point(line: Line, time: number): Cells | null {
    const index = LINES.indexOf(line)
    const cells = this.#samples.get(time)?.[index] ?? null
    if (cells === null || line.read === 'value') return cells
    const before = this.#before(time)
    const earlier = this.#samples.get(before)?.[index]
    if (earlier == null) return null
    const counts = minus(cells, earlier)
    if (line.read === 'perMinute') {
      const perMinute = 60 / (time - before)
      return Object.fromEntries(Object.entries(counts).map(([cell, count]) => [cell, count * perMinute]))
    }
    const value = quantile(line.read === 'p50' ? 0.5 : 0.99, counts)
    return value === null ? {} : { '': value }
  }

  /** Of the oldest sample that a rate at `time` counts from. */
  #before(time: number): number {
    for (const before of this.#samples.keys()) if (before >= time - RATE_SECONDS && before < time) return before
    return Number.NaN
  }
}
