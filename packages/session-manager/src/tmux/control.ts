/** One client of tmux in control mode: commands and their answers, and what the pane writes, byte by byte (tmux(1), CONTROL MODE). */
import { HoldfastError } from '@holdfast/protocol'
import { paneOf, type Tmux } from './tmux.ts'

export interface ControlEvents {
  /** What the pane wrote, as it wrote it. */
  onOutput(bytes: Buffer): void
  /** The line of any other notification, e.g. `%pause %0`. */
  onNotice?(line: string): void
  /** The client is gone; its session or its server may be, too. */
  onEnd(): void
}

/** A command's answer: the words that end it, whether the command was this client's, and its lines so far. */
interface Block {
  end: string
  ours: boolean
  lines: Buffer[]
}

/** Commands of one line: each prints a block, up to the one that fails. */
interface Question {
  commands: number
  answers: Buffer[][]
  answered(): void
  failed(error: Error): void
}

const gone = (): HoldfastError => new HoldfastError('SESSION_NOT_FOUND', 'the session is gone')

const NOTHING: Buffer = Buffer.alloc(0)
const NEWLINE = 0x0a
const BACKSLASH = 0x5c
const ZERO = 0x30
/** Output of a client with `pause-after`: pane, milliseconds, colon, bytes. */
const EXTENDED = '%extended-output '

/** `\ooo` back to bytes, in place: a copy of each piece would keep far more memory than the piece. */
const unescaped = (bytes: Buffer): Buffer => {
  let at = bytes.indexOf(BACKSLASH)
  if (at < 0) return bytes
  const digit = (index: number): number => (bytes[index] ?? ZERO) - ZERO
  let length = at
  while (at < bytes.length) {
    if (bytes[at] === BACKSLASH) {
      bytes[length++] = (digit(at + 1) << 6) | (digit(at + 2) << 3) | digit(at + 3)
      at += 4
    } else bytes[length++] = bytes[at++] ?? 0
  }
  return bytes.subarray(0, length)
}

export class Control {
  readonly #child: Awaited<ReturnType<Tmux['control']>>
  readonly #events: ControlEvents
  /** Not answered yet, in order. */
  readonly #questions: Question[] = []
  /** The beginning of a line. */
  #rest = NOTHING
  #block: Block | null = null
  /** A command that comes before the attach is over has no client. */
  readonly #attached = Promise.withResolvers<void>()
  #over = false

  private constructor(child: Awaited<ReturnType<Tmux['control']>>, events: ControlEvents) {
    this.#child = child
    this.#attached.promise.catch(() => {}) // whoever does not wait for it hears of the end
    this.#events = events
    child.stdout.on('data', (chunk: Buffer) => this.#read(chunk))
    child.stdin.on('error', () => {}) // its end says so, too
    child.on('error', () => this.#end())
    child.on('close', () => this.#end())
  }

  /** `flags` of attach-session, e.g. `read-only`. Throws SESSION_NOT_FOUND. */
  static async attach(tmux: Tmux, id: string, flags: readonly string[], events: ControlEvents): Promise<Control> {
    await tmux.run(['has-session', '-t', paneOf(id)])
    const child = await tmux.control(['attach-session', '-f', ['ignore-size', ...flags].join(','), '-t', paneOf(id)])
    const control = new Control(child, events)
    await control.#attached.promise
    return control
  }

  /** Runs commands with nothing in between; resolves with the lines that each printed. Throws SESSION_NOT_FOUND. */
  run(...commands: readonly string[]): Promise<Buffer[][]> {
    return this.ask(commands, (answers) => answers)
  }

  /** The same, with what `take` makes of the lines: it has them before anything is heard that follows them. */
  ask<T>(commands: readonly string[], take: (answers: Buffer[][]) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#over) throw gone()
      const answers: Buffer[][] = []
      const answered = () => resolve(new Promise((done) => done(take(answers))))
      this.#questions.push({ commands: commands.length, answers, answered, failed: reject })
      this.#child.stdin.write(`${commands.join(' ; ')}\n`)
    })
  }

  /** Takes no more of what tmux says, until `resume`. */
  pause(): void {
    this.#child.stdout.pause()
  }

  resume(): void {
    this.#child.stdout.resume()
  }

  close(): void {
    this.#child.stdout.resume()
    this.#child.stdin.end() // an end of the input detaches the client
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#line(bytes.subarray(start, end))
      start = end + 1
    }
    this.#rest = start === bytes.length ? NOTHING : Buffer.from(bytes.subarray(start))
  }

  #line(line: Buffer): void {
    const head = line.toString('latin1', 0, EXTENDED.length)
    if (this.#block !== null) this.#inBlock(this.#block, line)
    else if (head.startsWith('%output ')) this.#events.onOutput(unescaped(after(line, 2)))
    else if (head === EXTENDED) this.#events.onOutput(unescaped(line.subarray(line.indexOf(' : ') + 3)))
    else {
      const text = line.toString()
      const [word, ...guard] = text.split(' ')
      // The last number tells the commands of this client from others, such as its own attach.
      if (word === '%session-changed') this.#attached.resolve()
      if (word === '%begin') this.#block = { end: guard.join(' '), ours: guard[2] === '1', lines: [] }
      else this.#events.onNotice?.(text)
    }
  }

  #inBlock(block: Block, line: Buffer): void {
    const text = line.length < 100 ? line.toString('latin1') : ''
    const failed = text === `%error ${block.end}`
    if (!failed && text !== `%end ${block.end}`) {
      block.lines.push(Buffer.from(line))
      return
    }
    this.#block = null
    const [question] = this.#questions
    if (!block.ours || question === undefined) return
    question.answers.push(block.lines)
    if (!failed && question.answers.length < question.commands) return
    this.#questions.shift()
    if (failed) question.failed(new HoldfastError('SESSION_NOT_FOUND', `tmux: ${Buffer.concat(block.lines)}`))
    else question.answered()
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#attached.reject(gone())
    for (const { failed } of this.#questions.splice(0)) failed(gone())
    this.#events.onEnd()
  }
}

/** What follows so many blanks. */
const after = (line: Buffer, blanks: number): Buffer => {
  let at = -1
  for (let count = 0; count < blanks; count++) at = line.indexOf(' ', at + 1)
  return line.subarray(at + 1)
}
