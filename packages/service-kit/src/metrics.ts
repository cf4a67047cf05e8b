/** Metrics declared as a table (name, kind, help, labels), so that code and documentation come from the same rows. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface MetricRow {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** Every label has few values: never a session id, a path or a message. */
  readonly labels?: readonly string[]
  readonly buckets?: readonly number[]
}
export type MetricTable = Readonly<Record<string, MetricRow>>

type MetricOf<R extends MetricRow> = R['kind'] extends 'counter'
  ? Counter<string>
  : R['kind'] extends 'gauge'
    ? Gauge<string>
    : Histogram<string>
export type Metrics<T extends MetricTable> = { readonly [K in keyof T]: MetricOf<T[K]> } & {
  readonly registry: Registry
}

const build = (name: string, row: MetricRow, registry: Registry) => {
  const base = { name, help: row.help, labelNames: [...(row.labels ?? [])], registers: [registry] }
  if (row.kind === 'counter') return new Counter(base)
  if (row.kind === 'gauge') return new Gauge(base)
  return new Histogram({ ...base, buckets: [...(row.buckets ?? [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10])] })
}

/** A registry of its own with every metric of the table and Node's process metrics. Keys of the table are the full names. */
export const createMetrics = <const T extends MetricTable>(table: T): Metrics<T> => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const entries = Object.entries(table).map(([name, row]) => [name, build(name, row, registry)] as const)
  return { ...Object.fromEntries(entries), registry } as Metrics<T>
}
