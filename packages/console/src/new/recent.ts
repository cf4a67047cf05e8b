/** What sessions were made with before, to choose from: taken from the list, for a command line may be a secret that the browser must not keep. */
import type { Session } from '@holdfast/protocol'
import { joinCommand } from '../command-line.ts'

const MAX_RECENT = 8

/** Command lines of sessions of this template, the latest first, without repetitions. */
export const recentCommands = (sessions: readonly Session[], template: string): string[] => {
  const lines = sessions
    .filter((session) => session.template === template)
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt))
    .map(({ command, args }) => joinCommand([command, ...args]))
  return [...new Set(lines)].slice(0, MAX_RECENT)
}

/** The form's fields for another session like this one. */
export const likeSession = ({ template, command, args, labels }: Session): URLSearchParams => {
  const lines = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return new URLSearchParams({
    template,
    command: joinCommand([command, ...args]),
    ...(lines.length > 0 && { labels: lines.join('\n') }),
  })
}
