/** All views of one session: who controls it, how each one joins and leaves, and what they are all told. */
import {
  type Claim,
  type ErrorCode,
  HoldfastError,
  type HostMessage,
  type Resume,
  type TerminalColors,
} from '@holdfast/protocol'
import { Attachment } from './attachment.ts'
import { ClientInputs } from './client-inputs.ts'
import { type Size, wantedSize } from './size-policy.ts'
import { StateNews } from './state-news.ts'
import type { TtyModes } from './stream.ts'
import type { Viewer, Watched, Wire } from './viewer.ts'

/** The part of a session that its viewers act on. */
export interface Controls {
  /** The windows want this size. */
  resize(cols: number, rows: number): void
  size(): Size
  /** What its terminal looks like, of who controls the session. */
  seedColors(colors: TerminalColors): void
  /** Someone came or went. */
  viewersChanged(): void
}

/** Where a client that was here before wants to go on. */
export interface Position {
  epoch: string | undefined
  offset: number | undefined
}

const leavingNotice = (why: string | null): HostMessage =>
  why === null
    ? { type: 'notice', level: 'info', text: 'the machine under this session stays' }
    : {
        type: 'notice',
        level: 'warning',
        text: `the machine under this session is to go (${why}): end the session when you can`,
      }

export class Attachments {
  readonly #terms: Pick<Claim, 'session' | 'sizePolicy'>
  readonly #watched: Watched
  readonly #controls: Controls
  readonly #all = new Set<Attachment>()
  readonly #inputs = new ClientInputs((identity) => this.#find(identity) !== undefined)
  /** Said to newcomers while the command does not read its input. */
  #blocked: HostMessage | null = null
  /** Why the machine is to go, said to newcomers, too; null: it stays. */
  #leaving: string | null = null
  /** One client may take and release control all the time, or come and go; the others are not told each time. */
  readonly #news = new StateNews((message) => this.say(message))
  /** A shell changes the terminal's modes twice for each command. */
  readonly #tty = new StateNews((message) => this.#sayTyping(message))
  #rank = 0
  #controller: Attachment | null = null

  constructor(terms: Pick<Claim, 'session' | 'sizePolicy'>, watched: Watched, controls: Controls) {
    this.#terms = terms
    this.#watched = watched
    this.#controls = controls
  }

  get count(): number {
    return this.#all.size
  }

