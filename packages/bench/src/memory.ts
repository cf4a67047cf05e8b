/** What a further idle session costs: growth of the proportional set size (PSS) of everything that runs for sessions. */
import { readFileSync } from 'node:fs'
import { containerOf, docker, installation } from './installation.ts'
import { printTable, round } from './stats.ts'

const FEW = 4
const MANY = 14

/** Kernel's PSS of one process, KiB; 0 when it is gone. Source: /proc/pid/smaps_rollup, proc(5). */
const pss = (pid: string): number => {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

const parent = (pid: string): string => /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''

/** MiB by kind of process over all these sessions. */
const usage = (sessions: readonly string[]): Map<string, number> => {
  const total = new Map<string, number>()
  const add = (kind: string, kib: number) => total.set(kind, (total.get(kind) ?? 0) + kib / 1024)
  for (const session of sessions) {
    const container = containerOf(session)
    add('containerd-shim', pss(parent(docker('inspect', '-f', '{{.State.Pid}}', container))))
    for (const row of docker('top', container, '-eo', 'pid,comm').split('\n').slice(1)) {
      const [pid = '', name = ''] = row.trim().split(/\s+/)
      add(name.startsWith('node') || name === 'MainThread' ? 'session host' : name, pss(pid))
    }
  }
  return total
}

export const memory = async (): Promise<void> => {
  const { client } = installation()
  const sessions: string[] = []
  const grow = async (count: number) => {
    while (sessions.length < count) {
      const { id } = await client.createSession({ template: 'isolated' })
      await client.wait(id, { until: 'idle', idleMs: 500 })
      sessions.push(id)
    }
    return usage(sessions)
  }
  const few = await grow(FEW)
  const many = await grow(MANY)
  const rows = [...many].map(([kind, mib]) => [kind, round((mib - (few.get(kind) ?? 0)) / (MANY - FEW), 1)])
  const all = rows.reduce((sum, [, mib]) => sum + Number(mib), 0)
  printTable(['a further idle session', 'PSS MiB'], [...rows, ['**all**', `**${round(all, 1)}**`]])
  for (const id of sessions) await client.deleteSession(id)
}
