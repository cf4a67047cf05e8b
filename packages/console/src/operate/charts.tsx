/** The last hour in charts, and plainly where the numbers come from. */
import type { Charts } from '@holdfast/protocol'
import { client } from '../connection.ts'
import { Failure } from '../failure.tsx'
import { usePolled } from '../polled.ts'
import { ChartFigure } from './chart-figure.tsx'

const REFRESH_MS = 15_000

const sourceText = ({ source, fault }: Charts): string => {
  if (source === 'prometheus') return 'From Prometheus.'
  const own = 'What this gateway and its orchestrator measured themselves, since they were started.'
  return fault === undefined ? own : `Shown instead: ${own.charAt(0).toLowerCase()}${own.slice(1)}`
}

export const ChartsPart = () => {
  const { value, failure } = usePolled(() => client.charts(), REFRESH_MS)
  const charts = value.value
  return (
    <section class="part" aria-labelledby="charts-title">
      <div class="part-head">
        <h2 id="charts-title">The last hour</h2>
        {charts && <span class="hint">{sourceText(charts)}</span>}
      </div>
      {charts?.fault && <Failure text={`Not from Prometheus, as configured. ${charts.fault}`} />}
      <Failure text={failure.value && `The charts are not up to date: ${failure.value}`} />
      {charts ? (
        <div class="charts">
          {charts.charts.map((chart) => (
            <ChartFigure key={chart.id} chart={chart} times={charts.times} />
          ))}
        </div>
      ) : (
        failure.value === null && <p class="quiet">Loading the charts…</p>
      )}
    </section>
  )
}
