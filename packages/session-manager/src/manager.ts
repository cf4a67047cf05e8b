/** Makes sessions and finds them again: on this machine with tmux, or in a cluster, by changing one word. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { allSessions, type ClientOptions, HoldfastClient, untilStarted } from '@holdfast/client'
import {
  type CreateSession,
  type Detector,
  HoldfastError,
  hasEnded,
  type Phase,
  type ServerEvent,
  type Session,
} from '@holdfast/protocol'
import type { SessionApi } from './api.ts'
import { refuseFailed } from './failed-start.ts'
import { type AgentChange, agentChanges } from './hooks.ts'
import { HybridSessions } from './hybrid/hybrid-sessions.ts'
import { localFirst, type Policy } from './hybrid/policy.ts'
import type { MigrateOptions } from './hybrid/target.ts'
import { ManagedSession } from './managed-session.ts'
import { TmuxSessions } from './tmux/tmux-sessions.ts'

/** Of tmux on this machine. */
export interface LocalOptions {
  /** Of its server: a name or an absolute path; sessions of another socket are not seen. Default: `holdfast`. */
  socket?: string
  /** How further tools show whether they are busy, idle or waiting; they come before those of Holdfast. In a cluster templates have them. */
  detectors?: readonly Detector[]
}
/** Of the cluster behind a gateway. */
export type ClusterOptions = Pick<ClientOptions, 'url' | 'key'>

/** The mode, and what it needs. */
export type ManagerOptions =
  | ({ mode: 'simple' } & LocalOptions)
  | ({ mode: 'distributed' } & ClusterOptions)
  | ({ mode: 'hybrid' } & LocalOptions & ClusterOptions & OverflowOptions)

/** Of hybrid mode. */
export interface OverflowOptions {
  /** Where a session goes that could run on either side; default: here while there is room, `localFirst()`. */
  policy?: Policy
  /** Directory in which is kept on which side a create that may be repeated has its session, and where sessions are that have moved; default: `~/.local/state/holdfast`. */
  stateDir?: string
  /** Hears in one sentence what does not work as usual, such as a cluster that does not answer; null when all does again. */
  onNotice?: (notice: string | null) => void
}

/** Which sessions are wanted; all that is given must match. */
export interface Filter {
  /** The whole name. */
  name?: string
  /** Each with this value. */
  labels?: Readonly<Record<string, string>>
  /** `running`, `exited` … */
  phase?: Phase
}

/**
 * Moves a session to the other side and starts its command there, by `resume` where it has that: as `SessionManager.migrate`, for
 * who has the calls alone.
 */
export const migrate = async (api: SessionApi, id: string, options: MigrateOptions): Promise<Session> => {
  if (api instanceof HybridSessions) return api.migrate(id, options)
  throw new HoldfastError(
    'BAD_REQUEST',
    'sessions move only in mode "hybrid", which has both sides: use it with the same socket of tmux and the URL and key of the cluster',
  )
}

/** The calls behind a manager, for who draws the screen of a session itself. */
export const sessionsOf = (options: ManagerOptions): SessionApi => {
  if (options.mode === 'simple') return new TmuxSessions(options)
  const { url, key } = options
  const cluster = new HoldfastClient({ url, ...(key === undefined ? {} : { key }) })
  if (options.mode === 'distributed') return cluster
  const { policy = localFirst(), stateDir = join(homedir(), '.local/state/holdfast'), onNotice } = options
  return new HybridSessions({ local: new TmuxSessions(options), cluster, policy, stateDir, onNotice })
}

/**
 * Sessions of one place: a tmux server, a cluster, or both. It holds nothing itself: any number of programs may have one for the
 * same place and see the same sessions. Calls reject with a `HoldfastError`.
 */
export class SessionManager {
  /** As it was asked for. */
  readonly mode: ManagerOptions['mode']
  readonly #api: SessionApi

  /** Starts and connects nothing yet. */
  constructor(options: ManagerOptions) {
    this.mode = options.mode
    this.#api = sessionsOf(options)
  }

  /**
   * Resolves when it runs, or has ended already. With the same `idempotencyKey` and body a repetition gives the session that is there.
   * Throws COMMAND_NOT_FOUND, CWD_NOT_FOUND, IDEMPOTENCY_CONFLICT, BAD_REQUEST for what the mode cannot do, RUNTIME_UNAVAILABLE
   * where nothing can run it now, in a cluster UNKNOWN_TEMPLATE, QUOTA_EXCEEDED and TOO_MANY, too.
   */
  async create(
    body: CreateSession = {},
    options: { idempotencyKey?: string; signal?: AbortSignal } = {},
  ): Promise<ManagedSession> {
    const made = await this.#api.createSession(body, options)
    const started = await untilStarted(this.#api, made, options.signal)
    refuseFailed(started)
    return new ManagedSession(this.#api, started)
  }

  /** By id, or by the name of exactly one live session. Throws SESSION_NOT_FOUND, and BAD_REQUEST when several have the name. */
  async get(target: string): Promise<ManagedSession> {
    const byId = await this.#api.getSession(target).catch((error: unknown) => {
      if (error instanceof HoldfastError && ['SESSION_NOT_FOUND', 'BAD_REQUEST'].includes(error.code)) return null
      throw error
    })
    if (byId !== null) return new ManagedSession(this.#api, byId)
    const [found, ...more] = (await this.list({ name: target })).filter(({ info }) => !hasEnded(info.phase))
    if (found === undefined)
      throw new HoldfastError('SESSION_NOT_FOUND', `no live session has the id or name "${target}"`)
    if (more.length === 0) return found
    const ids = [found, ...more].map(({ id }) => id).join(', ')
    throw new HoldfastError('BAD_REQUEST', `${more.length + 1} sessions are named "${target}"; use an id: ${ids}`)
  }

  /** Newest first. In hybrid mode without those of a cluster that does not answer, which `onNotice` hears. */
  async list({ name, labels = {}, phase }: Filter = {}): Promise<ManagedSession[]> {
    const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
    const sessions = await allSessions(this.#api, { label, ...(phase === undefined ? {} : { phase }) })
    const named = name === undefined ? sessions : sessions.filter((session) => session.name === name)
    return named.map((info) => new ManagedSession(this.#api, info))
  }

  /**
   * Moves a session between this machine and the cluster, in mode `hybrid`: screen, lines above, directory, environment, name and
   * labels go along, and its command is started there, by `resume` where it has that. Its id stays. Files do not move. When it
   * rejects, the session goes on where it was, or a further call does the rest. Throws BAD_REQUEST in another mode and for what
   * tmux cannot give, CWD_NOT_FOUND, COMMAND_NOT_FOUND, SESSION_ENDED, FORBIDDEN for a session that someone else made, and
   * what `create` throws.
   */
  async migrate(id: string, options: MigrateOptions): Promise<ManagedSession> {
    return new ManagedSession(this.#api, await migrate(this.#api, id, options))
  }

  /** Every change of every session, from now on until `signal` aborts. tmux is looked at once a second; a cluster is followed over reconnects. */
  events(signal: AbortSignal): AsyncIterable<ServerEvent> {
    return this.#api.events(signal)
  }

  /** Every time that an agent becomes busy, idle or waits for its user, until `signal` aborts. */
  agentChanges(signal: AbortSignal): AsyncIterable<AgentChange> {
    return agentChanges(this.#api, signal)
  }
}
