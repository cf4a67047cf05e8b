/** Typed characters shown before their echo comes: laid over the terminal, whose cells, selection and copies never have them. */
import { type Attachment, AttachmentEcho, type Sight } from '@holdfast/client'
import type { HostMessage } from '@holdfast/protocol'
import { look } from '../look.ts'

type Modes = Pick<Extract<HostMessage, { type: 'tty' }>, 'echo' | 'canonical'>

/** The terminal that guesses are laid over. */
export interface Board {
  /** null while output waits to be drawn: nobody knows where the cursor will be. */
  sight(): Sight | null
  /** At the cursor; '' takes away what was there. */
  overlay(text: string): void
  /** Runs when what was written so far is drawn. */
  afterOutput(run: () => void): void
}

/** For one attachment, as the user wants it now. */
export class Guesses {
  readonly #attachment: Attachment
  readonly #board: Board
  readonly #unfollow: () => void
  #echo: AttachmentEcho
  #modes: Modes | null = null

  constructor(attachment: Attachment, board: Board) {
    this.#attachment = attachment
    this.#board = board
    this.#echo = this.#begin()
    let wanted = look.peek().predict
    this.#unfollow = look.subscribe(({ predict }) => {
      if (predict === wanted) return
      wanted = predict
      this.#echo.end()
      this.#echo = this.#begin()
    })
  }

  typed(bytes: Uint8Array): void {
    this.#echo.typed(bytes)
  }

  /** As it is drawn now. */
  output(sight: Sight): void {
    this.#echo.output(sight)
    this.#show()
  }

  hear(message: HostMessage): void {
    if (message.type === 'tty') {
      this.#modes = message
      this.#echo.modes(message)
    } else if (message.type === 'input-ack') this.#acknowledged()
  }

  attached(): void {
    this.#echo.attached()
  }

  /** Something else than output has changed the terminal, or the connection is lost. */
  interrupt(): void {
    this.#echo.interrupt()
  }

  end(): void {
    this.#unfollow()
    this.#echo.end()
  }

  #begin(): AttachmentEcho {
    const echo = new AttachmentEcho(look.peek().predict, this.#attachment, {
      sight: () => this.#board.sight(),
      onGuesses: () => {
        if (echo === this.#echo) this.#show()
      },
    })
    if (this.#modes !== null) echo.modes(this.#modes)
    return echo
  }

  #acknowledged(): void {
    const { taken } = this.#echo
    this.#board.afterOutput(() => this.#echo.acknowledged(taken))
  }

  #show(): void {
    this.#board.overlay(this.#echo.shown)
  }
}
