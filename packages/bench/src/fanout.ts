/** Fan-out: what 1, 10 and 100 viewers of one session that prints about 1 MB/s cost its host, and whether each got every byte. */
import { attachLine, createSession } from './contenders/holdfast.ts'
import { attachTtyd, startTtyd } from './contenders/ttyd.ts'
import { directUrl, hostOf, type Installation } from './installation.ts'
import { type Line, until, within } from './line.ts'
import { cpuMsOf, family, naming, processes } from './processes.ts'
import type { Report, Row } from './report.ts'
import { HOLDFAST, numberOf, ratiosOf, type Scenario, skippedRow } from './scenario.ts'
import { median } from './stats.ts'
import type { Undo } from './undo.ts'

const VIEWERS = [1, 10, 100]
const ROUNDS = 2
const PIECES = 800
const LATE_MS = 120_000
const READY = '==ready=='
const DONE = '==done=='

/** 10 KB of lines every 10 ms. What is counted is the cost of all of it, so the pace need not be exact. */
const PIECE = `${'x'.repeat(79)}\n`.repeat(128)
const PRODUCER = `$| = 1; system "stty -echo"; print "${READY}\\n"; <STDIN>; my $piece = ("x" x 79 . "\\n") x 128;
for (1..${PIECES}) { print $piece; select undef, undef, undef, 0.01 } print "${DONE}\\n"; sleep 600`
const COMMAND = ['perl', '-e', PRODUCER]
/** \r\n for each \n. */
const BYTES = (PIECE.length / 80) * 81 * PIECES

/** A session, whatever holds it, that viewers attach to. */
interface Stage {
  attach(): Promise<Line>
  /** CPU time so far of what serves the viewers, milliseconds. */
  cpuMs(): number
  close(): Promise<void>
}

interface Run {
  cpuMs: number
  wallMs: number
  lost: number
  skips: number
}

const play = async (stage: Stage, viewers: number, lines: Line[]): Promise<Run> => {
  const first = await stage.attach()
  lines.push(first)
  await within(LATE_MS, 'the command', until(first, READY))
  while (lines.length < viewers) lines.push(await stage.attach())
  const over = Promise.all(lines.map((line) => until(line, DONE)))
  const [cpu, begin] = [stage.cpuMs(), performance.now()]
  first.type('go\r')
  await within(LATE_MS, 'the end of the output', over)
  return {
    cpuMs: stage.cpuMs() - cpu,
    wallMs: performance.now() - begin,
    // Each also gets a few bytes more, the marks: less than any skip leaves out.
    lost: lines.reduce((sum, { outlet }) => sum + Math.max(0, BYTES - outlet.bytes), 0),
    skips: lines.reduce((sum, { outlet }) => sum + outlet.skips, 0),
  }
}

const oneRun = async (open: () => Promise<Stage>, viewers: number): Promise<Run> => {
  const stage = await open()
  const lines: Line[] = []
  try {
    return await play(stage, viewers, lines)
  } finally {
    for (const line of lines) await line.close()
    await stage.close()
  }
}

const holdfastStage = (installation: Installation, undo: Undo) => async (): Promise<Stage> => {
  const { id, remove } = await createSession(installation, undo, COMMAND)
  const host = hostOf(installation, id)
  if (host === null) throw new Error(`the hosts of ${installation.data} are not in reach: run it as their user`)
  const all = naming(processes(), `HOLDFAST_HOST_ID=${host.id}`)
  const pid = all.find(({ name }) => !name.includes('init'))?.pid ?? 0
  return {
    attach: () => attachLine(directUrl(installation), installation.key, id),
    cpuMs: () => cpuMsOf(pid),
    close: remove,
  }
}

/** ttyd runs its command once for each viewer, so sharing needs a tmux behind it. */
const ttydStage = (undo: Undo) => async (): Promise<Stage> => {
  const { url, pid, stop } = await startTtyd(
    ['tmux', '-f', '/dev/null', 'new-session', '-A', '-s', 'x', ...COMMAND],
    undo,
  )
  const serving = () => family(processes(), [pid]).filter(({ name }) => /^(ttyd|tmux)/.test(name))
  return {
    attach: () => attachTtyd(url),
    cpuMs: () => serving().reduce((sum, row) => sum + cpuMsOf(row.pid), 0),
    close: stop,
  }
}

const rowOf = (name: string, viewers: number, runs: readonly Run[] | Error): Row => {
  const row = `${name}, ${viewers} viewer${viewers === 1 ? '' : 's'}`
  if (runs instanceof Error) return skippedRow(row, runs)
  return {
    name: row,
    viewers,
    cpuMs: median(runs.map((run) => run.cpuMs)),
    cpuMsPerS: median(runs.map((run) => (run.cpuMs / run.wallMs) * 1000)),
    lostBytes: runs.reduce((sum, { lost }) => sum + lost, 0),
    skips: runs.reduce((sum, { skips }) => sum + skips, 0),
  }
}

/** What fails with so many viewers is not tried with them again. */
const rowsOf = async (name: string, open: () => Promise<Stage>): Promise<Row[]> => {
  const results = new Map<number, Run[] | Error>(VIEWERS.map((viewers) => [viewers, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [viewers, runs] of results) {
      if (runs instanceof Error) continue
      try {
        runs.push(await oneRun(open, viewers))
      } catch (error) {
        if (name === HOLDFAST) throw error
        results.set(viewers, error as Error)
      }
    }
  }
  return [...results].map(([viewers, runs]) => rowOf(name, viewers, runs))
}

export const fanout: Scenario = async ({ holdfast, undo, say }): Promise<Report> => {
  say(`fanout: ${ROUNDS} rounds with ${VIEWERS.join(', ')} viewers`)
  const rows = await rowsOf(HOLDFAST, holdfastStage(await holdfast(), undo))
  say('fanout: ttyd with tmux')
  const theirs = await rowsOf('ttyd + tmux', ttydStage(undo))
  rows.push(...theirs.map(({ lostBytes: _pictures, ...row }) => row as Row))
  const many = numberOf(rows, `${HOLDFAST}, 100 viewers`, 'cpuMs')
  return {
    bench: 'fanout',
    rows,
    ratios: ratiosOf({ ratioCpu: many / numberOf(rows, `${HOLDFAST}, 1 viewer`, 'cpuMs') }),
    notes: [
      'CPU of the session host alone; of ttyd, the tmux server and its clients. tmux sends pictures, not the bytes',
    ],
  }
}
