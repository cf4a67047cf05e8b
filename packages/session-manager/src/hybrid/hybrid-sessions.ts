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
  sessionId,
  type Update,
  type Wait,
  type WaitResult,
} from '@holdfast/protocol'
import type { LiveAttachment, SessionApi } from '../api.ts'
import { needsCluster, TMUX_REGION } from '../tmux/limits.ts'
import { Ledger } from './ledger.ts'
import { localLoad } from './load.ts'
import { merged } from './merged.ts'
import { Migration } from './migration.ts'
import { Moves } from './moves.ts'
import { keptId, named, namedEvents, namedList } from './names.ts'
import { inWords, type Policy, type Side } from './policy.ts'
import type { MigrateOptions } from './target.ts'

export interface HybridOptions {
  local: SessionApi
  cluster: SessionApi
  policy: Policy
  /** Directory for which side has the session of a create that may be repeated, and where sessions are that have moved. */
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

/** Of a session that has not moved its id says it, and so does that of the one that it is now. */
const sideOf = (id: string): Side => (id.startsWith(`${TMUX_REGION}-`) ? 'local' : 'cluster')

export class HybridSessions implements SessionApi {
  readonly #options: HybridOptions
  readonly #ledger: Ledger
  readonly #moves: Moves
  #notice: string | null = null

  constructor(options: HybridOptions) {
    this.#options = options
    this.#ledger = new Ledger(options.stateDir)
    this.#moves = new Moves(options.stateDir)
  }

  async createSession(body: CreateSession, options: CreateOptions = {}): Promise<Session> {
    const idempotencyKey = options.idempotencyKey ?? randomId(20)
    const { side, id } = await this.#ledger.settle(idempotencyKey, () => this.#choose(body))
    const moved = id === null ? null : await this.#moved(id)
    if (moved !== null) return moved
    const made = await this.#create(side, body, { ...options, idempotencyKey })
    if (options.idempotencyKey !== undefined) await this.#ledger.note(idempotencyKey, side, made.id)
    return made
  }

  async #create(side: Side, body: CreateSession, options: CreateOptions): Promise<Session> {
    const { local, cluster } = this.#options
    if (side === 'local') return local.createSession(body, options)
    try {
      return this.#answered(await cluster.createSession(body, options))
    } catch (error) {
      if (!isAway(error)) throw error
      const load = await localLoad(local).catch(unlessNoTmux)
      const full = load === null ? 'this machine has no tmux' : `this machine is full (${inWords(load)})`
      const why = needsCluster(body) ?? full
      const message = `${why}, and the cluster does not answer: ${error.message}`
      throw new HoldfastError('RUNTIME_UNAVAILABLE', message, { cause: error })
    }
  }

  async getSession(id: string): Promise<Session> {
    const { api, real } = this.#at(id)
    return named(await api.getSession(real), this.#moves)
  }

  environment(id: string): Promise<Record<string, string>> {
    const { api, real } = this.#at(id)
    return api.environment(real)
  }

  /** All on one page; without those of a cluster that does not answer, which a notice says. */
  async listSessions({ cursor: _cursor, limit: _limit, ...query }: ListQuery = {}): Promise<SessionPage> {
    const [here, there] = await Promise.all([this.#listLocal(query), this.#listCluster(query)])
    const sessions = namedList([...here, ...there], this.#moves)
    return { sessions: sessions.sort((a, b) => b.createdAt.localeCompare(a.createdAt)) }
  }

  async updateSession(id: string, body: Update): Promise<Session> {
    const { api, real } = this.#at(id)
    return named(await api.updateSession(real, body), this.#moves)
  }

  async deleteSession(id: string): Promise<void> {
    const { api, real } = this.#at(id)
    await api.deleteSession(real)
    const kept = keptId(id, this.#moves)
    const move = this.#moves.of(kept)
    if (move !== null && !move.ended)
      await this.#options[sideOf(move.target)].deleteSession(move.target).catch(() => {})
    await this.#moves.forget(kept)
  }

  /** Ends it here and goes on there, or the other way round; resolves with the session as it is then. */
  async migrate(id: string, options: MigrateOptions): Promise<Session> {
    const { local, cluster } = this.#options
    const parts = { sides: { local, cluster }, sideOf, moves: this.#moves }
    const kept = keptId(sessionId(id), this.#moves)
    await this.#moves.alone(kept, () => new Migration(kept, parts, options).run())
    return this.getSession(kept)
  }

  input(id: string, data: string | Uint8Array): Promise<void> {
    const { api, real } = this.#at(id)
    return api.input(real, data)
  }

  paste(id: string, text: string): Promise<void> {
    const { api, real } = this.#at(id)
    return api.paste(real, text)
  }

  sendKeys(id: string, keys: readonly string[]): Promise<void> {
    const { api, real } = this.#at(id)
    return api.sendKeys(real, keys)
  }

  resize(id: string, cols: number, rows: number): Promise<void> {
    const { api, real } = this.#at(id)
    return api.resize(real, cols, rows)
  }

  signal(id: string, name: SignalName): Promise<void> {
    const { api, real } = this.#at(id)
    return api.signal(real, name)
  }

  wait(id: string, body: Wait, signal?: AbortSignal): Promise<WaitResult> {
    const { api, real } = this.#at(id)
    return api.wait(real, body, signal)
  }

  screen(id: string, format: ScreenFormat, scrollback?: number): Promise<string> {
    const { api, real } = this.#at(id)
    return api.screen(real, format, scrollback)
  }

  output(id: string, range?: OutputRange): Promise<OutputPart> {
    const { api, real } = this.#at(id)
    return api.output(real, range)
  }

  attach(id: string, options: AttachOptions): LiveAttachment {
    const { api, real } = this.#at(id)
    return api.attach(real, options)
  }

  /** Of a cluster that is away nothing comes until it is back: `onLink` and a notice say so. */
  events(signal: AbortSignal, onLink?: (failure: string | null) => void): AsyncIterable<ServerEvent> {
    const { local, cluster } = this.#options
    const linked = (failure: string | null): void => {
      this.#tell(failure)
      onLink?.(failure)
    }
    return namedEvents(merged(whereTmuxIs(local.events(signal)), cluster.events(signal, linked)), this.#moves)
  }

  /** Where the session is now. */
  #at(id: string): { api: SessionApi; real: string } {
    const real = this.#moves.at(id)
    return { api: this.#options[sideOf(real)], real }
  }

  /** The session that was made with this id, if it has moved since; null also when it is no more. */
  async #moved(id: string): Promise<Session | null> {
    const move = this.#moves.of(id)
    if (move === null) return null
    try {
      return await this.getSession(id)
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'SESSION_NOT_FOUND' || !move.ended) throw error
      await this.#moves.forget(id)
      return null
    }
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
