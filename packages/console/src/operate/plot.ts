/** One chart drawn by uPlot: a chunk of its own, loaded when the first chart is shown. */
import type { Chart } from '@holdfast/protocol'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { valueText } from '../units.ts'

export interface Plot {
  show(chart: Chart, times: readonly number[]): void
  destroy(): void
}
export interface PlotParts {
  place: HTMLElement
  chart: Chart
  times: readonly number[]
  /** CSS colour of a line; asked at every drawing, for the theme may change. */
  colorOf(index: number): string
}

const HEIGHT_PX = 150
const AXIS_PX = 62

const timeText = (seconds: number): string =>
  new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })

const dataOf = ({ series }: Chart, times: readonly number[]): uPlot.AlignedData => [
  [...times],
  ...series.map(({ values }) => values),
]

/** Of a service that was started a moment ago, a few minutes are drawn and not an hour of nothing. */
const MIN_SPAN_SECONDS = 600

const spanOf = ([times, ...lines]: uPlot.AlignedData): [number, number] => {
  const [first = 0, last = 0] = [times[0], times.at(-1)]
  const measured = times.find((_, at) => lines.some((values) => values[at] != null)) ?? first
  return [Math.max(first, Math.min(measured, last - MIN_SPAN_SECONDS)), last]
}

/** Steps of an axis of bytes. */
const POWERS = Array.from({ length: 44 }, (_, power) => 2 ** power)

/** What the lines say at the pointer, beside it. */
const tip = (chart: Chart): uPlot.Plugin => {
  const box = document.createElement('div')
  box.className = 'plot-tip'
  box.hidden = true
  const lines = ({ data }: uPlot, at: number): string[] => [
    timeText(data[0][at] ?? 0),
    ...chart.series.map(({ name }, index) => `${name}: ${valueText(data[index + 1]?.[at] ?? null, chart.unit)}`),
  ]
  return {
    hooks: {
      init: ({ over }) => over.append(box),
      setCursor: (plot) => {
        const { idx, left = -1 } = plot.cursor
        box.hidden = idx == null || left < 0
        if (idx == null || box.hidden) return
        box.textContent = lines(plot, idx).join('\n')
        const right = left > plot.over.clientWidth / 2
        box.style.left = right ? 'auto' : `${left + 12}px`
        box.style.right = right ? `${plot.over.clientWidth - left + 12}px` : 'auto'
      },
    },
  }
}

const optionsOf = ({ place, chart, colorOf }: PlotParts): uPlot.Options => {
  const css = (name: string) => () => getComputedStyle(place).getPropertyValue(name)
  const axis: uPlot.Axis = {
    stroke: css('color'),
    font: `11px ${getComputedStyle(place).fontFamily}`,
    grid: { stroke: css('border-top-color'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: place.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { range: ({ data }) => spanOf(data) },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.15 : 1] },
    },
    axes: [
      { ...axis, size: 28, space: 70, values: (_plot, ticks) => ticks.map(timeText) },
      {
        ...axis,
        ...(chart.unit === 'bytes' ? { incrs: POWERS } : {}),
        size: AXIS_PX,
        space: 34,
        values: (_plot, ticks) => ticks.map((tick) => valueText(tick, chart.unit)),
      },
    ],
    series: [
      {},
      ...chart.series.map(({ name }, index) => ({
        label: name,
        width: 1.75,
        stroke: () => colorOf(index),
        points: { size: 5, fill: () => colorOf(index) },
      })),
    ],
    plugins: [tip(chart)],
  }
}

export const newPlot = (parts: PlotParts): Plot => {
  const { place, chart, times } = parts
  const plot = new uPlot(optionsOf(parts), dataOf(chart, times), place)
  const sizes = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT_PX }))
  sizes.observe(place)
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  const redraw = (): void => plot.redraw()
  scheme.addEventListener('change', redraw)
  const theme = new MutationObserver(redraw)
  theme.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return {
    show: (next, at) => plot.setData(dataOf(next, at)),
    destroy: () => {
      sizes.disconnect()
      theme.disconnect()
      scheme.removeEventListener('change', redraw)
      plot.destroy()
    },
  }
}
