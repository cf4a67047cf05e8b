/** A session on a pane: the client's attachment drives the terminal, the terminal feeds the attachment. */
import type { Attachment, HoldfastClient, LinkState } from '@holdfast/client'
import {
  ERRORS,
  HoldfastError,
  type HostMessage,
  hasEnded,
  type Phase,
  type Session,
  type TerminalColors,
} from '@holdfast/protocol'
import { notify } from '../notifications.ts'
import { endText } from '../wording.ts'
import { writeClipboard } from './clipboard.ts'
import { Guesses } from './guesses.ts'
import { withCtrl } from './key-sequences.ts'
import { Meter } from './meter.ts'
import { Pane, type Size } from './pane.ts'
import type { Link, ViewState } from './view-state.ts'

export interface LiveOptions {
  client: HoldfastClient
  session: string
  /** Name of the session, for what is told outside the page. */
  name(): string
  element: HTMLElement
  state: ViewState
  onLeave(): void
}

/** Close codes after which only the last screen can be shown. */
const GONE: ReadonlySet<number> = new Set([ERRORS.SESSION_NOT_FOUND.ws, ERRORS.SESSION_ENDED.ws])
/** From this attempt on the page asks whether the session still exists: the browser cannot see why an upgrade was refused. */
const ASK_AFTER_ATTEMPTS = 2
/** What the gateway says when it is asked, of an upgrade that it refuses. A guest's right is only the link. */
const REFUSALS: Readonly<Record<string, { code: number; reason: string }>> = {
  SESSION_NOT_FOUND: { code: ERRORS.SESSION_NOT_FOUND.ws, reason: '' },
  UNAUTHENTICATED: {
    code: ERRORS.UNAUTHENTICATED.ws,
    reason: 'the link is no longer good, or its session is not there',
  },
}
const LAST_SCREEN_LINES = 1000
/** An attach that takes longer than this wakes a suspended session, or waits for one that starts. */
const WAKING_MS = 300
/** Between two questions what it waits for. */
const ASK_WHY_MS = 1000
const WAKING: Partial<Record<Phase, string>> = {
  pending: 'Looking for a place',
  starting: 'Starting',
  suspended: 'Waking the session',
  stopping: 'The session is being ended',
}
/** LNM: a stored screen separates its lines by line feeds alone or with returns. */
const LINE_FEED_IS_NEWLINE = '\x1b[20h'

const isOver = ({ kind }: Link): boolean => kind === 'ended' || kind === 'closed' || kind === 'over'
const sameSize = (a: Size, b: Size): boolean => a.cols === b.cols && a.rows === b.rows

export class Live {
  readonly #options: LiveOptions
  readonly #pane: Pane
  readonly #meter: Meter
  #attachment: Attachment
  #guesses: Guesses | null = null
  #wanted: Size
  /** Counts attachments: what an older one still says is ignored. */
  #generation = 0
  /** The session itself has shown its screen to this attachment. */
  #hasShown = false
  #colors: TerminalColors = {}

