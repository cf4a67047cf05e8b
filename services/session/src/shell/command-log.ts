/** The commands of a shell that marks them: which one runs, how the last ones ended, and whether the shell is at its prompt. */
import { type Command, MAX_COMMANDS } from '@holdfast/protocol'
import type { Mark } from './marks.ts'

/** Where a mark stands in the stream, and the shell's directory there. */
export interface Place {
  start: number
  end: number
  cwd: string
}

export class CommandLog {
  readonly #onChange: (command: Command) => void
  /** Latest last; only the last one may be running. */
  readonly #commands: Command[] = []
  #count = 0
  #line: string | null = null
  #marked = false
  /** It marks where its prompt is whole. */
  #marksWhole = false
  #atPrompt = false

  constructor(onChange: (command: Command) => void) {
    this.#onChange = onChange
  }

  get commands(): readonly Command[] {
    return this.#commands
  }

  /** Commands so far, also those forgotten. */
  get count(): number {
    return this.#count
  }

  /** Has the shell ever marked anything? */
  get marked(): boolean {
    return this.#marked
  }

  /** By its marks: has the shell shown its prompt, and was no line given to it since? */
  get atPrompt(): boolean {
    return this.#atPrompt
  }

  take(mark: Mark, place: Place): void {
    this.#marked = true
    if (mark.kind === 'line') this.#line = mark.command
    else if (mark.kind === 'prompt') this.#prompt(mark.whole, place)
    else if (mark.kind === 'end') this.#end(mark.exitCode, place.start)
    else this.#start(mark.command, place)
  }

  /** A line was typed: until the next mark nobody knows whether it has begun to run. */
  lineEntered(): void {
    this.#atPrompt = false
  }

  /** The stream ends here. */
  close(offset: number): void {
    this.#end(null, offset)
    this.#atPrompt = false
  }

  /** A line entered between the two marks of one prompt was entered at it: who marks the end waits for the end. */
  #prompt(whole: boolean, { start }: Place): void {
    this.#end(null, start)
    if (whole) this.#marksWhole = true
    if (whole || !this.#marksWhole) this.#atPrompt = true
  }

  /** The command that runs, as far as it is marked. */
  get running(): Command | undefined {
    const last = this.#commands.at(-1)
    return last?.state === 'started' ? last : undefined
  }

  #start(told: string | null, { start, end, cwd }: Place): void {
    const command = told ?? this.#line
    const running = this.running
    this.#line = null
    this.#atPrompt = false
    // A shell that speaks both dialects marks each start twice.
    if (running?.start === start) {
      this.#commands.splice(-1, 1, { ...running, command: running.command ?? command, start: end })
      return
    }
    this.#end(null, start)
    const startedAt = new Date().toISOString()
    this.#tell({
      id: ++this.#count,
      state: 'started',
      command,
      cwd,
      exitCode: null,
      start: end,
      end: null,
      startedAt,
      endedAt: null,
    })
  }

  /** Nothing when no command runs: some shells mark an end before each prompt. */
  #end(exitCode: number | null, end: number): void {
    const running = this.running
    if (running === undefined) return
    this.#commands.pop()
    this.#tell({ ...running, state: 'ended', exitCode, end, endedAt: new Date().toISOString() })
  }

  #tell(command: Command): void {
    this.#commands.push(command)
    if (this.#commands.length > MAX_COMMANDS) this.#commands.shift()
    this.#onChange(command)
  }
}
