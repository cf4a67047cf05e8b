/** tmux on this machine, its client on a PTY of ours, as someone without Holdfast would have it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { type IPty, spawn } from 'node-pty'
import { type Contender, type Line, Outlet, Skipped } from '../line.ts'
import { family, processes } from '../processes.ts'
import type { Undo } from '../undo.ts'

const GONE_MS = 5_000
const POLL_MS = 20

const ask = (args: readonly string[], format: string) =>
  spawnSync('tmux', [...args, 'display-message', '-p', format], { encoding: 'utf8' })

let servers = 0

export interface TmuxServer {
  /** Its name, as `-L` takes it. */
  socket: string
  /** Arguments that lead to this server and no other. */
  args: string[]
  stop(): Promise<void>
}

/** Of its own socket and no configuration; tmux starts it with the first session. Throws `Skipped`. */
export const newTmuxServer = (undo: Undo): TmuxServer => {
  if (spawnSync('tmux', ['-V']).error !== undefined) throw new Skipped('no tmux on PATH')
  const socket = `holdfast-bench-${process.pid}-${servers++}`
  const args = ['-L', socket, '-f', '/dev/null']
  /** tmux answers before its shells and it itself have gone. */
  const kill = async (): Promise<void> => {
    const pid = Number(ask(args, '#{pid}').stdout)
    if (pid === 0) return // there is none
    const ids = family(processes(), [pid]).map((row) => row.pid)
    spawnSync('tmux', [...args, 'kill-server'])
    const deadline = Date.now() + GONE_MS
    while (processes().some((row) => ids.includes(row.pid)) && Date.now() < deadline) await delay(POLL_MS)
  }
  return { socket, args, stop: undo.add(kill) }
}

/** Not of this process's own terminal, nor of a tmux it runs in. */
const cleanEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('TMUX'),
    ),
  )

/** A client of 80 × 24; `close` ends what it looks at. */
export const tmuxClient = (args: readonly string[], close: () => Promise<void>): Line => {
  const client: IPty = spawn('tmux', [...args], {
    name: 'xterm-256color',
    cols: 80,
    rows: 24,
    env: cleanEnvironment(),
    encoding: null,
  })
  const outlet = new Outlet()
  // With encoding null these are buffers, whatever the type says.
  client.onData((data) => outlet.push(data as unknown as Buffer))
  return { type: (text) => client.write(text), outlet, close }
}

export const tmux: Contender = {
  name: 'tmux',
  async open(command, undo) {
    const { args, stop } = newTmuxServer(undo)
    return tmuxClient([...args, 'new-session', '--', ...command], stop)
  },
}

export const serverPid = ({ args }: TmuxServer): number => Number(ask(args, '#{pid}').stdout)

/** Sessions with a shell and nobody attached; returns the server's pid. */
export const growTmux = (server: TmuxServer, count: number): number => {
  for (let i = 0; i < count; i++)
    execFileSync('tmux', [...server.args, 'new-session', '-d', '-x', '80', '-y', '24', 'bash -l'])
  return serverPid(server)
}
