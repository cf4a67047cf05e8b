/** Numbers as people read them, with their units. */
import type { ChartUnit } from '@holdfast/protocol'

const short = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 })

const secondsText = (seconds: number): string => {
  if (seconds === 0) return '0 s'
  if (seconds < 0.001) return `${short(seconds * 1e6)} µs`
  return seconds < 1 ? `${short(seconds * 1000)} ms` : `${short(seconds)} s`
}

/** `1.5 GiB`. */
export const mebibytesText = (mebibytes: number): string =>
  mebibytes < 1024 ? `${short(mebibytes)} MiB` : `${short(mebibytes / 1024)} GiB`

export const percentText = (share: number): string => `${Math.round(share * 100)} %`

export const valueText = (value: number | null, unit: ChartUnit): string => {
  if (value === null) return '–'
  if (unit === 'seconds') return secondsText(value)
  if (unit === 'bytes') return mebibytesText(value / 2 ** 20)
  return unit === 'per minute' ? `${short(value)}/min` : short(value)
}
