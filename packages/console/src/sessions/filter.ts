/** Which sessions the filter box keeps. */
import type { Session } from '@holdfast/protocol'

/** Does every word of the filter occur somewhere in what the row shows or its labels? */
export const matches = (session: Session, filter: string): boolean => {
  const labels = Object.entries(session.labels).map(([key, value]) => `${key}=${value}`)
  const text = [session.name, session.id, session.phase, session.template, session.command, ...session.args, ...labels]
    .join(' ')
    .toLowerCase()
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
