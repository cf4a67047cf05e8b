/** What a further idle session with a shell costs: growth of the memory of everything that runs for sessions. */
import { setTimeout as delay } from 'node:timers/promises'
import { createSession } from './contenders/holdfast.ts'
import { growTmux, newTmuxServer } from './contenders/tmux.ts'
import { attachTtyd, startTtyd } from './contenders/ttyd.ts'
import { hostOf, type Installation } from './installation.ts'
import { family, type Memory, memoryOf, naming, type ProcessRow, processes } from './processes.ts'
import type { Report, Row } from './report.ts'
import { HOLDFAST, numberOf, ratiosOf, type Scenario, skippedRow } from './scenario.ts'
import { rounded } from './stats.ts'
import type { Undo } from './undo.ts'

/** What the first ones cost is shared by all. */
const FEW = 4
const FURTHER = 50
/** Until an idle process has given back what its start took. */
const SETTLE_MS = 5000
const SHELL = ['bash', '-l']

type Usage = Map<string, Memory>

/** By name of process. */
const usageOf = (rows: readonly ProcessRow[]): Usage => {
  const usage: Usage = new Map()
  for (const { pid, name: comm } of rows) {
    const name = /^(node|MainThread)/.test(comm) ? 'session host' : comm
    const { pssKib, privateKib } = memoryOf(pid)
    const sum = usage.get(name) ?? { pssKib: 0, privateKib: 0 }
    usage.set(name, { pssKib: sum.pssKib + pssKib, privateKib: sum.privateKib + privateKib })
  }
  return usage
}

const growthRow = (name: string, few: Usage, many: Usage, count: number): Row => {
  const rows = [...many].map(([process, now]) => {
    const before = few.get(process) ?? { pssKib: 0, privateKib: 0 }
    const mib = (field: keyof Memory) => (now[field] - before[field]) / 1024 / count
    return { name: process, pssMiB: rounded(mib('pssKib')), privateMiB: rounded(mib('privateKib')) }
  })
  const sum = (field: 'pssMiB' | 'privateMiB') => rows.reduce((total, row) => total + row[field], 0)
  const split = rows.map((row) => `${row.name} ${row.pssMiB.toFixed(1)}`).join(', ')
  return { name, sessions: count, pssMiB: sum('pssMiB'), privateMiB: sum('privateMiB'), split, processes: rows }
}

/** Grows to `FEW`, then by `FURTHER`, and compares. `grow` resolves with the processes that run for all of them. */
const measureGrowth = async (name: string, grow: (more: number) => Promise<ProcessRow[]>): Promise<Row> => {
  const settled = async (more: number): Promise<Usage> => {
    const rows = await grow(more)
    await delay(SETTLE_MS)
    return usageOf(rows)
  }
  return growthRow(name, await settled(FEW), await settled(FURTHER), FURTHER)
}

/** A session's host, what descends from it, and what only its container needs: init and shim. */
const processesOf = (hosts: readonly string[]): ProcessRow[] => {
  const all = processes()
  const known = new Map(all.map((row) => [row.pid, row]))
  const roots = hosts.flatMap((id) => naming(all, `HOLDFAST_HOST_ID=${id}`).map(({ pid }) => pid))
  const shims = roots
    .map((pid) => known.get(known.get(pid)?.parent ?? 0))
    .filter((row) => row?.name.startsWith('containerd-shim'))
  return family(all, [...roots, ...shims.map((row) => row?.pid ?? 0)])
}

const holdfastGrowth = async (installation: Installation, undo: Undo): Promise<Row> => {
  const hosts: string[] = []
  const removals: (() => Promise<void>)[] = []
  const row = await measureGrowth(HOLDFAST, async (more) => {
    for (let i = 0; i < more; i++) {
      const { id, remove } = await createSession(installation, undo, SHELL)
      removals.push(remove)
      await installation.client.wait(id, { until: 'idle', idleMs: 200 })
      const host = hostOf(installation, id)
      if (host === null) throw new Error(`the hosts of ${installation.data} are not in reach: run it as their user`)
      hosts.push(host.id)
    }
    return processesOf(hosts)
  })
  for (const remove of removals) await remove()
  return row
}

const tmuxGrowth = async (undo: Undo): Promise<Row> => {
  const server = newTmuxServer(undo)
  const row = await measureGrowth('tmux', async (more) => {
    const pid = growTmux(server, more)
    return family(processes(), [pid])
  })
  await server.stop()
  return row
}

/** One ttyd for each shell, as it takes one command. It starts the shell with the viewer and ends it with the viewer. */
const ttydGrowth = async (undo: Undo): Promise<Row> => {
  const servers: { pid: number; stop(): Promise<void> }[] = []
  const row = await measureGrowth('ttyd', async (more) => {
    for (let i = 0; i < more; i++) {
      const server = await startTtyd(SHELL, undo)
      servers.push(server)
      await attachTtyd(server.url)
    }
    return family(
      processes(),
      servers.map(({ pid }) => pid),
    )
  })
  for (const { stop } of servers) await stop()
  return row
}

export const memory: Scenario = async ({ holdfast, undo, say }): Promise<Report> => {
  say(`memory: growth by ${FURTHER} sessions, after the first ${FEW}`)
  const rows = [await holdfastGrowth(await holdfast(), undo)]
  for (const [name, grow] of [
    ['tmux', tmuxGrowth],
    ['ttyd', ttydGrowth],
  ] as const) {
    say(`memory: ${name}`)
    rows.push(await grow(undo).catch((error: unknown) => skippedRow(name, error)))
  }
  const ratio = numberOf(rows, HOLDFAST, 'pssMiB') / numberOf(rows, 'ttyd', 'pssMiB')
  return {
    bench: 'memory',
    rows,
    ratios: ratiosOf({ ratioTtyd: ratio }),
    notes: ['ttyd in a container each, without the shim of it'],
  }
}
