/** The session manager's simple mode beside bare tmux: echo, create, what idle sessions cost, a list of many. */
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { SessionManager } from '@holdfast/session-manager'
import { simpleMode, tmuxAttach } from './contenders/simple-mode.ts'
import { newTmuxServer, serverPid, type TmuxServer } from './contenders/tmux.ts'
import { KEYS, measureAll, ROUNDS } from './echo.ts'
import { Skipped } from './line.ts'
import { family, processes, rssKibOf } from './processes.ts'
import { goalRow, type Report, type Row } from './report.ts'
import { HOLDFAST, numberOf, ratiosOf, type Scenario, skippedRow } from './scenario.ts'
import { percentile } from './stats.ts'
import type { Undo } from './undo.ts'

export interface Size {
  /** In one round of the echo. */
  keys: number
  /** Sessions whose creates are measured, and which are idle then. */
  idle: number
  /** Sessions that are listed. */
  many: number
  lists: number
  /** Until shells have started. */
  settleMs: number
}

const FULL: Size = { keys: KEYS, idle: 100, many: 500, lists: 50, settleMs: 5000 }

const BARE = 'tmux attach'
/** A shell without startup files: those of this machine's user may take seconds of CPU in each of a thousand. */
const SHELL = 'sh'
const run = promisify(execFile)

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/** One of the two that are compared; each has a server of its own. */
interface Side {
  server: TmuxServer
  create(): Promise<unknown>
  list(): Promise<unknown>
}

const sidesOf = (undo: Undo): { ours: Side; bare: Side } => {
  const [server, other] = [newTmuxServer(undo), newTmuxServer(undo)]
  const manager = new SessionManager({ mode: 'simple', socket: server.socket })
  const bareTmux = (...args: readonly string[]) => run('tmux', [...other.args, ...args])
  return {
    ours: { server, create: () => manager.create({ command: SHELL }), list: () => manager.list() },
    bare: {
      server: other,
      // As ours does, so that tmux starts it without another shell.
      create: () => bareTmux('new-session', '-d', '--', '/usr/bin/env', SHELL),
      list: () => bareTmux('list-sessions'),
    },
  }
}

/** Milliseconds of each call, in turns. */
const inTurns = async (sides: readonly Side[], call: 'create' | 'list', count: number): Promise<number[][]> => {
  const times: number[][] = sides.map(() => [])
  for (let i = 0; i < count; i++) {
    for (const [index, side] of sides.entries()) times[index]?.push(await timed(() => side[call]()))
  }
  return times
}

interface Usage {
  /** Descendants of this process, and what the server has started; not what the shells start. */
  processes: number
  rssKib: number
}

const usageOf = ({ server }: Side): Usage => {
  const pid = serverPid(server)
  const all = processes()
  const ofServer = all.filter(({ parent }) => parent === pid)
  return { processes: family(all, [process.pid]).length + ofServer.length, rssKib: rssKibOf(pid) }
}

const beside = (name: string, goal: string, [measured = Number.NaN, bareTmux = Number.NaN]: readonly number[]): Row =>
  goalRow(name, goal, measured, { bareTmux, ...ratiosOf({ ratio: measured / bareTmux }) })

const echoRows = async (undo: Undo, keys: number): Promise<Row[]> => {
  const server = newTmuxServer(undo)
  const manager = new SessionManager({ mode: 'simple', socket: server.socket })
  const rows = await measureAll([simpleMode(manager), tmuxAttach(manager, server)], undo, keys)
  await server.stop()
  const both = (field: string) => [HOLDFAST, BARE].map((name) => numberOf(rows, name, field))
  return [beside('echo p50 ms', '≤ 1.3 ×', both('p50Ms')), beside('echo p99 ms', '≤ 1.3 ×', both('p99Ms'))]
}

export const measureSimpleMode = async (undo: Undo, size: Size, say: (line: string) => void): Promise<Row[]> => {
  const { keys, idle, many, lists, settleMs } = size
  say(`tmux: ${ROUNDS} rounds of ${keys} keys each`)
  const echo = await echoRows(undo, keys)
  const { ours, bare } = sidesOf(undo)
  const sides = [ours, bare]
  await inTurns(sides, 'create', 1) // which starts the servers
  await delay(settleMs)
  const before = sides.map(usageOf)
  say(`tmux: ${idle} creates each`)
  const creates = await inTurns(sides, 'create', idle)
  await delay(settleMs)
  const after = sides.map(usageOf)
  const growth = (field: keyof Usage) => sides.map((_, i) => (after[i]?.[field] ?? 0) - (before[i]?.[field] ?? 0))
  say(`tmux: ${many} sessions each`)
  const [last = [], lastBare = []] = await inTurns(sides, 'create', many - idle - 1)
  const listed = await inTurns(sides, 'list', lists)
  for (const { server } of sides) await server.stop()
  const each = (samples: readonly number[][], p: number) => samples.map((sample) => percentile(sample, p))
  const late = [last, lastBare].map((sample) => sample.slice(-idle))
  return [
    ...echo,
    beside('create p50 ms', '≤ 100', each(creates, 50)),
    beside('create p99 ms', '', each(creates, 99)),
    beside(`create p50 ms, the last of ${many} sessions`, '', each(late, 50)),
    beside(
      `processes of ${idle} idle sessions besides their shells`,
      '0',
      growth('processes').map((n) => n - idle),
    ),
    beside(
      'KiB of the server for an idle session, RSS',
      '',
      growth('rssKib').map((kib) => kib / idle),
    ),
    beside(`list p50 ms, ${many} sessions`, '', each(listed, 50)),
  ]
}

export const tmux: Scenario = async ({ undo, say }): Promise<Report> => {
  const rows = await measureSimpleMode(undo, FULL, say).catch((error: unknown) => {
    if (error instanceof Skipped) return [skippedRow('tmux', error)]
    throw error
  })
  const ratio = (name: string) => numberOf(rows, name, 'ratio')
  return {
    bench: 'tmux',
    rows,
    ratios: ratiosOf({ ratioP50: ratio('echo p50 ms'), ratioP99: ratio('echo p99 ms') }),
  }
}
