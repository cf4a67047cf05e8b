/** Percentiles and rounding. */

/** Nearest-rank percentile of an unsorted sample; `p` in 0–100. NaN of nothing. */
export const percentile = (sample: readonly number[], p: number): number => {
  const sorted = sample.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
}

export const median = (sample: readonly number[]): number => percentile(sample, 50)

/** To three digits after the point: finer than any of these measurements. */
export const rounded = (value: number): number => Math.round(value * 1000) / 1000
