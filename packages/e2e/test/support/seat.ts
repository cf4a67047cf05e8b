/** Where a person sits: windows of a real tmux with keys that are pressed and screens that are read. */
import { execFileSync } from 'node:child_process'
import { until } from './stack.ts'

/** `socket`: of the tmux server. */
export const seatAt = (socket: string) => {
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' })
  const screen = (window: string): string => tmux('capture-pane', '-p', '-t', `=${window}:`)
  const press = (window: string, ...keys: string[]): void => void tmux('send-keys', '-t', `=${window}:`, ...keys)
  const type = (window: string, text: string): void => void tmux('send-keys', '-t', `=${window}:`, '-l', text)
  return {
    tmux,
    screen,
    press,
    type,
    sees: (window: string, what: RegExp): Promise<RegExpExecArray> =>
      until(`${what} on the screen`, () => what.exec(screen(window)) ?? undefined, 60_000).catch((error: Error) => {
        throw new Error(`${error.message}, which has\n${screen(window).trimEnd()}`)
      }),
    enter: (window: string, line: string): void => {
      type(window, line)
      press(window, 'Enter')
    },
  }
}
