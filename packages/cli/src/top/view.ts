/** The picture of `holdfast top` as lines: counts and nodes above, sessions in order below. No I/O. */
import { type NodeView, PHASES, type Session } from '@holdfast/protocol'
import type { Size } from '../local-terminal.ts'
import { aligned, fit, printable } from '../table.ts'
import { ageOf, commandLine, percent } from '../words.ts'
import type { Snapshot } from './watch.ts'

const HEADER = ['NAME', 'PHASE', 'NODE', 'VIEWERS', 'IDLE', 'AGE', 'TITLE']
/** Lines that are no sessions: counts, nodes, header; keys. */
const FRAME_LINES = 4

const REVERSE = '\x1b[7m'
const PLAIN = '\x1b[0m'

type Order = (one: Session, other: Session) => number
const newestFirst: Order = (one, other) => Date.parse(other.createdAt) - Date.parse(one.createdAt)

/** Those whose activity is not known come last. */
const idleSince = ({ activity }: Session): number =>
  activity === undefined ? Number.POSITIVE_INFINITY : Date.parse(activity.at)
const longestIdleFirst: Order = (one, other) => {
  const [since, otherSince] = [idleSince(one), idleSince(other)]
  return since === otherSince ? newestFirst(one, other) : since - otherSince
}

/** By the key that chooses it. */
export const ORDERS = {
  a: { name: 'age', compare: newestFirst },
  i: { name: 'idle', compare: longestIdleFirst },
  n: { name: 'name', compare: (one, other) => one.name.localeCompare(other.name) },
  v: { name: 'viewers', compare: (one, other) => other.viewers - one.viewers || newestFirst(one, other) },
} as const satisfies Record<string, { name: string; compare: Order }>
export type OrderKey = keyof typeof ORDERS

export interface View {
  snapshot: Snapshot
  /** Why the snapshot is old; null: it is not. */
  failure: string | null
  order: OrderKey
  /** Sessions scrolled away above. */
  above: number
}

const counts = ({ sessions, nodes }: Snapshot): string => {
  const phases = PHASES.flatMap((phase) => {
    const count = sessions.filter((session) => session.phase === phase).length
    return count === 0 ? [] : [`${count} ${phase}`]
  })
  const maintenance = nodes?.maintenance == null ? '' : ' · maintenance'
  return `sessions: ${phases.length === 0 ? 'none' : phases.join(', ')}${maintenance}`
}

const load = ({ id, reachable, cordoned, draining, sessions, capacity, pressure }: NodeView): string => {
  const flag = reachable ? (draining ? ' draining' : cordoned ? ' cordoned' : '') : ' unreachable'
  const room = capacity.sessions === undefined ? `${sessions}` : `${sessions}/${capacity.sessions}`
  const full = pressure === null ? '' : `, cpu ${percent(pressure.cpu)}, memory ${percent(pressure.memory)}`
  return `${id}${flag}: sessions ${room}${full}`
}

const head = (snapshot: Snapshot): string[] => [
  counts(snapshot),
  snapshot.nodes === null ? 'nodes: only operators see them' : snapshot.nodes.nodes.map(load).join(' · '),
]

const row = (session: Session, nowMs: number): string[] => [
  session.name,
  session.phase,
  session.node ?? '-',
  String(session.viewers),
  session.activity === undefined ? '-' : ageOf(session.activity.at, nowMs),
  ageOf(session.createdAt, nowMs),
  session.title || commandLine(session),
]

const inOrder = ({ sessions }: Snapshot, order: OrderKey): Session[] => sessions.toSorted(ORDERS[order].compare)

const keys = ({ order, failure }: View): string => {
  const orders = Object.entries(ORDERS).map(([key, { name }]) =>
    key === order ? `${key} [${name}]` : `${key} ${name}`,
  )
  return failure === null ? `${orders.join('  ')}  j/k scroll  q quit` : `not up to date: ${failure}  q quit`
}

/** How far `above` may go. */
export const mostAbove = ({ sessions }: Snapshot, { rows }: Size): number =>
  Math.max(0, sessions.length - Math.max(1, rows - FRAME_LINES))

/** All of it, of any length and width. */
export const report = (snapshot: Snapshot, nowMs: number): string[] => [
  ...head(snapshot).map(printable),
  ...aligned([HEADER, ...inOrder(snapshot, 'a').map((session) => row(session, nowMs))]),
]

/** What fits on a screen: at most `rows` lines of at most `cols` cells, the keys on the last. */
export const frame = (view: View, { cols, rows }: Size, nowMs: number): string[] => {
  const shown = inOrder(view.snapshot, view.order).slice(view.above, view.above + Math.max(0, rows - FRAME_LINES))
  const [header = '', ...body] = aligned([HEADER, ...shown.map((session) => row(session, nowMs))])
  const blank = Array.from({ length: Math.max(0, rows - FRAME_LINES - body.length) }, () => '')
  const cut = (line: string): string => fit(line, cols)
  return [
    ...head(view.snapshot).map(cut),
    `${REVERSE}${cut(header.padEnd(cols))}${PLAIN}`,
    ...body.map(cut),
    ...blank,
    cut(keys(view)),
  ].slice(-rows)
}
