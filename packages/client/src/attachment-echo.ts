/** Predictive echo of one attachment: counts what is typed into it, measures how far away its host is, and keeps the time in which an echo is due. */
import type { Attachment } from './attachment.ts'
import { type Prediction, PredictiveEcho, type Sight } from './predictive-echo.ts'

/** From the moment at which a program has its input until its echo should be there. Source: mosh, ECHO_TIMEOUT. */
const ECHO_MS = 50
/** Between two looks at how far away the host is, and only while keys are typed. */
const MEASURE_MS = 3000

/** The terminal in which guesses are shown. */
export interface EchoScreen {
  /** null while nothing can be guessed. */
  sight(): Sight | null
  /** Other guesses may be shown than before. */
  onGuesses(): void
  /** It is known anew how far away the host is. */
  onMeasured?(): void
}

/** One for each attachment and terminal; tells its screen when to show what. */
export class AttachmentEcho {
  readonly #echo: PredictiveEcho
  readonly #attachment: Pick<Attachment, 'ping' | 'unacknowledged'>
  readonly #screen: EchoScreen
  #typed = 0
  #measuredAt = Number.NEGATIVE_INFINITY
  #over = false

  /** `screen` is asked from the first call on. */
  constructor(mode: Prediction, attachment: Pick<Attachment, 'ping' | 'unacknowledged'>, screen: EchoScreen) {
    this.#echo = new PredictiveEcho(mode)
    this.#attachment = attachment
    this.#screen = screen
  }

  /** Characters to be shown from the cursor on; '' for none. */
  get shown(): string {
    return this.#over ? '' : this.#echo.shown
  }

  /** Could anything be shown, as far away as the host is? */
  get wanted(): boolean {
    return this.#echo.wanted
  }

  /** Input that the host has had by now, bytes. */
  get taken(): number {
    return this.#typed - this.#attachment.unacknowledged
  }

  /** The connection is there, or there again. */
  attached(): void {
    this.acknowledged() // the first word of a host tells what it has, too
    void this.#measure()
  }

  /** All that was given to the attachment, whatever it is. */
  typed(bytes: Uint8Array): void {
    this.#typed += bytes.length
    const sight = this.#screen.sight()
    this.#echo.typed(bytes, sight)
    this.#screen.onGuesses()
    if (sight !== null && performance.now() - this.#measuredAt > MEASURE_MS) void this.#measure()
  }

  /** Output was parsed; the screen puts itself right. */
  output(sight: Sight): void {
    this.#echo.output(sight)
  }

  /** As the host tells them. */
  modes(tty: { echo: boolean; canonical: boolean }): void {
    this.#echo.modes(tty)
    this.#screen.onGuesses()
  }

  /** The host has told what input it has taken, and the screen shows what came before that. */
  acknowledged(taken = this.taken): void {
    this.#echo.taken(taken, this.#screen.sight())
    this.#screen.onGuesses()
    setTimeout(() => {
      this.#echo.overdue(taken)
      this.#screen.onGuesses()
    }, ECHO_MS)
  }

  /** The connection is gone, or something else than output has changed the terminal. */
  interrupt(): void {
    this.#echo.interrupt()
    this.#screen.onGuesses()
  }

  /** Nothing is shown from now on. */
  end(): void {
    this.#over = true
    this.#screen.onGuesses()
  }

  async #measure(): Promise<void> {
    this.#measuredAt = performance.now()
    const ms = await this.#attachment.ping().catch(() => null)
    if (ms === null || this.#over) return
    this.#echo.roundTrip(ms)
    this.#screen.onGuesses()
    this.#screen.onMeasured?.()
  }
}
