/** Moves a session to the other side: the target waits there before the source ends, and begins when it has ended. Each step may be the last one before a crash. */
import { setTimeout as delay } from 'node:timers/promises'
import { allSessions, untilStarted } from '@holdfast/client'
import { HoldfastError, hasEnded, MAX_SCROLLBACK_LINES, randomId, type Session } from '@holdfast/protocol'
import type { SessionApi } from '../api.ts'
import { refuseFailed } from '../failed-start.ts'
import type { Moves } from './moves.ts'
import { MOVING } from './names.ts'
import { type Side, sideName } from './policy.ts'
import { type MigrateOptions, targetOf } from './target.ts'

export interface MigrationParts {
  sides: Readonly<Record<Side, SessionApi>>
  sideOf(id: string): Side
  moves: Moves
}

/** A source may take this long to end, after its grace. Milliseconds. */
const END_MS = 30_000
const LOOK_MS = 200

const unlessGone = (error: unknown): null => {
  if (error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND') return null
  throw error
}

/** Was it ended by a request, such as that of an earlier run? */
const isEnded = (source: Session | null): boolean =>
  source === null ||
  source.phase === 'stopping' ||
  (hasEnded(source.phase) && source.reason?.startsWith('deleted') === true)

export class Migration {
  readonly #id: string
  readonly #parts: MigrationParts
  readonly #options: MigrateOptions

  /** `id`: by which the session is known. */
  constructor(id: string, parts: MigrationParts, options: MigrateOptions) {
    this.#id = id
    this.#parts = parts
    this.#options = options
  }

  /** Resolves when the command has begun there. After a failure or a crash a further run does the rest, or begins anew. */
  async run(): Promise<void> {
    const source = await this.#source()
    if (this.#parts.sideOf(source.id) === this.#options.to) return
    if (hasEnded(source.phase) || source.phase === 'stopping')
      throw new HoldfastError('SESSION_ENDED', `session ${this.#id} is ${source.phase}: there is nothing to move`)
    const target = await this.#makeTarget(source)
    await this.#parts.moves.write(this.#id, { source: source.id, target, ended: false })
    await this.#endSource(source.id, target)
    await this.#begin(source.id, target)
  }

  /** What is to be moved, with what an earlier run left made good. Throws SESSION_NOT_FOUND. */
  async #source(): Promise<Session> {
    const { moves } = this.#parts
    const move = moves.of(this.#id)
    const real = moves.at(this.#id)
    const source = await this.#api(real).getSession(real).catch(unlessGone)
    const waiting = await this.#targets()
    // Its source was ended, or it is the session already: all that is left is to let it begin.
    const goesOn = waiting.find(({ id }) => id === (isEnded(source) ? move?.target : real))
    for (const { id } of waiting) if (id !== goesOn?.id) await this.#api(id).deleteSession(id).catch(unlessGone)
    if (goesOn !== undefined) {
      if (goesOn.id !== real) await this.#untilEnded(real)
      await this.#begin(move?.source ?? this.#id, goesOn.id)
      return this.#api(goesOn.id).getSession(goesOn.id)
    }
    if (source === null) throw new HoldfastError('SESSION_NOT_FOUND', `no session ${this.#id}`)
    await moves.settle(this.#id, real)
    return source
  }

  /** Those that were made for this session and have not begun. */
  async #targets(): Promise<Session[]> {
    const label = [`${MOVING}=${this.#id}`]
    const { local, cluster } = this.#parts.sides
    const [here, there] = await Promise.all([allSessions(local, { label }), allSessions(cluster, { label })])
    return [...here, ...there]
  }

  /** Its id; it holds everything but has not begun. When that fails nothing has changed. */
  async #makeTarget(source: Session): Promise<string> {
    const { sides } = this.#parts
    const { to } = this.#options
    const from = this.#api(source.id)
    this.#step('reading screen and environment')
    const [screen, env] = await Promise.all([
      from.screen(source.id, 'ansi', MAX_SCROLLBACK_LINES),
      from.environment(source.id),
    ])
    this.#step(`making it ${sideName(to)}`)
    try {
      const body = targetOf(this.#id, source, { screen, env }, this.#options)
      const made = await sides[to].createSession(body, { idempotencyKey: randomId(20) })
      const target = await untilStarted(sides[to], made)
      refuseFailed(target)
      return target.id
    } catch (error) {
      for (const { id } of await this.#targets().catch(() => []))
        await this.#api(id)
          .deleteSession(id)
          .catch(() => {})
      if (!(error instanceof HoldfastError)) throw error
      const how = error.code === 'CWD_NOT_FOUND' ? '; `cwd` says another one' : ''
      throw new HoldfastError(error.code, `it stays where it is: ${error.message}${how}`, { cause: error })
    }
  }

  /** Resolves when it has ended. When it goes on, or somebody else ended it, the target goes. */
  async #endSource(id: string, target: string): Promise<void> {
    const api = this.#api(id)
    this.#step(`ending it ${sideName(this.#parts.sideOf(id))}`)
    try {
      await api.deleteSession(id)
    } catch (error) {
      const goesOn = (await api.getSession(id).catch(unlessGone)) !== null
      const endedByOthers = error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND'
      // Otherwise it is not known whether all of it has ended: whoever runs this again says that the target may begin.
      if (!goesOn && !endedByOthers) throw error
      await this.#api(target).deleteSession(target).catch(unlessGone)
      await this.#parts.moves.settle(this.#id, id)
      throw error
    }
    await this.#untilEnded(id)
  }

  /** Throws TIMEOUT. */
  async #untilEnded(id: string): Promise<void> {
    for (const end = Date.now() + END_MS; ; await delay(LOOK_MS)) {
      const left = await this.#api(id).getSession(id).catch(unlessGone)
      if (left === null || hasEnded(left.phase)) return
      if (Date.now() > end) throw new HoldfastError('TIMEOUT', `session ${this.#id} does not end; run this again`)
    }
  }

  async #begin(source: string, target: string): Promise<void> {
    const api = this.#api(target)
    await this.#parts.moves.write(this.#id, { source, target, ended: true })
    this.#step('starting its command')
    await api.signal(target, 'CONT')
    await api.updateSession(target, { labels: { [MOVING]: null } })
  }

  #api(id: string): SessionApi {
    return this.#parts.sides[this.#parts.sideOf(id)]
  }

  #step(what: string): void {
    this.#options.onStep?.(what)
  }
}
