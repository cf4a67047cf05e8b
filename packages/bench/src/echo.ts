/** Keystroke echo: one character to a terminal until the terminal's echo of it is back. The reference is ttyd. */
import { setTimeout as delay } from 'node:timers/promises'
import { dockerExec } from './contenders/docker-exec.ts'
import { holdfastLines } from './contenders/holdfast.ts'
import { tmux } from './contenders/tmux.ts'
import { ttyd, ttydCompressing } from './contenders/ttyd.ts'
import { webSocketEcho } from './contenders/web-socket.ts'
import { type Contender, type Line, within } from './line.ts'
import type { Report, Row } from './report.ts'
import { HOLDFAST, numberOf, ratiosOf, type Scenario, skippedRow } from './scenario.ts'
import { percentile } from './stats.ts'
import type { Undo } from './undo.ts'

/** Few in one turn: a moment in which the machine does something else then hits all of them alike. */
export const KEYS = 60
export const ROUNDS = 30
const GAP_MS = 5
const WARM_UP = 50
const LATE_MS = 10_000
/** None of them ends an escape sequence that tmux sends: a redraw is not taken for an echo. */
const CHARACTERS = 'QZVWYUNO'
/** The echo is the terminal's. The command prints nothing, or its line would be taken for the next echo. */
const COMMAND = ['sh', '-c', 'cat >/dev/null']
/** A terminal in cooked mode holds 4,096 characters a line. */
const LINE_KEYS = 60

/** Milliseconds from the send of one key to its echo. */
const oneKey = (line: Line, character: string): Promise<number> =>
  new Promise((done) => {
    const begin = performance.now()
    const code = character.charCodeAt(0)
    line.outlet.listen((bytes) => bytes.includes(code) && done(performance.now() - begin))
    line.type(character)
  })

export const measureEcho = async (line: Line, keys: number): Promise<number[]> => {
  const times: number[] = []
  for (let i = 0; i < keys; i++) {
    const character = CHARACTERS[i % CHARACTERS.length] ?? 'Q'
    times.push(await within(LATE_MS, `the echo of key ${i + 1}`, oneKey(line, character)))
    if (i % LINE_KEYS === LINE_KEYS - 1) line.type('\n')
    await delay(GAP_MS)
  }
  return times
}

interface Subject {
  name: string
  line: Line
  times: number[]
}

/** A subject whose terminal answers, or a row that says why not. */
const warmSubject = async ({ name, open }: Contender, undo: Undo): Promise<Subject | Row> => {
  try {
    const line = await open(COMMAND, undo)
    await measureEcho(line, WARM_UP).catch(async (error: unknown) => {
      await line.close()
      throw error
    })
    return { name, line, times: [] }
  } catch (error) {
    return skippedRow(name, error)
  }
}

const rowOf = (subject: Subject | Row): Row => {
  if (!('times' in subject)) return subject as Row
  const { name, times } = subject as Subject
  return { name, keys: times.length, p50Ms: percentile(times, 50), p99Ms: percentile(times, 99) }
}

export const measureAll = async (contenders: readonly Contender[], undo: Undo, keys = KEYS): Promise<Row[]> => {
  const all: (Subject | Row)[] = []
  for (const contender of contenders) all.push(await warmSubject(contender, undo))
  const subjects = all.filter((subject): subject is Subject => 'times' in subject)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { line, times } of subjects) times.push(...(await measureEcho(line, keys)))
  }
  for (const { line } of subjects) await line.close()
  return all.map(rowOf)
}

export const echo: Scenario = async ({ holdfast, undo, say }): Promise<Report> => {
  const contenders = [...holdfastLines(await holdfast()), ttyd, ttydCompressing, tmux, dockerExec, webSocketEcho]
  say(`echo: ${ROUNDS} rounds of ${KEYS} keys for each of ${contenders.length}`)
  const rows = await measureAll(contenders, undo)
  const ratio = (field: string) => numberOf(rows, HOLDFAST, field) / numberOf(rows, 'ttyd', field)
  return { bench: 'echo', rows, ratios: ratiosOf({ ratioP50: ratio('p50Ms'), ratioP99: ratio('p99Ms') }) }
}
