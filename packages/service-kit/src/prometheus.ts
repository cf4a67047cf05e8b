/** The same charts from a Prometheus, which knows every replica and what was before the last start. */
import { CHART_STEP_SECONDS, type Chart } from '@holdfast/protocol'
import { CHARTS, type Line, RATE_SECONDS } from './chart-table.ts'

/** For all queries together, milliseconds. */
const ANSWER_MS = 4000

/** Gauges of the whole cluster are told by every orchestrator: the largest counts, and within one all of it. */
export const queryOf = ({ metric, read, by, beside }: Line): string => {
  const near = beside === undefined ? metric : `(${metric} and on (job, instance) ${beside})`
  if (read === 'p50' || read === 'p99') {
    const buckets = `sum by (le) (rate(${metric}_bucket[${RATE_SECONDS}s]))`
    return `histogram_quantile(${read === 'p50' ? 0.5 : 0.99}, ${buckets})`
  }
  if (read === 'perMinute') return `sum by (${by ?? ''}) (rate(${metric}[${RATE_SECONDS}s])) * 60`
  return by === undefined ? `sum(${near})` : `max by (${by}) (sum by (${by}, job, instance) (${near}))`
}

interface Answer {
  status: string
  error?: string
  data?: { result: { metric: Record<string, string>; values: [number, string][] }[] }
}

const numberOf = (text: string | undefined): number | null => {
  const value = Number(text ?? Number.NaN)
  return Number.isFinite(value) ? value : null
}

const seriesOf = (line: Line, times: readonly number[], { data }: Answer): Chart['series'] =>
  (data?.result ?? []).map(({ metric, values }) => {
    const byTime = new Map(values)
    return {
      name: line.name ?? metric[line.by ?? ''] ?? '',
      values: times.map((time) => numberOf(byTime.get(time))),
    }
  })

const ask = async (url: string, line: Line, times: readonly number[], signal: AbortSignal): Promise<Answer> => {
  const query = new URLSearchParams({
    query: queryOf(line),
    start: String(times[0]),
    end: String(times.at(-1)),
    step: String(CHART_STEP_SECONDS),
  })
  const response = await fetch(`${url.replace(/\/+$/, '')}/api/v1/query_range?${query}`, { signal })
  const answer = (await response.json().catch(() => ({ status: `HTTP ${response.status}` }))) as Answer
  if (answer.status !== 'success') throw new Error(answer.error ?? answer.status)
  return answer
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${ANSWER_MS / 1000} s`
  return error.cause instanceof Error ? error.cause.message : error.message
}

/** Throws an Error that says in words what is wrong with the Prometheus at `url`. */
export const prometheusCharts = async (url: string, times: readonly number[]): Promise<Chart[]> => {
  const signal = AbortSignal.timeout(ANSWER_MS)
  try {
    return await Promise.all(
      CHARTS.map(async ({ id, title, unit, lines }) => {
        const series = await Promise.all(
          lines.map(async (line) => seriesOf(line, times, await ask(url, line, times, signal))),
        )
        return { id, title, unit, series: series.flat() }
      }),
    )
  } catch (error) {
    throw new Error(`Prometheus: ${reasonOf(error)}`, { cause: error })
  }
}
