/** Does once, while nobody waits, what the first claim would have to compile and load. */
import { setTimeout as delay } from 'node:timers/promises'
import { DEFAULT_COLS, DEFAULT_ROWS, newEpoch, SCROLLBACK_LINES } from '@holdfast/protocol'
import type { Host } from './host.ts'
import { Screen } from './screen.ts'

/** A host that was started for a session is claimed sooner; one for a pool waits longer. */
const UNCLAIMED_MS = 250
const nothing = () => undefined
const SIZE = { cols: DEFAULT_COLS, rows: DEFAULT_ROWS, scrollbackLines: SCROLLBACK_LINES }

export const warmUp = async (host: Host): Promise<void> => {
  await delay(UNCLAIMED_MS)
  if (host.claim !== null) return
  newEpoch()
  const screen = new Screen(SIZE, { onReply: nothing, onTitle: nothing, onBell: nothing, onParsed: nothing })
  screen.write(Buffer.from('\n'), 1)
}
