/** How the command line ends when the session's command has. */
import { constants } from 'node:os'

/** As a shell tells it: 128 + n for signal n. */
export const exitCodeOf = (exitCode: number | null, signal: string | null): number => {
  const numbers: Readonly<Record<string, number>> = constants.signals
  return exitCode ?? 128 + (numbers[`SIG${signal}`] ?? 0)
}
