/** Gives back what the start and every burst of output leave on the heap, once the session is quiet. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Host } from './host.ts'
import { native } from './native-stream.ts'

/** Long enough that no typist meets the pause: one collection takes some 20 ms. */
const QUIET_MS = 5_000

/**
 * Options of V8: compiled code that is not in use goes soon, and a collection can be asked for. Not on the command line,
 * where they would keep Node from using the compiled code that it brings of its own modules: each start would take 12 ms more.
 */
const OPTIONS = ['--expose-gc', '--bytecode-old-age=1', '--flush-baseline-code']

const collector = (): NodeJS.GCFunction => {
  for (const option of OPTIONS) setFlagsFromString(option)
  return runInNewContext('gc') as NodeJS.GCFunction
}

/** Saves 2 MB a session (docs/benchmarks.md). */
export const spareMemory = ({ claimed }: Host): void => {
  let collect: NodeJS.GCFunction | null = null
  const spare = () => {
    collect ??= collector()
    // last-resort also drops compiled code that is not in use: most of what only the start needed.
    void collect({ type: 'major', flavor: 'last-resort' })
    native.spare()
  }
  // Not before the claim: what it needs is kept ready.
  void claimed.then(({ events }) => {
    const timer = setTimeout(spare, QUIET_MS).unref()
    events.on('activity', () => timer.refresh())
  })
}
