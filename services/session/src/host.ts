/** The host: empty until a claim gives it its one session, gone some time after that session's end. */
import {
  type Claim,
  type ClaimIdentity,
  type DeathNote,
  HoldfastError,
  type HostStatus,
  SUBPROTOCOL,
} from '@holdfast/protocol'
import type { Logger } from '@holdfast/service-kit'
import { prepareLaunch, type Surroundings } from './launch.ts'
import { Session } from './session.ts'

export interface HostParts {
  hostId: string
  hold: string
  oomCounters: readonly string[]
  surroundings: Surroundings
  logger: Logger
}

const identityOf = ({ env: _secret, above: _screen, detectors: _detectors, ...identity }: Claim): ClaimIdentity =>
  identity

export class Host {
  readonly #parts: HostParts
  readonly #bornAt = new Date().toISOString()
  readonly #claimed = Promise.withResolvers<Session>()
  #session: Session | null = null

  constructor(parts: HostParts) {
    this.#parts = parts
  }

  get claim(): Claim | null {
    return this.#session?.claim ?? null
  }

  /** Resolves with the first and only session. */
  get claimed(): Promise<Session> {
    return this.#claimed.promise
  }

  /** Throws SESSION_STARTING while there is none. */
  get session(): Session {
    if (this.#session === null) throw new HoldfastError('SESSION_STARTING', 'this host has no session yet')
    return this.#session
  }

  /** The same claim again changes nothing; STALE for another one; COMMAND_NOT_FOUND and CWD_NOT_FOUND leave the host empty. */
  take(claim: Claim): void {
    if (this.#session !== null) {
      const { session, fence } = this.#session.claim
      if (session === claim.session && fence === claim.fence) return
      throw new HoldfastError('STALE', `this host belongs to session ${session}, fence ${fence}`)
    }
    const { hold, oomCounters, surroundings, logger } = this.#parts
    const launch = prepareLaunch(claim, surroundings)
    const session = new Session({ claim, launch, hold, oomCounters })
    this.#session = session
    logger.info({ session: claim.session, incarnation: claim.incarnation, command: claim.command }, 'session started')
    session.events.once('exit', () => logger.info({ session: claim.session, ...session.state.exit }, 'session ended'))
    this.#claimed.resolve(session)
  }

  status(): HostStatus {
    const { hostId } = this.#parts
    const session = this.#session
    if (session === null) {
      const nothing = {
        claim: null,
        epoch: null,
        offset: 0,
        cols: 0,
        rows: 0,
        viewers: 0,
        title: '',
        cwd: null,
        commands: 0,
      }
      return {
        hostId,
        protocol: SUBPROTOCOL,
        ...nothing,
        startedAt: null,
        activity: { at: this.#bornAt, because: 'start' },
        agent: null,
        expiring: null,
        oomKills: 0,
        exit: null,
      }
    }
    const { cols, rows, oomKills, exit } = session.state
    return {
      hostId,
      protocol: SUBPROTOCOL,
      claim: identityOf(session.claim),
      epoch: session.epoch,
      offset: session.stream.end,
      cols,
      rows,
      viewers: session.attachments.count,
      title: session.title,
      cwd: session.shell.cwd,
      commands: session.shell.log.count,
      startedAt: session.startedAt,
      activity: session.activity.latest,
      agent: session.agent.latest,
      expiring: session.expiry.expiring,
      oomKills,
      exit,
    }
  }

  /** What is left to say when the session has ended and the host goes; null without an ended session. */
  async deathNote(): Promise<DeathNote | null> {
    const session = this.#session
    const exit = session?.state.exit
    if (!session || !exit) return null
    return { holdfast: 'death-note', claim: identityOf(session.claim), exit, screen: await session.finalScreen() }
  }
}
