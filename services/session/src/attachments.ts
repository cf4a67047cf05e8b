/** All views of one session: who controls it, how each one joins and leaves, and what they are all told. */
import { HoldfastError, type HostMessage, type Resume } from '@holdfast/protocol'
import { Attachment } from './attachment.ts'
import { ClientInputs } from './client-inputs.ts'
import { StateNews } from './state-news.ts'
import type { Stream, Viewer, Wire } from './viewer.ts'

/** The part of a session that its viewers act on. */
export interface Controls {
  readonly inputFull: boolean
  input(bytes: Buffer): void
  /** The controller's window has this size. */
  resize(cols: number, rows: number): void
  size(): { cols: number; rows: number }
  /** Someone came or went. */
  viewersChanged(): void
}

/** Where a client that was here before wants to go on. */
export interface Position {
  epoch: string | undefined
  offset: number | undefined
}

/** A terminal's driver hands out at most 4 KiB at a time; a piece this large is part of more. */
const FLOOD_BYTES = 1024
const FLOOD_MS = 2

export class Attachments {
  readonly #session: string
  readonly #stream: Stream
  readonly #controls: Controls
  readonly #all = new Set<Attachment>()
  readonly #inputs = new ClientInputs((identity) => this.#find(identity) !== undefined)
  readonly #held = new Set<Attachment>()
  /** One client may take and release control all the time, or come and go; the others are not told each time. */
  readonly #news = new StateNews((message) => this.say(message))
  #rank = 0
  #controller: string | null = null
  #flood: NodeJS.Timeout | undefined

  constructor(session: string, stream: Stream, controls: Controls) {
    this.#session = session
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
    const claims = viewer.mode === 'rw'
    if (claims) this.#giveControl(viewer)
    else this.#followController()
    const { resume, offset } = this.#resume(viewer, position)
    const attachment = new Attachment(viewer, wire, this.#stream, offset)
    this.#all.add(attachment)
    if (claims) attachment.rank = ++this.#rank
    if (!viewer.raw) wire.sendMessage(this.#welcome(viewer, resume, offset))
    this.#membersChanged()
    attachment.begin(resume === 'snapshot')
    return attachment
  }

  /** The connection is gone. */
  leave(attachment: Attachment): void {
    attachment.lost()
    if (!this.#all.has(attachment)) return
    this.#forget(attachment)
    this.#followController()
    this.#membersChanged()
  }

  input(attachment: Attachment, bytes: Buffer): void {
    const { identity, raw } = attachment.viewer
    if (!raw) {
      this.#inputs.add(identity, bytes.length)
      attachment.inputAccepted(this.#inputs.offsetOf(identity))
    }
    this.#controls.input(bytes)
    if (!this.#controls.inputFull) return
    this.#held.add(attachment)
    attachment.holdInput()
  }

  /** The command reads its input again. */
  releaseInput(): void {
    for (const attachment of this.#held) attachment.releaseInput()
    this.#held.clear()
  }

  resize(attachment: Attachment, cols: number, rows: number): void {
    attachment.viewer.cols = cols
    attachment.viewer.rows = rows
    this.take(attachment)
  }

  take(attachment: Attachment): void {
    attachment.rank = ++this.#rank
    this.#followController()
  }

  release(attachment: Attachment): void {
    attachment.rank = 0
    this.#followController()
  }

  /** Called for each piece of output. What a person waits for goes out at once; a flood goes out in larger pieces. */
  outputGrew(bytes: number): void {
    if (bytes < FLOOD_BYTES) this.pump()
    else this.#flood ??= setTimeout(() => this.pump(), FLOOD_MS)
  }

  pump(): void {
    clearTimeout(this.#flood)
    this.#flood = undefined
    for (const attachment of this.#all) attachment.pump()
  }

  resized(cols: number, rows: number, offset: number): void {
    for (const attachment of this.#all) attachment.sayResized({ type: 'resized', cols, rows, offset })
  }

  say(message: HostMessage): void {
    for (const attachment of this.#all) attachment.say(message)
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
    const state = { ...this.#controls.size(), controller: this.#controller }
    return { type: 'attached', session: this.#session, epoch, offset, resume, inputOffset, mode, ...state }
  }

  /** The latest of those who want it: its window is the size (policy `latest`). */
  #followController(): void {
    const latest = [...this.#all].filter(({ rank }) => rank > 0).sort((a, b) => b.rank - a.rank)[0]
    this.#giveControl(latest?.viewer ?? null)
  }

  #giveControl(viewer: Viewer | null): void {
    const { cols, rows, client = null } = viewer ?? {}
    if (cols !== undefined && rows !== undefined) this.#controls.resize(cols, rows)
    if (client === this.#controller) return
    this.#controller = client
    this.#news.tell({ type: 'control', controller: client })
  }

  #membersChanged(): void {
    this.#controls.viewersChanged()
    this.#news.tell({ type: 'clients', count: this.count })
  }
}
