/** tmux while this machine has room, the cluster for the overflow: one list, one space of ids, one session for one request. */
import {
  type AttachOptions,
  allSessions,
  type CreateOptions,
  type ListQuery,
  type OutputPart,
  type OutputRange,
} from '@holdfast/client'
import {
  type CreateSession,
  HoldfastError,
  randomId,
  type ScreenFormat,
  type ServerEvent,
  type Session,
  type SessionPage,
  type SignalName,
  type Update,
  type Wait,
  type WaitResult,
} from '@holdfast/protocol'
import type { LiveAttachment, SessionApi } from '../api.ts'
import { needsCluster, TMUX_REGION } from '../tmux/limits.ts'
import { Ledger } from './ledger.ts'
import { localLoad } from './load.ts'
import { merged } from './merged.ts'
import { inWords, type Policy, type Side } from './policy.ts'

export interface HybridOptions {
  local: SessionApi
  cluster: SessionApi
  policy: Policy
  /** Directory for which side has the session of a create that may be repeated. */
  stateDir: string
  /** Told in one sentence what does not work as usual; null when all does again. */
  onNotice?: ((notice: string | null) => void) | undefined
}

/** What a cluster that is away fails with. */
const AWAY: ReadonlySet<string> = new Set(['HOST_UNREACHABLE', 'TIMEOUT', 'DRAINING', 'ORCHESTRATOR_UNAVAILABLE'])
const isAway = (error: unknown): error is HoldfastError => error instanceof HoldfastError && AWAY.has(error.code)

/** tmux that is missing or too old is no failure: all sessions go to the cluster. */
const unlessNoTmux = (error: unknown): null => {
  if (error instanceof HoldfastError && error.code === 'RUNTIME_UNAVAILABLE') return null
  throw error
}

async function* whereTmuxIs(events: AsyncIterable<ServerEvent>): AsyncIterable<ServerEvent> {
  try {
    yield* events
  } catch (error) {
    unlessNoTmux(error)
  }
}

export class HybridSessions implements SessionApi {
  readonly #options: HybridOptions
  readonly #ledger: Ledger
  #notice: string | null = null

  constructor(options: HybridOptions) {
    this.#options = options
    this.#ledger = new Ledger(options.stateDir)
  }

  async createSession(body: CreateSession, options: CreateOptions = {}): Promise<Session> {
    const { local, cluster } = this.#options
    const idempotencyKey = options.idempotencyKey ?? randomId(20)
    const side = await this.#ledger.settle(idempotencyKey, () => this.#choose(body))
    if (side === 'local') return local.createSession(body, { ...options, idempotencyKey })
    try {
      return this.#answered(await cluster.createSession(body, { ...options, idempotencyKey }))
    } catch (error) {
      if (!isAway(error)) throw error
      const load = await localLoad(local).catch(unlessNoTmux)
      const full = load === null ? 'this machine has no tmux' : `this machine is full (${inWords(load)})`
      const why = needsCluster(body) ?? full
      const message = `${why}, and the cluster does not answer: ${error.message}`
      throw new HoldfastError('RUNTIME_UNAVAILABLE', message, { cause: error })
    }
  }

  getSession(id: string): Promise<Session> {
    return this.#sideOf(id).getSession(id)
  }

  /** All on one page; without those of a cluster that does not answer, which a notice says. */
  async listSessions({ cursor: _cursor, limit: _limit, ...query }: ListQuery = {}): Promise<SessionPage> {
    const [here, there] = await Promise.all([this.#listLocal(query), this.#listCluster(query)])
    const sessions = [...here, ...there]
    return { sessions: sessions.sort((a, b) => b.createdAt.localeCompare(a.createdAt)) }
  }

  updateSession(id: string, body: Update): Promise<Session> {
    return this.#sideOf(id).updateSession(id, body)
  }

  deleteSession(id: string): Promise<void> {
    return this.#sideOf(id).deleteSession(id)
  }

  input(id: string, data: string | Uint8Array): Promise<void> {
    return this.#sideOf(id).input(id, data)
  }

  paste(id: string, text: string): Promise<void> {
    return this.#sideOf(id).paste(id, text)
  }

  sendKeys(id: string, keys: readonly string[]): Promise<void> {
    return this.#sideOf(id).sendKeys(id, keys)
  }

  resize(id: string, cols: number, rows: number): Promise<void> {
    return this.#sideOf(id).resize(id, cols, rows)
  }

  signal(id: string, name: SignalName): Promise<void> {
    return this.#sideOf(id).signal(id, name)
  }

  wait(id: string, body: Wait, signal?: AbortSignal): Promise<WaitResult> {
    return this.#sideOf(id).wait(id, body, signal)
  }

  screen(id: string, format: ScreenFormat, scrollback?: number): Promise<string> {
    return this.#sideOf(id).screen(id, format, scrollback)
  }

  output(id: string, range?: OutputRange): Promise<OutputPart> {
    return this.#sideOf(id).output(id, range)
  }

  attach(id: string, options: AttachOptions): LiveAttachment {
    return this.#sideOf(id).attach(id, options)
  }

  /** Of a cluster that is away nothing comes until it is back: `onLink` and a notice say so. */
  events(signal: AbortSignal, onLink?: (failure: string | null) => void): AsyncIterable<ServerEvent> {
    const { local, cluster } = this.#options
    const linked = (failure: string | null): void => {
      this.#tell(failure)
      onLink?.(failure)
    }
    return merged(whereTmuxIs(local.events(signal)), cluster.events(signal, linked))
  }

  /** An id says where its session is. */
  #sideOf(id: string): SessionApi {
    return id.startsWith(`${TMUX_REGION}-`) ? this.#options.local : this.#options.cluster
  }

  async #choose(body: CreateSession): Promise<Side> {
    if (needsCluster(body) !== null) return 'cluster'
    const load = await localLoad(this.#options.local).catch(unlessNoTmux)
    return load === null ? 'cluster' : this.#options.policy(load, body)
  }

  /** Where tmux is missing there are none. */
  async #listLocal(query: ListQuery): Promise<Session[]> {
    return (await this.#options.local.listSessions(query).catch(unlessNoTmux))?.sessions ?? []
  }

  async #listCluster(query: ListQuery): Promise<Session[]> {
    try {
      return this.#answered(await allSessions(this.#options.cluster, query))
    } catch (error) {
      if (!isAway(error)) throw error
      this.#tell(error.message)
      return []
    }
  }

  #answered<T>(answer: T): T {
    this.#tell(null)
    return answer
  }

  /** Once for each change. */
  #tell(failure: string | null): void {
    const notice =
      failure === null ? null : `the cluster does not answer (${failure}): only sessions of this machine are there`
    if ((notice === null) === (this.#notice === null)) return
    this.#notice = notice
    this.#options.onNotice?.(notice)
  }
}
