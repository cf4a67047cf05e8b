/** Numbers over time for operators: what `GET /v1/charts` answers. */
import { type Static, Type } from 'typebox'

export const CHART_UNITS = ['sessions', 'jobs', 'seconds', 'bytes', 'per minute'] as const
/** What the values of a chart are. */
export type ChartUnit = (typeof CHART_UNITS)[number]

export const chartSchema = Type.Object({
  id: Type.String({ description: 'does not change' }),
  title: Type.String({ description: 'for people' }),
  unit: Type.Unsafe<ChartUnit>(
    Type.Union(
      CHART_UNITS.map((unit) => Type.Literal(unit)),
      { description: 'of all its values' },
    ),
  ),
  series: Type.Array(
    Type.Object({
      name: Type.String({ description: 'differs within the chart' }),
      values: Type.Array(Type.Union([Type.Number(), Type.Null()]), {
        description: 'one for each of `times`; null: nothing was measured then',
      }),
    }),
    { description: 'lines; none when there is nothing to tell' },
  ),
})
/** One chart: some lines over the same times. */
export type Chart = Static<typeof chartSchema>

export const chartsSchema = Type.Object({
  source: Type.Union([Type.Literal('services'), Type.Literal('prometheus')], {
    description: 'services: what the gateway and the orchestrator that answered remember since their start',
  }),
  fault: Type.Optional(
    Type.String({ description: 'why Prometheus, although configured, is not the source of these numbers' }),
  ),
  times: Type.Array(Type.Integer({ description: 'Unix time, seconds' }), {
    description: 'oldest first, evenly spaced',
  }),
  charts: Type.Array(chartSchema, { description: 'all there are, always in the same order' }),
})
/** Charts, and where their numbers come from. */
export type Charts = Static<typeof chartsSchema>
