/** In which order sessions are listed. */
import { hasEnded, type Session } from '@holdfast/protocol'

type Value = string | number
/** By what each column is sorted; a text from a to z, a number from small to large. */
const VALUES = {
  status: ({ phase, agent }: Session): Value =>
    agent?.state === 'waiting' ? 0 : phase === 'failed' ? 1 : hasEnded(phase) ? 3 : 2,
  name: ({ name }: Session): Value => name.toLowerCase(),
  command: ({ command, args }: Session): Value => [command, ...args].join(' ').toLowerCase(),
  template: ({ template }: Session): Value => template,
  node: ({ node }: Session): Value => node ?? '',
  viewers: ({ viewers }: Session): Value => -viewers,
  idle: ({ activity, createdAt }: Session): Value => -Date.parse(activity?.at ?? createdAt),
  age: ({ createdAt }: Session): Value => -Date.parse(createdAt),
} as const

export type Column = keyof typeof VALUES
export interface Order {
  column: Column
  /** The other way round. */
  reversed: boolean
}

/** Newest first. */
export const NEWEST: Order = { column: 'age', reversed: false }

const compare = (a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0)

/** Live sessions come before those that have ended, except where the status itself is the order. */
export const sorted = (sessions: readonly Session[], { column, reversed }: Order): Session[] => {
  const value = VALUES[column]
  const rows = sessions.map((session) => ({
    session,
    ended: column === 'status' ? 0 : Number(hasEnded(session.phase)),
    value: value(session),
  }))
  const sign = reversed ? -1 : 1
  rows.sort((a, b) => a.ended - b.ended || sign * compare(a.value, b.value) || compare(a.session.id, b.session.id))
  return rows.map(({ session }) => session)
}

/** After a click on the head of a column. */
export const turned = (order: Order, column: Column): Order =>
  order.column === column ? { column, reversed: !order.reversed } : { column, reversed: false }
