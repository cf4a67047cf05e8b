/** Starts one detached process and knows it again: by the note it leaves about itself in its host's directory. */
import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive, type ProcessRow, parseStat } from './process-table.ts'
import type { HostSpec } from './runtime.ts'

const START_MS = 5_000
const LOOK_MS = 10

/**
 * The process itself notes who it is (its stat line, kept by exec, and this boot's id) before it becomes the session
 * host; the note is made with O_EXCL, so of any number of creators exactly one gets a host, however they crash.
 */
const LAUNCH =
  'set -C; { cat /proc/$$/stat /proc/sys/kernel/random/boot_id >"$0"; } 2>/dev/null || exit 0; set +C; exec "$@"'

const unnoted = (error: NodeJS.ErrnoException): string => {
  if (error.code === 'ENOENT') return ''
  throw error
}

/** The host's process as it noted itself; null before it did, `'gone'` after a reboot. */
export const noted = async (path: string): Promise<ProcessRow | 'gone' | null> => {
  const [stat = '', boot = ''] = (await readFile(join(path, 'pid'), 'utf8').catch(unnoted)).split('\n')
  if (boot === '') return null
  const now = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  return boot === now ? (parseStat(stat) ?? 'gone') : 'gone'
}

export const running = async (path: string): Promise<ProcessRow | null> => {
  const row = await noted(path)
  return row !== null && row !== 'gone' && (await isAlive(row)) ? row : null
}

/** What a session host is given, and nothing more: `outer` is the caller's environment. */
export const environment = (
  outer: Readonly<Record<string, string | undefined>>,
  spec: HostSpec,
  address: string,
): Record<string, string> => {
  const user = userInfo()
  return {
    PATH: outer.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: outer.LANG ?? 'C.UTF-8',
    TERM: 'xterm-256color',
    HOME: homedir(),
    USER: user.username,
    SHELL: user.shell ?? '/bin/sh',
    HOLDFAST_HOST_ID: spec.hostId,
    HOLDFAST_HOST_KEY: spec.hostKey,
    HOLDFAST_LISTEN: address,
  }
}

/** Starts `command` in a session of its own, with standard output and error in `<path>/log`. */
export const launch = async (
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  path: string,
): Promise<void> => {
  const log = await open(join(path, 'log'), 'a', 0o600)
  try {
    const child = spawn('/bin/sh', ['-c', LAUNCH, join(path, 'pid'), ...command], {
      cwd: homedir(),
      env: { ...env },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.unref()
  } finally {
    await log.close()
  }
  for (const until = Date.now() + START_MS; (await noted(path)) === null; await delay(LOOK_MS)) {
    if (Date.now() >= until) throw new Error(`its process did not start within ${START_MS / 1000} s`)
  }
}
