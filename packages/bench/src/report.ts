/** What a scenario found: rows with units in their names, ratios, a table for people and one JSON object for programs. */
import { rounded } from './stats.ts'

/** One measured subject; `skipped` says why there are no numbers. */
export type Row = { name: string; skipped?: string } & { [field: string]: number | string | object | undefined }

export interface Report {
  bench: string
  rows: Row[]
  /** Named `ratio…`: of Holdfast to the contender in the name, or to ttyd. */
  ratios?: Record<string, number>
  /** What a reader must know of this run. */
  notes?: string[]
}

/** What is to be reached beside what was. */
export const goalRow = (name: string, goal: string, measured: number, more: object = {}): Row => ({
  name,
  goal,
  measured,
  ...more,
})

/** Heads of columns where the field's name is no reading matter. */
const HEADS: Readonly<Record<string, string>> = {
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  mbPerS: 'MB/s delivered',
  commandMbPerS: 'MB/s written',
  deliveredMb: 'MB delivered',
  hungRuns: 'hung runs',
  pssMiB: 'PSS MiB',
  privateMiB: 'private MiB',
  cpuMsPerS: 'CPU ms/s',
  lostBytes: 'bytes lost',
  sizeMb: 'MB',
  bytesPerSession: 'bytes a session',
  bytesPerSocket: 'bytes a socket',
  rssBytesPerSession: 'RSS bytes a session',
  echoP50Ms: 'echo p50 ms',
  echoP99Ms: 'echo p99 ms',
  idleCpuPercent: 'idle CPU %',
  attachSeconds: 's to attach all',
  bareTmux: 'bare tmux',
}

const isShown = (value: unknown): value is number | string => typeof value === 'number' || typeof value === 'string'
const shown = (value: unknown): string =>
  isShown(value) ? String(typeof value === 'number' ? rounded(value) : value) : ''

/** A GitHub table; nested fields are for JSON only. */
export const table = ({ bench, rows }: Report): string => {
  const fields = new Set(rows.flatMap((row) => Object.keys(row).filter((key) => isShown(row[key]))))
  fields.delete('name')
  const head = [bench, ...[...fields].map((field) => HEADS[field] ?? field)]
  const body = rows.map((row) => [row.name, ...[...fields].map((field) => shown(row[field]))])
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The table, then ratios and notes as a list. */
export const page = (report: Report): string => {
  const { bench, ratios = {}, notes = [] } = report
  const lines = [...Object.entries(ratios).map(([name, value]) => `${name}: ${shown(value)}`), ...notes]
  return [`\n## ${bench}\n`, table(report), '', ...lines.map((line) => `- ${line}`)].join('\n')
}

const plain = ({ bench, rows, ratios = {}, notes = [] }: Report): object => ({
  bench,
  rows,
  ...ratios,
  ...(notes.length === 0 ? {} : { notes }),
})

/** One line: the object of the one scenario, or `{"benches":[…]}` of several. */
export const jsonLine = (reports: readonly Report[]): string => {
  const [first, ...others] = reports
  const value = first !== undefined && others.length === 0 ? plain(first) : { benches: reports.map(plain) }
  return JSON.stringify(value, (_key, item) => (typeof item === 'number' ? rounded(item) : item))
}