  /**
   * The same client's older view ends first, so that none of its bytes is counted after `inputOffset` is told. Throws
   * ATTACH_TIMEOUT when this one is the older: the client gave that connection up, and its words were still under way.
   */
  attach(viewer: Viewer, wire: Wire, position: Position): Attachment {
    const older = this.#find(viewer.identity)
    if (older !== undefined && older.viewer.expires > viewer.expires) {
      throw new HoldfastError('ATTACH_TIMEOUT', 'the same client has attached over a newer connection')
    }
    if (older !== undefined) {
      older.fail('KICKED', 'the same client attached again')
      this.#forget(older)
    }
    const { resume, offset } = this.#resume(viewer, position)
    const attachment = new Attachment(viewer, wire, this.#watched)
    if (viewer.mode === 'rw') attachment.rank = ++this.#rank
    // Before it is one of all: the first thing it is told is the welcome.
    this.#settle([...this.#all, attachment])
    this.#all.add(attachment)
    if (!viewer.raw) wire.sendMessage(this.#welcome(viewer, resume, offset))
    this.#membersChanged()
    if (viewer.mode === 'rw') {
      attachment.say({ type: 'tty', ...this.#watched.stream.tty })
      if (this.#blocked !== null) attachment.say(this.#blocked)
    }
    if (this.#leaving !== null) attachment.say(leavingNotice(this.#leaving))
    attachment.begin(offset, resume === 'snapshot', this.#inputs.offsetOf(viewer.identity))
    return attachment
  }

  /** The connection is gone. */
  leave(attachment: Attachment): void {
    if (!this.#all.has(attachment)) return
    this.#forget(attachment)
    this.#settle()
    this.#membersChanged()
  }

  /** Told to all: the machine under the session is to go, or (null) stays after all. */
  machineLeaves(why: string | null): void {
    if (why === this.#leaving) return
    this.#leaving = why
    this.say(leavingNotice(why))
  }

  /** Told to all who may type: what they typed waits, or flows again. */
  inputBlocked(blocked: boolean, waiting: number): void {
    const message: HostMessage = { type: 'input', blocked, waiting }
    this.#blocked = blocked ? message : null
    this.#sayTyping(message)
  }

  /** Told to all who may type. */
  ttyChanged(modes: TtyModes): void {
    this.#tty.tell({ type: 'tty', ...modes })
  }

  resize(attachment: Attachment, cols: number, rows: number): void {
    attachment.viewer.cols = cols
    attachment.viewer.rows = rows
    this.#settle()
  }

  colors(attachment: Attachment, colors: TerminalColors): void {
    attachment.viewer.colors = colors
    if (attachment === this.#controller) this.#controls.seedColors(colors)
  }

  take(attachment: Attachment): void {
    attachment.rank = ++this.#rank
    this.#settle()
  }

  release(attachment: Attachment): void {
    attachment.rank = 0
    this.#settle()
  }

  resized(cols: number, rows: number, offset: number): void {
    for (const attachment of this.#all) attachment.sayResized({ type: 'resized', cols, rows, offset })
  }

  say(message: HostMessage): void {
    for (const attachment of this.#all) attachment.say(message)
  }

  sayController(message: HostMessage): void {
    this.#controller?.say(message)
  }

  /** The host goes away for good. */
  end(code: ErrorCode, message: string): void {
    for (const attachment of this.#all) attachment.fail(code, message)
  }

  #sayTyping(message: HostMessage): void {
    for (const attachment of this.#all) if (attachment.viewer.mode === 'rw') attachment.say(message)
  }

  #find(identity: string): Attachment | undefined {
    for (const attachment of this.#all) if (attachment.viewer.identity === identity) return attachment
    return undefined
  }

  #forget(attachment: Attachment): void {
    const { identity, raw } = attachment.viewer
    const typed = attachment.part()
    if (!raw) this.#inputs.set(identity, typed)
    this.#all.delete(attachment)
  }

  #resume({ raw }: Viewer, { epoch, offset }: Position): { resume: Resume; offset: number } {
    const { start, end } = this.#watched.stream.state
    const isHeld = offset !== undefined && offset >= start && offset <= end
    if (!raw && epoch === this.#watched.epoch && isHeld) return { resume: 'delta', offset }
    if (!raw && start === 0) return { resume: 'fresh', offset: 0 }
    return { resume: 'snapshot', offset: this.#watched.screen.snapshotOffset }
  }

  #welcome({ identity, mode }: Viewer, resume: Resume, offset: number): HostMessage {
    const { epoch } = this.#watched
    const inputOffset = this.#inputs.offsetOf(identity)
    const state = { ...this.#controls.size(), controller: this.#controller?.viewer.client ?? null }
    return { type: 'attached', session: this.#terms.session, epoch, offset, resume, inputOffset, mode, ...state }
  }

  /** The latest of those who want it is the controller; the size is what the policy makes of all windows. */
  #settle(all: readonly Attachment[] = [...this.#all]): void {
    const latest = all.filter(({ rank }) => rank > 0).sort((a, b) => b.rank - a.rank)[0] ?? null
    const viewers = all.map(({ viewer }) => viewer)
    const size = wantedSize(this.#terms.sizePolicy, latest?.viewer ?? null, viewers)
    if (size !== null) this.#controls.resize(size.cols, size.rows)
    const before = this.#controller
    this.#controller = latest
    if (latest === before) return
    this.#watched.stream.control(latest?.wire.socket ?? null)
    const { client = null, colors } = latest?.viewer ?? {}
    if (colors !== undefined) this.#controls.seedColors(colors)
    if (client !== (before?.viewer.client ?? null)) this.#news.tell({ type: 'control', controller: client })
  }

  #membersChanged(): void {
    this.#controls.viewersChanged()
    this.#news.tell({ type: 'clients', count: this.count })
  }
}
