/** The data path's metrics: the relay thread counts, and a scrape reads it, so that no JavaScript runs for a frame. */
import { FINE, type GatewayMetrics } from './metrics.ts'
import { type NativeHistogram, native, type Totals } from './native.ts'

const DIRECTIONS = ['in', 'out'] as const

/** The lines of one histogram in Prometheus' form: buckets count all that is below them, too. */
const lines = (name: string, { counts, sum }: NativeHistogram, labels: Record<string, string>) => {
  let count = 0
  const buckets = [...FINE, '+Inf'].map((le, at) => {
    count += counts[at] ?? 0
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}

/** prom-client 15 cannot set a histogram: these are what a scrape and the sampler of the charts read it by. */
const report = (
  histogram: GatewayMetrics['holdfast_gateway_echo_seconds'],
  of: (totals: Totals, name: string) => ReturnType<typeof lines>,
): void => {
  const { name, help } = histogram as unknown as { name: string; help: string }
  const get = async () => ({ name, help, type: 'histogram', values: of(native.totals(), name) })
  Object.assign(histogram, { get, getForPromString: get })
}

/** They are those of the whole process. */
export const reportRelays = (metrics: GatewayMetrics): void => {
  const { holdfast_gateway_bytes_total: bytes, holdfast_gateway_pauses_total: pauses } = metrics
  for (const [counter, field] of [
    [bytes, 'bytes'],
    [pauses, 'pauses'],
  ] as const) {
    const collect = (): void => {
      const totals = native.totals()
      counter.reset()
      for (const direction of DIRECTIONS) counter.inc({ direction }, totals[direction][field])
    }
    Object.assign(counter, { collect })
  }
  report(metrics.holdfast_gateway_echo_seconds, ({ echo }, name) => lines(name, echo, {}))
  report(metrics.holdfast_gateway_relay_lag_seconds, ({ lagIn, lagOut }, name) => [
    ...lines(name, lagIn, { direction: 'in' }),
    ...lines(name, lagOut, { direction: 'out' }),
  ])
}
