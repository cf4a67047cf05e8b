/** Sessions of one tmux server on this machine, with the calls of a cluster's client. No process of ours runs between two calls. */
import { rm } from 'node:fs/promises'
import type { AttachOptions, CreateOptions, ListQuery } from '@holdfast/client'
import {
  type CreateSession,
  checkDetectors,
  DETECTORS,
  type Detector,
  HoldfastError,
  keyBytes,
  patched,
  randomId,
  type ScreenFormat,
  type ServerEvent,
  type Session,
  type SessionPage,
  type SignalName,
  type Update,
  updateSchema,
  type Wait,
  type WaitResult,
  withoutControls,
} from '@holdfast/protocol'
import { family, gone, killAll, read } from '@holdfast/runtime/process-table'
import { Semaphore } from '@holdfast/runtime/semaphore'
import { Errors } from 'typebox/value'
import type { LiveAttachment, SessionApi } from '../api.ts'
import { withAgents } from './agents.ts'
import { TmuxAttachment } from './attachment.ts'
import { creationOf } from './creation.ts'
import { environmentIn } from './environment.ts'
import { changes } from './events.ts'
import { lacksStatus, MAX_LOOKS, REAP } from './exits.ts'
import { isGated, openGate, reachGate } from './gate.ts'
import { encode, FORMAT, keptOf, OPTION, type Seen, seen } from './record.ts'
import { screenOf } from './screens.ts'
import { isGone, paneOf, Tmux } from './tmux.ts'
import { waitFor } from './waits.ts'

const DEFAULT_SOCKET = 'holdfast'
/** HUP first, KILL after this. */
const GRACE_MS = 5_000
const KILL_MS = 5_000
/** How long a look at all processes waits for others. */
const SCAN_MS = 30_000

const notFound = (id: string): HoldfastError => new HoldfastError('SESSION_NOT_FOUND', `no session ${id}`)

export class TmuxSessions implements SessionApi {
  readonly #tmux: Tmux
  readonly #detectors: readonly Detector[]
  /** Looks at all processes there are, one after the other. */
  readonly #scans = new Semaphore(1, SCAN_MS)

  /** `socket`: of the server; a name, or an absolute path. `detectors` come before those of Holdfast. */
  constructor({ socket = DEFAULT_SOCKET, detectors = [] }: { socket?: string; detectors?: readonly Detector[] } = {}) {
    checkDetectors(detectors)
    this.#tmux = new Tmux(socket)
    this.#detectors = [...detectors, ...DETECTORS]
  }

  async createSession(body: CreateSession, { idempotencyKey }: CreateOptions = {}): Promise<Session> {
    const { id, bodyHash, file, script } = await creationOf(body, idempotencyKey)
    const make = () => this.#tmux.run(['start-server', ';', 'source-file', '-'], script)
    try {
      // With its last session a server goes, and with it whoever has just come to it: the next one is a new server.
      await make().catch((error: unknown) => {
        if (!isGone(error)) throw error
        return make()
      })
    } catch (error) {
      if (file !== null) await rm(file, { force: true })
      if (!(error instanceof HoldfastError) || error.code !== 'IDEMPOTENCY_CONFLICT') throw error
      const { session, bodyHash: first } = await this.#find(id)
      if (first === bodyHash) return session
      throw new HoldfastError('IDEMPOTENCY_CONFLICT', 'this Idempotency-Key came before with another body')
    }
    const { session, pid } = await this.#find(id)
    if (file !== null) await reachGate(pid)
    return session
  }

