/** What the programs in front of panes are doing, from what the panes show and what runs in them. */
import { type Agent, agentOf, type Detector, randomId } from '@holdfast/protocol'
import { argumentsOf, read } from '@holdfast/runtime/process-table'
import type { Seen } from './record.ts'
import { isGone, paneOf, quoted, type Tmux } from './tmux.ts'

/** Of the pane with this command; null when nothing runs in it any more. */
export const paneAgent = async (
  pid: number,
  lines: readonly string[],
  quietMs: number,
  detectors: readonly Detector[],
): Promise<Agent | null> => {
  const row = await read(pid)
  if (row === null) return null
  const job = row.foreground > 0 ? await argumentsOf(row.foreground) : []
  return agentOf({ lines, quietMs, job, leads: row.foreground === row.group, shell: null }, detectors)
}

/** All screens in one call of tmux. */
const screens = async (tmux: Tmux, ids: readonly string[]): Promise<string[][]> => {
  const end = `end-${randomId(16)}`
  const script = ids.map((id) => `capture-pane -p -t ${quoted(paneOf(id))}\ndisplay-message -p ${end}\n`).join('')
  const text = await tmux.run(['source-file', '-'], script)
  return text.split(`${end}\n`).map((screen) => screen.split('\n'))
}

/** The same sessions with what runs in them told; as they are when one of them goes meanwhile. */
export const withAgents = async (
  tmux: Tmux,
  all: readonly Seen[],
  detectors: readonly Detector[],
): Promise<Seen['session'][]> => {
  const running = all.filter(({ session }) => session.phase === 'running')
  if (running.length === 0) return all.map(({ session }) => session)
  const shown = await screens(
    tmux,
    running.map(({ session }) => session.id),
  ).catch((error: unknown) => {
    if (isGone(error)) return []
    throw error
  })
  const agents = await Promise.all(
    running.map(async ({ session, pid, activeAt }, at): Promise<[string, Agent | null]> => {
      const lines = shown[at]
      return [session.id, lines === undefined ? null : await paneAgent(pid, lines, Date.now() - activeAt, detectors)]
    }),
  )
  const known = new Map(agents)
  return all.map(({ session }) => {
    const agent = known.get(session.id) ?? null
    return agent === null ? session : { ...session, agent }
  })
}
