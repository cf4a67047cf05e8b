/** What happens when an agent becomes busy, idle or waits for its user: changes as they come, and hooks that are told of them. */
import { spawn } from 'node:child_process'
import { env } from 'node:process'
import type { Agent, AgentState, Session } from '@holdfast/protocol'
import type { SessionApi } from './api.ts'

/** An agent began to do something else. */
export interface AgentChange {
  /** Its session, as it is then. */
  session: Session
  /** What it is doing now. */
  agent: Agent
  /** null: nothing was known of it before. */
  before: AgentState | null
}

/** A command, which has the change in its environment and as JSON on its standard input; or a URL that gets it by POST. */
export type Hook = { command: readonly [string, ...string[]] } | { url: string }

/** Longer than this no hook takes. */
const HOOK_MS = 10_000

/** Every change of state, until `signal` aborts. */
export async function* agentChanges(
  api: Pick<SessionApi, 'events'>,
  signal: AbortSignal,
): AsyncGenerator<AgentChange, void, void> {
  const states = new Map<string, string>()
  try {
    for await (const event of api.events(signal)) {
      if (event.type === 'removed') states.delete(event.id)
      if (event.type !== 'session') continue
      const { session } = event
      const { agent } = session
      const before = states.get(session.id)
      if (agent === undefined) states.delete(session.id)
      else states.set(session.id, agent.state)
      if (agent !== undefined && before !== agent.state)
        yield { session, agent, before: (before as AgentState | undefined) ?? null }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

const runCommand = ([program, ...args]: readonly [string, ...string[]], change: AgentChange): Promise<void> => {
  const { session, agent, before } = change
  const child = spawn(program, args, {
    env: {
      ...env,
      HOLDFAST_SESSION: session.id,
      HOLDFAST_NAME: session.name,
      HOLDFAST_AGENT: agent.name,
      HOLDFAST_STATE: agent.state,
      HOLDFAST_BEFORE: before ?? '',
    },
    stdio: ['pipe', 'inherit', 'inherit'],
    timeout: HOOK_MS,
  })
  child.stdin.on('error', () => {}) // it need not read
  child.stdin.end(JSON.stringify(change))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${program} ended with ${code ?? signal}`))
    })
  })
}

const post = async (url: string, change: AgentChange): Promise<void> => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(change),
    signal: AbortSignal.timeout(HOOK_MS),
  })
  await answer.body?.cancel()
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
}

/** Rejects when the command fails, or the URL does not answer with 2xx, within ten seconds. */
export const runHook = (hook: Hook, change: AgentChange): Promise<void> =>
  'url' in hook ? post(hook.url, change) : runCommand(hook.command, change)