  async getSession(id: string): Promise<Session> {
    const [session] = await withAgents(this.#tmux, [await this.#find(id)], this.#detectors)
    if (session === undefined) throw notFound(id)
    return session
  }

  /** All on one page, newest first. */
  async listSessions({ phase, label = [] }: ListQuery = {}): Promise<SessionPage> {
    const wanted = label.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
    const found = (await this.#seen(['list-sessions', '-F', FORMAT])).filter(
      ({ session }) =>
        (phase === undefined || session.phase === phase) &&
        wanted.every(([name, value]) => session.labels[name] === value),
    )
    const sessions = await withAgents(this.#tmux, found, this.#detectors)
    return { sessions: sessions.sort((a, b) => b.createdAt.localeCompare(a.createdAt)) }
  }

  async environment(id: string): Promise<Record<string, string>> {
    await this.#running(id)
    return environmentIn(await this.#tmux.run(['show-environment', '-s', '-t', `=${id}`]))
  }

  async updateSession(id: string, patch: Update): Promise<Session> {
    const [fault] = Errors(updateSchema, patch)
    if (fault !== undefined) throw new HoldfastError('BAD_REQUEST', `body${fault.instancePath} ${fault.message}`)
    const { session, bodyHash } = await this.#find(id)
    const record = encode({ ...keptOf(session, bodyHash), ...patched(session, patch) })
    await this.#tmux.run(['set-option', '-t', paneOf(id), OPTION, record])
    return this.getSession(id)
  }

  async deleteSession(id: string): Promise<void> {
    const { pid, session } = await this.#find(id)
    const members = await this.#scans.run(async () => {
      // tmux tells the pid of what has ended, too, which may be another process by now.
      const leader = session.phase === 'running' ? await read(pid) : null
      return leader === null ? [] : family([leader])
    })
    await this.#tmux.run(['kill-session', '-t', `=${id}`]) // HUP to all that have the terminal
    if (await gone(members, GRACE_MS)) return
    if (!(await killAll(members, KILL_MS)))
      throw new HoldfastError('RUNTIME_UNAVAILABLE', `processes of session ${id} cannot be killed`)
  }

  async input(id: string, data: string | Uint8Array): Promise<void> {
    await this.#running(id)
    if (data.length > 0) await this.#type(id, data, [])
  }

  /** tmux itself knows whether the program asked for brackets. */
  async paste(id: string, text: string): Promise<void> {
    await this.#running(id)
    const clean = withoutControls(text)
    if (clean !== '') await this.#type(id, clean, ['-p'])
  }

  async sendKeys(id: string, keys: readonly string[]): Promise<void> {
    await this.#running(id)
    const applicationCursor = await this.#tmux.run(['display-message', '-p', '-t', paneOf(id), '#{keypad_cursor_flag}'])
    await this.#type(id, keyBytes(keys, applicationCursor.trim() === '1'), [])
  }

  async resize(id: string, cols: number, rows: number): Promise<void> {
    await this.#tmux.run(['resize-window', '-t', paneOf(id), '-x', String(cols), '-y', String(rows)])
  }

  async signal(id: string, name: SignalName): Promise<void> {
    const { pid } = await this.#running(id)
    if (name === 'CONT' && (await isGated(pid))) return openGate(pid)
    const { foreground = -1 } = (await read(pid)) ?? {}
    try {
      // kill(2) takes 0 for our own group, and the 1 that -1 (no terminal) would become for init.
      if (foreground <= 1) throw new Error('no group has the terminal')
      process.kill(-foreground, `SIG${name}`)
    } catch (cause) {
      throw new HoldfastError('BAD_REQUEST', `no process in the foreground takes SIG${name}`, { cause })
    }
  }

  async wait(id: string, body: Wait, signal?: AbortSignal): Promise<WaitResult> {
    const { pid } = await this.#find(id)
    return waitFor({ tmux: this.#tmux, id, pid, detectors: this.#detectors }, body, signal)
  }

  async screen(id: string, format: ScreenFormat, scrollback = 0): Promise<string> {
    return screenOf(this.#tmux, (await this.#find(id)).session, format, scrollback)
  }

  async output(): Promise<never> {
    throw new HoldfastError(
      'BAD_REQUEST',
      'tmux keeps no output by offset, and passes on no marks of commands; a cluster does',
    )
  }

  attach(id: string, options: AttachOptions): LiveAttachment {
    const input = (session: string, data: Uint8Array) => this.#type(session, data, [])
    const resize = (session: string, cols: number, rows: number) => this.resize(session, cols, rows)
    const signal = (session: string, name: SignalName) => this.signal(session, name)
    return new TmuxAttachment({ tmux: this.#tmux, input, resize, signal }, id, options)
  }

  events(signal: AbortSignal): AsyncIterable<ServerEvent> {
    return changes(() => this.listSessions(), signal)
  }

  /** What a command prints by FORMAT; of what is gone, also with its server, there is nothing. */
  async #seen(command: readonly string[]): Promise<Seen[]> {
    const isVague = ({ session: { phase, exitCode = null, signal = null } }: Seen): boolean =>
      phase === 'exited' && lacksStatus({ exitCode, signal })
    const look = async (words: readonly string[]): Promise<Seen[]> => {
      const lines = await this.#tmux.run(words).catch((error: unknown) => {
        if (isGone(error)) return ''
        throw error
      })
      return lines.split('\n').flatMap((line) => (line === '' ? [] : (seen(line) ?? [])))
    }
    let all = await look(command)
    for (let looks = 0; all.some(isVague) && looks < MAX_LOOKS; looks++) all = await look([...REAP, ';', ...command])
    return all
  }

  async #find(id: string): Promise<Seen> {
    const [found] = await this.#seen(['display-message', '-p', '-t', paneOf(id), FORMAT])
    // A target may say more than a session's name.
    if (found?.session.id !== id) throw notFound(id)
    return found
  }

  async #running(id: string): Promise<Seen> {
    const found = await this.#find(id)
    if (found.session.phase === 'running') return found
    throw new HoldfastError('SESSION_ENDED', `session ${id} has ended`)
  }

  /** A buffer carries any bytes; keys of `send-keys` would be characters. `-r`: line feeds stay what they are. */
  async #type(id: string, data: string | Uint8Array, flags: readonly string[]): Promise<void> {
    const buffer = `holdfast-${id}-${randomId(8)}`
    const paste = ['paste-buffer', '-d', '-r', ...flags, '-b', buffer, '-t', paneOf(id)]
    await this.#tmux.run(['load-buffer', '-b', buffer, '-', ';', ...paste], data)
  }
}
