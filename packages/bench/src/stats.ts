/** Percentiles and the tables that the benchmarks print. */

/** Nearest-rank percentile of an unsorted sample; `p` in 0–100. */
export const percentile = (sample: readonly number[], p: number): number => {
  const sorted = sample.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
}

export const round = (value: number, digits = 2): string => value.toFixed(digits)

/** A GitHub table. */
export const printTable = (head: readonly string[], rows: readonly (readonly string[])[]): void => {
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`)
}
