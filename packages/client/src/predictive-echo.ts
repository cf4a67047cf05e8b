/** Guesses what the echo of typed keys will be, and says which guesses may be shown before the echo comes. Knows no terminal and no clock. */

/** What a terminal that has parsed all output so far shows at its cursor, without anything that was guessed. */
export interface Sight {
  /** Line of the cursor, counted so that scrolling does not change it. */
  line: number
  /** Column of the cursor, from 0. */
  column: number
  /** Width of the terminal, columns. */
  cols: number
  /**
   * May a guess stand here? Not on the alternate screen, with a hidden cursor, in the midst of a sequence, where text does not
   * simply replace what was there, or unless all cells from the cursor to the right margin are empty.
   */
  open: boolean
  /** Text of the cursor's line between two columns. */
  text(from: number, to: number): string
}

/** When guesses are shown: where the way is long (`auto`), wherever it can be done, or never. */
export type Prediction = 'auto' | 'always' | 'never'

interface Guess {
  character: string
  /** Input bytes up to and with those it was typed with. */
  upTo: number
}

/** Shown from the first round trip on that is longer, until one that is shorter, milliseconds. Source: mosh, terminaloverlay.h, SRTT_TRIGGER_HIGH and _LOW. */
const SHOWN_ABOVE_MS = 30
const HIDDEN_BELOW_MS = 20
/** Share of the latest round trip in the one that counts. Source: RFC 6298 §2.3. */
const SMOOTHING = 1 / 8
/** More bytes at once are pasted, not typed. Source: mosh, stmclient.cc. */
const MAX_TYPED_BYTES = 100
/** Characters that take one cell in every terminal, and which line editors show as they are. */
const PLAIN = /^[ -~À-ɏ]$/

/**
 * One for each terminal. Told of typed bytes, of output that was parsed, of input that the host has taken, of the tty's modes and of
 * round trips, it has in `shown` what stands at the cursor until the real bytes come.
 *
 * A guess is shown only behind one that came true in the same line since the last key that was no character: nobody can know
 * before whether a program echoes, and the modes in hand are older than the way from the host.
 */
export class PredictiveEcho {
  readonly #mode: Prediction
  readonly #decoder = new TextDecoder()
  #guesses: Guess[] = []
  /** Typed during a pause. */
  #later: Guess[] = []
  /** Where the first guess belongs. */
  #at = { line: 0, column: 0 }
  /** A guess has come true, and nothing else has moved the cursor since. */
  #sure = false
  /** Input bytes so far, those the host has taken, and those to be taken before there are guesses again (0: there are). */
  #typed = 0
  #taken = 0
  #pausedUntil = 0
  #echoes = false
  #roundTripMs: number | null = null
  #far: boolean

  /** Guesses nothing before it has been told of modes, and in `auto` of a round trip. */
  constructor(mode: Prediction) {
    this.#mode = mode
    this.#far = mode === 'always'
  }

  /** Could anything be shown, as far away as the host is? */
  get wanted(): boolean {
    return this.#mode !== 'never' && this.#far
  }

  /** Characters to be shown from the cursor on; '' for none. */
  get shown(): string {
    return this.#sure ? this.#guesses.map(({ character }) => character).join('') : ''
  }

  /** Of termios(3), as the host tells them: ECHO, ICANON. Without `echo`, `canonical` means a password. */
  modes({ echo, canonical }: { echo: boolean; canonical: boolean }): void {
    this.#echoes = echo || !canonical
    if (!this.#echoes) this.#giveUp()
  }

  /** Milliseconds to the host and back. */
  roundTrip(ms: number): void {
    this.#roundTripMs = this.#roundTripMs === null ? ms : this.#roundTripMs * (1 - SMOOTHING) + ms * SMOOTHING
    if (this.#mode !== 'auto') return
    if (this.#roundTripMs > SHOWN_ABOVE_MS) this.#far = true
    else if (this.#roundTripMs <= HIDDEN_BELOW_MS) this.#far = false
    if (!this.#far) this.#giveUp()
  }

  /** Typed, and on its way to the host. Without a `sight` nothing is guessed. */
  typed(bytes: Uint8Array, sight: Sight | null): void {
    this.#typed += bytes.length
    const characters = [...this.#decoder.decode(bytes, { stream: true })]
    const isText = bytes.length <= MAX_TYPED_BYTES && characters.every((character) => PLAIN.test(character))
    if (!this.wanted || !this.#echoes || !isText) {
      this.#pause()
      return
    }
    const guesses = characters.map((character) => ({ character, upTo: this.#typed }))
    if (this.#pausedUntil > 0) this.#later.push(...guesses)
    else this.#guess(guesses, sight)
  }

  /** Output was parsed. */
  output(sight: Sight): void {
    const { line, column } = this.#at
    if (this.#guesses.length === 0) {
      if (line !== sight.line || column !== sight.column) this.#sure = false
      return
    }
    const came = sight.column - column
    const right = this.#guesses.slice(0, Math.max(came, 0)).map(({ character }) => character)
    const isEcho = came >= 0 && came <= this.#guesses.length && sight.text(column, sight.column) === right.join('')
    if (!sight.open || line !== sight.line || !isEcho) {
      this.#giveUp()
      return
    }
    if (came === 0) return
    this.#guesses.splice(0, came)
    this.#at.column = sight.column
    this.#sure = true
  }

  /** The program has had so many bytes of input. What they did, other than to be echoed a moment later, can be seen. */
  taken(bytes: number, sight: Sight | null): void {
    this.#taken = bytes
    if (this.#pausedUntil === 0 || this.#pausedUntil > bytes) return
    const onTheWay = this.#later.filter(({ upTo }) => upTo > bytes)
    this.#giveUp()
    this.#pausedUntil = 0
    this.#guess(onTheWay, sight)
  }

  /** The program has had time to echo so many bytes of input. */
  overdue(bytes: number): void {
    const [first] = this.#guesses
    if (first !== undefined && first.upTo <= bytes) this.#giveUp()
  }

  /** Something else than output has changed the terminal, or the connection is lost. */
  interrupt(): void {
    this.#giveUp()
  }

  /** Behind the guesses there are, if they fit. */
  #guess(guesses: readonly Guess[], sight: Sight | null): void {
    if (guesses.length === 0) return
    if (sight !== null && this.#guesses.length === 0) {
      if (sight.line !== this.#at.line || sight.column !== this.#at.column) this.#sure = false
      this.#at = { line: sight.line, column: sight.column }
    }
    // The last column stays free: a character there leaves the cursor in a state of its own.
    const end = this.#at.column + this.#guesses.length + guesses.length
    if (sight?.open && end < sight.cols - 1) this.#guesses.push(...guesses)
    else this.#pause()
  }

  /** Nothing more is guessed until all that was typed so far has had its effect. */
  #pause(): void {
    this.#pausedUntil = this.#typed > this.#taken ? this.#typed : 0
    this.#later = []
  }

  #giveUp(): void {
    this.#guesses = []
    this.#sure = false
    this.#pause()
  }
}
