/** Does once, in a host that waits in a pool, what its first claim would have to compile and load. */
import { DEFAULT_COLS, DEFAULT_ROWS, newEpoch, SCROLLBACK_LINES } from '@holdfast/protocol'
import { Screen } from './screen.ts'

const nothing = () => undefined
const SIZE = { cols: DEFAULT_COLS, rows: DEFAULT_ROWS, scrollbackLines: SCROLLBACK_LINES }

export const warmUp = (): void => {
  newEpoch()
  const screen = new Screen(SIZE, { onReply: nothing, onTitle: nothing, onBell: nothing, onParsed: nothing })
  screen.write(Buffer.from('\n'), 1)
}
