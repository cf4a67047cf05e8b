/** One chart with its legend: a table of the last and the largest values, which is also what screen readers get. */
import type { Chart } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Failure } from '../failure.tsx'
import { valueText } from '../units.ts'
import type { Plot } from './plot.ts'

interface FigureProps {
  chart: Chart
  times: readonly number[]
}

/** Colours that mean something elsewhere, too. */
const NAMED: Readonly<Record<string, string>> = { failed: 'bad', running: 'good' }
const COLORS = 5

const colorClass = (name: string, index: number): string => NAMED[name] ?? `line-${index % COLORS}`

/** Of the newest point, or of the one before while that one is not measured yet. */
const lastOf = (values: readonly (number | null)[]): number | null => values.at(-1) ?? values.at(-2) ?? null
const largestOf = (values: readonly (number | null)[]): number | null =>
  values.reduce((largest, value) => (value !== null && value > (largest ?? -1) ? value : largest), null)

const usePlot = (figure: RefObject<HTMLElement | null>, { chart, times }: FigureProps) => {
  const failure = useSignal<string | null>(null)
  const plot = useRef<Plot | null>(null)
  const latest = useRef({ chart, times })
  latest.current = { chart, times }
  const names = chart.series.map(({ name }) => name).join('\n')
  useEffect(() => {
    const place = figure.current?.querySelector<HTMLElement>('.plot')
    if (!place || names === '') return
    let gone = false
    const colorOf = (index: number): string => {
      const swatch = figure.current?.querySelectorAll('.swatch')[index]
      return swatch ? getComputedStyle(swatch).color : ''
    }
    import('./plot.ts').then(
      ({ newPlot }) => {
        if (!gone) plot.current = newPlot({ place, colorOf, ...latest.current })
      },
      () => {
        failure.value = 'The drawing could not be loaded. Reload the page.'
      },
    )
    return () => {
      gone = true
      plot.current?.destroy()
      plot.current = null
    }
  }, [names])
  useEffect(() => plot.current?.show(chart, times), [times])
  return failure
}

const Legend = ({ title, unit, series }: Chart) => (
  <table class="legend">
    <caption class="only-heard">{title}</caption>
    <thead>
      <tr>
        <th scope="col">Line</th>
        <th scope="col">Now</th>
        <th scope="col">Most</th>
      </tr>
    </thead>
    <tbody>
      {series.map(({ name, values }, index) => (
        <tr key={name}>
          <th scope="row">
            <span class={`swatch ${colorClass(name, index)}`} aria-hidden="true" />
            {name}
          </th>
          <td>{valueText(lastOf(values), unit)}</td>
          <td>{valueText(largestOf(values), unit)}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

export const ChartFigure = ({ chart, times }: FigureProps) => {
  const figure = useRef<HTMLElement>(null)
  const failure = usePlot(figure, { chart, times })
  return (
    <figure ref={figure} class="chart" data-chart={chart.id}>
      <figcaption>{chart.title}</figcaption>
      {chart.series.length === 0 && <p class="plot-empty quiet">Nothing to show yet.</p>}
      <div class="plot" aria-hidden="true" hidden={chart.series.length === 0} />
      <Failure text={failure.value} />
      {chart.series.length > 0 && <Legend {...chart} />}
    </figure>
  )
}
