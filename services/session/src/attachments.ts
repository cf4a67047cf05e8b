/** All views of one session: who controls it, how each one joins and leaves, and what they are all told. */
import { type Claim, HoldfastError, type HostMessage, type Resume, type TerminalColors } from '@holdfast/protocol'
import { Attachment } from './attachment.ts'
import { ClientInputs } from './client-inputs.ts'
import { withoutFocusReports } from './focus-reports.ts'
import { Pace } from './pace.ts'
import { type Size, wantedSize } from './size-policy.ts'
import { StateNews } from './state-news.ts'
import type { Stream, Viewer, Wire } from './viewer.ts'

/** The part of a session that its viewers act on. */
export interface Controls {
  readonly inputFull: boolean
  input(bytes: Buffer): void
  /** The windows want this size. */
  resize(cols: number, rows: number): void
  size(): Size
  /** Someone came or went. */
  viewersChanged(): void
}

/** Where a client that was here before wants to go on. */
export interface Position {
  epoch: string | undefined
  offset: number | undefined
}

/** A terminal's driver hands out at most 4 KiB at a time; a piece this large is part of more, which is waited for. */
const FLOOD = { bytes: 1024, restMs: 2 }
/** Sizes of the replay buffer that a viewer may be behind before it is skipped ahead. */
const PATIENCE = 4
/** Milliseconds between two rounds of sending, for each viewer: what a round costs, so that many viewers get larger pieces. */
const ROUND_MS = 0.5

export class Attachments {
  readonly #terms: Pick<Claim, 'session' | 'sizePolicy'>
  readonly #stream: Stream
  readonly #controls: Controls
  readonly #all = new Set<Attachment>()
  readonly #inputs = new ClientInputs((identity) => this.#find(identity) !== undefined)
  readonly #held = new Set<Attachment>()
  /** Said to newcomers while the command does not read its input. */
  #blocked: HostMessage | null = null
  /** One client may take and release control all the time, or come and go; the others are not told each time. */
  readonly #news = new StateNews((message) => this.say(message))
  #rank = 0
  #controller: Attachment | null = null
  readonly #rounds = new Pace(() => {
    this.#needed = Number.POSITIVE_INFINITY
    for (const attachment of this.#all) {
      attachment.pump()
      this.#needed = Math.min(this.#needed, attachment.needs ?? this.#needed)
    }
  })
  #needed = Number.POSITIVE_INFINITY
  /** Who types waits for nobody's round. */
  readonly #controllers = new Pace(() => this.#controller?.pump())

  constructor(terms: Pick<Claim, 'session' | 'sizePolicy'>, stream: Stream, controls: Controls) {
    this.#terms = terms
    this.#stream = stream
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
    const attachment = new Attachment(viewer, wire, this.#stream, offset)
    if (viewer.mode === 'rw') attachment.rank = ++this.#rank
    // Before it is one of all: the first thing it is told is the welcome.
    this.#settle([...this.#all, attachment])
    this.#all.add(attachment)
    if (!viewer.raw) wire.sendMessage(this.#welcome(viewer, resume, offset))
    this.#membersChanged()
    if (this.#blocked !== null && viewer.mode === 'rw') attachment.say(this.#blocked)
    attachment.begin(resume === 'snapshot')
    return attachment
  }

  /** The connection is gone. */
  leave(attachment: Attachment): void {
    attachment.lost()
    if (!this.#all.has(attachment)) return
    this.#forget(attachment)
    this.#settle()
    this.#membersChanged()
  }

  input(attachment: Attachment, bytes: Buffer): void {
    const { identity, raw } = attachment.viewer
    const isController = attachment === this.#controller
    this.#controls.input(isController ? bytes : withoutFocusReports(bytes)) // first of all: its echo is what somebody waits for
    if (!raw) {
      this.#inputs.add(identity, bytes.length)
      attachment.inputAccepted(this.#inputs.offsetOf(identity))
    }
    if (!this.#controls.inputFull) return
    this.#held.add(attachment)
    attachment.holdInput()
  }

  /** Told to all who may type: what they typed waits, or flows again. */
  inputBlocked(blocked: boolean, waiting: number): void {
    const message: HostMessage = { type: 'input', blocked, waiting }
    this.#blocked = blocked ? message : null
    for (const attachment of this.#all) if (attachment.viewer.mode === 'rw') attachment.say(message)
  }

  /** The command reads its input again. */
  releaseInput(): void {
    for (const attachment of this.#held) attachment.releaseInput()
    this.#held.clear()
  }

  resize(attachment: Attachment, cols: number, rows: number): void {
    attachment.viewer.cols = cols
    attachment.viewer.rows = rows
    this.#settle()
  }

  colors(attachment: Attachment, colors: TerminalColors): void {
    attachment.viewer.colors = colors
    if (attachment === this.#controller) this.#stream.screen.seedColors(colors)
  }

  take(attachment: Attachment): void {
    attachment.rank = ++this.#rank
    this.#settle()
  }

  release(attachment: Attachment): void {
    attachment.rank = 0
    this.#settle()
  }

  /** Called for each piece of output. What a person waits for goes out at once; a flood goes out in larger pieces. */
  outputGrew(bytes: number): void {
    const restMs = bytes < FLOOD.bytes ? 0 : FLOOD.restMs
    if (this.#all.size > 1) this.#controllers.want(restMs)
    this.#rounds.want(restMs + (this.#all.size - 1) * ROUND_MS)
  }

  /** From here on the stream is still needed: by a snapshot, and, though not for ever, by viewers that only wait for a moment. */
  get needed(): number {
    const { replay, screen } = this.#stream
    return Math.min(screen.snapshotOffset, Math.max(this.#needed, replay.end - PATIENCE * replay.maxBytes))
  }

  pump(): void {
    this.#rounds.now()
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
  end(): void {
    for (const attachment of this.#all) attachment.fail('SESSION_ENDED', 'the session and its host have ended')
  }

  #find(identity: string): Attachment | undefined {
    for (const attachment of this.#all) if (attachment.viewer.identity === identity) return attachment
    return undefined
  }

  #forget(attachment: Attachment): void {
    this.#all.delete(attachment)
    this.#held.delete(attachment)
  }

  #resume({ raw }: Viewer, { epoch, offset }: Position): { resume: Resume; offset: number } {
    const { replay, screen } = this.#stream
    const isHeld = offset !== undefined && offset >= replay.start && offset <= replay.end
    if (!raw && epoch === this.#stream.epoch && isHeld) return { resume: 'delta', offset }
    if (!raw && replay.start === 0) return { resume: 'fresh', offset: 0 }
    return { resume: 'snapshot', offset: screen.snapshotOffset }
  }

  #welcome({ identity, mode }: Viewer, resume: Resume, offset: number): HostMessage {
    const { epoch } = this.#stream
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
    const { client = null, colors } = latest?.viewer ?? {}
    if (colors !== undefined) this.#stream.screen.seedColors(colors)
    if (client !== (before?.viewer.client ?? null)) this.#news.tell({ type: 'control', controller: client })
  }

  #membersChanged(): void {
    this.#controls.viewersChanged()
    this.#news.tell({ type: 'clients', count: this.count })
  }
}
