/** Gives back what the start and every burst of output leave on the heap, once the session is quiet. */
import type { Session } from './session.ts'

/** Long enough that no typist meets the pause: one collection takes some 20 ms. */
const QUIET_MS = 5_000

/** `collect` is V8's own, there with `--expose-gc`. It saves 2 MB a session (docs/benchmarks.md). */
export const spareMemory = ({ events }: Session, collect: NodeJS.GCFunction | undefined): void => {
  if (collect === undefined) return
  // last-resort also drops compiled code that is not in use: most of what only the start needed.
  const timer = setTimeout(() => void collect({ type: 'major', flavor: 'last-resort' }), QUIET_MS).unref()
  events.on('activity', () => timer.refresh())
}
