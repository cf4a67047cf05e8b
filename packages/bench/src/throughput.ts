/** Throughput: 60 MB of lines from a command to a client that counts every byte. The ceiling is `script`, which only drains. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dockerExec } from './contenders/docker-exec.ts'
import { holdfastLines } from './contenders/holdfast.ts'
import { drainByScript } from './contenders/script.ts'
import { tmux } from './contenders/tmux.ts'
import { ttyd, ttydCompressing } from './contenders/ttyd.ts'
import { type Contender, type Line, until, within } from './line.ts'
import type { Report, Row } from './report.ts'
import { HOLDFAST, numberOf, ratiosOf, type Scenario, skippedRow } from './scenario.ts'
import { median } from './stats.ts'
import type { Undo } from './undo.ts'

const ROUNDS = 3
const LINE = 'x'.repeat(79)
const LINES = 75_000
const COPIES = 10
/** On the wire the terminal has made \r\n of each \n. */
const BYTES = (LINE.length + 2) * LINES * COPIES
/** ttyd hangs in about one of three runs. */
const HUNG_MS = 45_000
const READY = '==ready=='
const DONE = '==done=='

/** From memory and by one program, so that making the lines costs little; a `read` on both ends keeps its start and end out. */
const COMMAND = [
  'sh',
  '-c',
  `f=$(mktemp); yes ${LINE} | head -n ${LINES} >$f; stty -echo; echo ${READY}; read go; ` +
    `cat ${'$f '.repeat(COPIES)}; rm $f; echo ${DONE}; read stay`,
]

interface Run {
  ms: number
  bytes: number
  skips: number
}

const oneRun = async (line: Line): Promise<Run | 'hung'> => {
  await within(HUNG_MS, 'the command', until(line, READY))
  const { outlet } = line
  const before = outlet.bytes
  const over = until(line, DONE)
  const begin = performance.now()
  line.type('go\r')
  try {
    await within(HUNG_MS, 'the end of the output', over)
    return { ms: performance.now() - begin, bytes: outlet.bytes - before, skips: outlet.skips }
  } catch {
    return 'hung'
  }
}

const rowOf = (name: string, runs: readonly (Run | 'hung')[]): Row => {
  const whole = runs.filter((run) => run !== 'hung')
  const speeds = whole.map(({ ms, bytes }) => bytes / 1000 / ms)
  return {
    name,
    mbPerS: median(speeds),
    commandMbPerS: median(whole.map(({ ms }) => BYTES / 1000 / ms)),
    deliveredMb: median(whole.map(({ bytes }) => bytes / 1e6)),
    skips: whole.reduce((sum, { skips }) => sum + skips, 0),
    hungRuns: runs.length - whole.length,
  }
}

/** Runs of one contender; a failure is kept in place of them. */
type Results = Map<string, (Run | 'hung')[] | Error>

const addRun = async (contender: Contender, results: Results, undo: Undo): Promise<void> => {
  const runs = results.get(contender.name) ?? []
  if (runs instanceof Error) return
  try {
    const line = await contender.open(COMMAND, undo)
    try {
      runs.push(await oneRun(line))
      results.set(contender.name, runs)
    } finally {
      await line.close()
    }
  } catch (error) {
    results.set(contender.name, error as Error)
  }
}

const scriptRow = async (undo: Undo): Promise<Row> => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-lines-'))
  const remove = undo.add(() => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'lines')
  writeFileSync(file, `${LINE}\n`.repeat(LINES))
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) times.push(await drainByScript(`cat ${`${file} `.repeat(COPIES)}`, undo))
  await remove()
  const mbPerS = BYTES / 1000 / median(times)
  return { name: 'script', mbPerS, commandMbPerS: mbPerS, deliveredMb: BYTES / 1e6 }
}

export const throughput: Scenario = async ({ holdfast, undo, say }): Promise<Report> => {
  const contenders = [...holdfastLines(await holdfast()), ttyd, ttydCompressing, tmux, dockerExec]
  const results: Results = new Map()
  for (let round = 1; round <= ROUNDS; round++) {
    say(`throughput: round ${round} of ${ROUNDS}`)
    for (const contender of contenders) await addRun(contender, results, undo)
  }
  const rows = [...results].map(([name, runs]) => {
    if (runs instanceof Error) return skippedRow(name, runs)
    if (runs.every((run) => run === 'hung')) return skippedRow(name, new Error('every run hung'))
    return rowOf(name, runs)
  })
  rows.push(await scriptRow(undo).catch((error: unknown) => skippedRow('script', error)))
  const ratio = (to: string) => numberOf(rows, HOLDFAST, 'mbPerS') / numberOf(rows, to, 'mbPerS')
  return {
    bench: 'throughput',
    rows,
    ratios: ratiosOf({
      ratioTtyd: ratio(ttyd.name),
      ratioTtydCompressing: ratio(ttydCompressing.name),
      ratioScript: ratio('script'),
    }),
    notes: ['tmux delivers pictures of its screen, not the bytes: how fast it takes them is "MB/s written"'],
  }
}
