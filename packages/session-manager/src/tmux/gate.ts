/** How a session of tmux begins that ran elsewhere before: its old screen is printed, then its command waits for CONT behind a gate. */
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError, randomId, resumed } from '@holdfast/protocol'
import { argumentsOf, read } from '@holdfast/runtime/process-table'

/**
 * The same for all sessions: the file's name is its first argument, the command are the others, and nothing of them is read as
 * shell. A child stops, for tmux itself lets a stopped leader go on.
 */
const GATE = `command -p cat -- "$1"; command -p rm -f -- "$1"; shift; /bin/sh -c 'kill -STOP $$'; exec "$@"`

/** Milliseconds between two tries, and in all. */
const TRY_MS = 20
const OPEN_MS = 10_000

/** `screen`: as of the format `ansi`. */
export const behindGate = async (
  screen: string,
  command: readonly string[],
): Promise<{ words: string[]; file: string }> => {
  const file = join(tmpdir(), `holdfast-screen-${randomId(16)}`)
  await writeFile(file, resumed(screen), { mode: 0o600, flag: 'wx' })
  return { words: ['/bin/sh', '-c', GATE, 'sh', file, ...command], file }
}

/** Has the command not begun yet? */
export const isGated = async (pid: number): Promise<boolean> => (await argumentsOf(pid))[2] === GATE

/** Resolves when it has come to the gate, or has ended: before that it would not hear CONT. */
export const reachGate = async (pid: number): Promise<void> => {
  while (!(await isGated(pid)) && (await read(pid)) !== null) await delay(TRY_MS)
}

/** Resolves when the command has begun, or is gone. CONT is sent until then: it may come before there is something to go on. Throws TIMEOUT. */
export const openGate = async (pid: number): Promise<void> => {
  for (const end = Date.now() + OPEN_MS; await isGated(pid); await delay(TRY_MS)) {
    if (Date.now() > end) throw new HoldfastError('TIMEOUT', 'the command of the session does not begin')
    const row = await read(pid)
    if (row === null) return
    try {
      process.kill(-row.group, 'SIGCONT')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
