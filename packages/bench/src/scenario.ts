/** What a scenario is given, what it gives back, and how contenders that are not there become rows. */
import type { Installation } from './installation.ts'
import type { Report, Row } from './report.ts'
import type { Undo } from './undo.ts'

export interface Surroundings {
  /** The Holdfast that is measured; started when first asked for, where none runs. */
  holdfast(): Promise<Installation>
  undo: Undo
  /** Progress. */
  say(line: string): void
}

/** Throws only if Holdfast itself could not be measured. */
export type Scenario = (surroundings: Surroundings) => Promise<Report>

/** Name of the row that must not be missing. */
export const HOLDFAST = 'holdfast'

/** The row of what could not be measured; throws on when that is Holdfast. */
export const skippedRow = (name: string, reason: unknown): Row => {
  if (name === HOLDFAST) throw reason
  return { name, skipped: reason instanceof Error ? (reason.message.split('\n')[0] ?? '') : String(reason) }
}

/** A number of the named row, NaN where it was skipped. */
export const numberOf = (rows: readonly Row[], name: string, field: string): number => {
  const value = rows.find((row) => row.name === name)?.[field]
  return typeof value === 'number' ? value : Number.NaN
}

/** Only ratios of what was measured. */
export const ratiosOf = (ratios: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(ratios).filter(([, value]) => Number.isFinite(value)))