  constructor(options: LiveOptions) {
    this.#options = options
    const { state } = options
    this.#pane = new Pane(options.element, {
      onInput: (data) => this.#type(data),
      onFit: (size) => this.#fit(size),
      onColors: (colors) => this.#wear(colors),
      onTitle: (title) => {
        state.title.value = title
      },
      onBell: () => {
        state.bells.value++
        notify(options.name(), 'The terminal rang.', options.session)
      },
      onRiskyPaste: (text) => {
        state.pasting.value = text
      },
      onAddress: (address) => {
        state.address.value = address
      },
      onFound: (found) => {
        state.found.value = found
      },
      onLeave: options.onLeave,
    })
    this.#wanted = this.#pane.fitSize()
    this.#attachment = this.#attach()
    this.#meter = new Meter(state, () => this.#attachment)
  }

  get pane(): Pane {
    return this.#pane
  }

  /** A new attachment after one that was closed for good. */
  reattach(): void {
    this.#drop()
    this.#attachment = this.#attach()
    this.#pane.focus()
  }

  takeControl(): void {
    if (this.#options.state.link.value.kind !== 'attached') return
    this.#attachment.control('take')
    this.#attachment.resize(this.#wanted.cols, this.#wanted.rows)
    this.#pane.focus()
  }

  /** The others' windows count again. */
  releaseControl(): void {
    if (this.#options.state.link.value.kind === 'attached') this.#attachment.control('release')
  }

  dispose(): void {
    this.#meter.stop()
    this.#drop()
    this.#pane.dispose()
  }

  #drop(): void {
    this.#generation++
    this.#guesses?.end()
    this.#attachment.detach()
  }

  /** The pane has its first colours before there is an attachment. */
  #wear(colors: TerminalColors): void {
    this.#colors = colors
    this.#attachment?.colors(colors)
  }

  #type(data: string | Uint8Array): void {
    const { ctrl } = this.#options.state
    const text = ctrl.value && typeof data === 'string' ? withCtrl(data) : data
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
    try {
      this.#attachment.write(bytes)
      this.#guesses?.typed(bytes)
      ctrl.value = false
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      this.#options.state.notice.value = `Not sent: ${error.message}` // too much waits for the connection
    }
  }

  #attach(): Attachment {
    const { client, session } = this.#options
    const generation = this.#generation
    const current = (): boolean => generation === this.#generation
    const attachment = client.attach(session, {
      ...this.#wanted,
      onOutput: (bytes, parsed) => {
        const drawn = this.#meter.received(bytes.length, parsed)
        this.#pane.write(bytes, () => {
          drawn()
          this.#guesses?.output(this.#pane.drawn)
        })
      },
      onSnapshot: (bytes, size, parsed) => {
        this.#guesses?.interrupt()
        this.#pane.reset()
        this.#applySize(size)
        this.#pane.write(bytes, parsed)
      },
      onMessage: (message) => current() && this.#onMessage(message),
      onState: (link) => current() && this.#onState(link),
    })
    attachment.colors(this.#colors)
    this.#guesses = new Guesses(attachment, this.#pane)
    this.#hasShown = false
    setTimeout(() => {
      if (!current() || this.#hasShown) return
      void this.#showBefore()
      void this.#tellWhy()
    }, WAKING_MS)
    return attachment
  }

  /** What the session waits for, as long as it cannot be attached to. */
  async #tellWhy(): Promise<void> {
    const { client, session, state } = this.#options
    const generation = this.#generation
    while (generation === this.#generation && !this.#hasShown && !isOver(state.link.value)) {
      try {
        const { phase, waiting } = await client.why(session)
        const is = WAKING[phase] ?? null
        state.waking.value = is !== null && waiting ? `${is}: it waits for ${waiting.for}` : is
      } catch (error) {
        if (!(error instanceof HoldfastError && error.retryable)) break // a guest may not ask
      }
      await new Promise((done) => setTimeout(done, ASK_WHY_MS))
    }
    state.waking.value = null
  }

  /** What a session showed before it was suspended, until it runs again and shows it itself. */
  async #showBefore(): Promise<void> {
    const { client, session } = this.#options
    const generation = this.#generation
    const screen = await client.screen(session, 'ansi').catch(() => '')
    if (screen && generation === this.#generation && !this.#hasShown) this.#paint(screen)
  }

  #paint(screen: string): void {
    this.#pane.reset()
    this.#pane.write(new TextEncoder().encode(LINE_FEED_IS_NEWLINE + screen))
  }

  /** Asks for the size; the terminal takes it when the host says that the session has it. */
  #fit(size: Size): void {
    if (!sameSize(size, this.#wanted)) this.#attachment.resize(size.cols, size.rows)
    this.#wanted = size
    const { state } = this.#options
    state.foreignSize.value = !sameSize(size, state.size.value)
  }

  #applySize({ cols, rows }: Size): void {
    const { state } = this.#options
    this.#guesses?.interrupt()
    state.size.value = { cols, rows }
    state.foreignSize.value = !sameSize(state.size.value, this.#wanted)
    this.#pane.resize({ cols, rows })
  }

  #applyController(controller: string | null): void {
    const mine = controller === this.#attachment.client
    this.#options.state.control.value = controller === null ? 'nobody' : mine ? 'mine' : 'other'
  }

  #onMessage(message: HostMessage): void {
    const { state } = this.#options
    this.#guesses?.hear(message)
    switch (message.type) {
      case 'attached':
        this.#hasShown = true
        if (message.resume === 'fresh') this.#pane.reset()
        if (message.resume !== 'snapshot') this.#applySize(message)
        this.#pane.setReadOnly(message.mode === 'ro')
        state.readOnly.value = message.mode === 'ro'
        state.waitingInput.value = null
        this.#applyController(message.controller)
        break
      case 'resized':
        this.#applySize(message)
        break
      case 'control':
        this.#applyController(message.controller)
        break
      case 'clients':
        state.viewers.value = message.count
        break
      case 'title':
        state.title.value = message.title
        break
      case 'cwd':
        state.cwd.value = message.cwd
        break
      case 'notice':
        state.notice.value = message.title ? `${message.title}: ${message.text}` : message.text
        notify(message.title ?? this.#options.name(), message.text, this.#options.session)
        break
      case 'clipboard':
        void this.#copy(message.data)
        break
      case 'input':
        state.waitingInput.value = message.blocked ? message.waiting : null
        break
    }
  }

  async #copy(base64: string): Promise<void> {
    const failure = await writeClipboard(base64)
    if (failure !== null) this.#options.state.notice.value = failure
  }

  #onState(link: LinkState): void {
    const { state } = this.#options
    if (link.kind === 'attached') this.#guesses?.attached()
    else this.#guesses?.interrupt()
    if (link.kind === 'waiting') {
      state.link.value = { kind: 'waiting', dueAtMs: Date.now() + link.retryInMs, reason: link.reason }
      if (link.attempt >= ASK_AFTER_ATTEMPTS) void this.#showEnd(false)
      return
    }
    state.link.value = link
    if (link.kind === 'closed' && GONE.has(link.code)) void this.#showEnd(true)
  }

  /** Shows the last screen if the session has ended; `sure` when the host said that it is gone. */
  async #showEnd(sure: boolean): Promise<void> {
    const { client, session: id, state } = this.#options
    const generation = this.#generation
    const overtaken = (): boolean => generation !== this.#generation || (!sure && state.link.value.kind !== 'waiting')
    try {
      const session = await client.getSession(id)
      if (overtaken() || !hasEnded(session.phase)) return
      const screen = await client.screen(id, 'ansi', LAST_SCREEN_LINES).catch(() => '')
      if (!overtaken()) this.#showLastScreen(session, screen)
    } catch (error) {
      const refusal = error instanceof HoldfastError ? REFUSALS[error.code] : undefined
      if (refusal === undefined || overtaken()) return
      this.#drop()
      state.link.value = { kind: 'closed', ...refusal }
    }
  }

  #showLastScreen(session: Session, screen: string): void {
    this.#drop()
    this.#pane.setReadOnly(true)
    if (screen) {
      this.#applySize(session)
      this.#paint(screen)
    }
    const failed = session.phase === 'failed'
    const end = failed ? `failed: ${session.reason}` : endText(session.exitCode ?? null, session.signal ?? null)
    this.#options.state.link.value = { kind: 'over', end }
  }
}
