/** How outcomes are told: a line while they run, a GitHub table at the end, one JSON object for programs. */
import type { Measured, Outcome } from './scenario.ts'

const measuredText = (measured: Measured): string =>
  Object.entries(measured)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

export const outcomeLine = ({ scenario, result, measured, seconds, failure }: Outcome): string =>
  result === 'kept'
    ? `✓ ${scenario} (${seconds} s): ${measuredText(measured)}`
    : `✗ ${scenario} (${seconds} s): ${failure}`

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

export const table = (outcomes: readonly Outcome[]): string => {
  const head = ['scenario', 'promise', 'result', 'measured']
  const rows = outcomes.map(({ scenario, promise, result, measured, failure }) => [
    scenario,
    promise,
    result === 'kept' ? 'kept' : '**broken**',
    failure?.split('\n')[0] ?? measuredText(measured),
  ])
  return [head, head.map(() => '---'), ...rows].map(row).join('\n')
}

export const jsonLine = (outcomes: readonly Outcome[]): string => JSON.stringify({ chaos: outcomes })
