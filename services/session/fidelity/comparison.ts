/** Compares a program cut in two, with a snapshot between the halves, to the program in one piece. */
import { MAX_MESSAGE_BYTES } from '@holdfast/protocol'
import type { Snapshot } from '../src/screen.ts'
import { Answerer } from './answerer.ts'
import { difference, differences } from './difference.ts'
import type { Program } from './program.ts'
import { BATTERY, PROBE } from './queries.ts'
import { Viewer } from './viewer.ts'

/** Up to here everything behind a cut is compared, and every question asked at each. */
export const WHOLE_BYTES = 4 * 1024 * 1024
/** So much behind a cut of a longer program; asked only what the program itself asks. */
export const HORIZON_BYTES = 256 * 1024
const LINES_A_CUT = 4
/** A smaller snapshot has no excuse to leave out lines. */
const FULL_BYTES = MAX_MESSAGE_BYTES / 2

export interface CutResult {
  cut: number
  /** What differs first, at most four; none: equivalent. */
  divergences: string[]
  /** Oldest lines above the screen that the snapshot had no room for. */
  linesLeftOut: number
}

/** A terminal that is fed a program in one piece, step by step. */
class Whole<T extends Viewer | Answerer> {
  readonly terminal: T
  readonly #program: Program
  #at = 0

  constructor(program: Program, terminal: T) {
    this.#program = program
    this.terminal = terminal
  }

  async to(offset: number): Promise<T> {
    await this.terminal.play(this.#program, this.#at, offset)
    this.#at = offset
    return this.terminal
  }
}

/** Everything a screen can be asked, before and behind a probe. It is not what it was afterwards. */
const interrogate = async (answerer: Answerer): Promise<string[]> => {
  const said = [await answerer.said(BATTERY), await answerer.said(PROBE), await answerer.said(BATTERY)]
  return said.flatMap(({ replies, titles, text }) => [...replies.split('\x1b'), titles, ...text.split('\n')])
}

function* answerDifferences(where: string, whole: string[], restored: string[]): Generator<string> {
  for (let i = 0; i < Math.max(whole.length, restored.length); i++) {
    if (whole[i] !== restored[i]) yield difference(`${where}, answer ${i}`, whole[i], restored[i])
  }
}

export class Comparison {
  readonly #program: Program
  readonly #scrollbackLines: number
  readonly #short: boolean
  readonly #atCut: Whole<Viewer>
  readonly #behind: Whole<Viewer>
  readonly #screen: Whole<Answerer>
  readonly #screenBehind: Whole<Answerer>
  #lastAnswers: string[] | null = null

  constructor(program: Program, scrollbackLines: number) {
    this.#program = program
    this.#scrollbackLines = scrollbackLines
    this.#short = program.bytes.length <= WHOLE_BYTES
    const viewer = (): Whole<Viewer> => new Whole(program, new Viewer(program.size, scrollbackLines))
    const answerer = (): Whole<Answerer> => new Whole(program, new Answerer(program.size, scrollbackLines))
    this.#atCut = viewer()
    this.#behind = viewer()
    this.#screen = answerer()
    this.#screenBehind = answerer()
  }

  /** Cuts have to come in their order: the whole is fed once. */
  async cut(offset: number): Promise<CutResult> {
    const snapshot = await (await this.#screen.to(offset)).snapshot()
    const restored = this.#restoredViewer(snapshot)
    const divergences: string[] = []
    if (restored.replies !== '') divergences.push(difference('the snapshot makes a viewer reply', '', restored.replies))
    restored.play(this.#program, snapshot.offset, offset)
    const whole = await this.#atCut.to(offset)
    const lacking = Math.max(0, whole.linesAbove - restored.linesAbove)
    const linesLeftOut = snapshot.bytes.length > FULL_BYTES ? lacking : 0
    for (const line of differences(whole, restored, linesLeftOut > 0)) divergences.push(`at the cut, ${line}`)
    for await (const line of this.#behindCut(offset, snapshot, restored, linesLeftOut > 0)) {
      if (divergences.length >= LINES_A_CUT) break
      divergences.push(line)
    }
    return { cut: offset, divergences: divergences.slice(0, LINES_A_CUT), linesLeftOut }
  }

  async *#behindCut(cut: number, snapshot: Snapshot, restored: Viewer, mayLack: boolean): AsyncGenerator<string> {
    const { length } = this.#program.bytes
    const end = this.#short ? length : Math.min(cut + HORIZON_BYTES, length)
    restored.play(this.#program, cut, end)
    for (const line of differences(await this.#behind.to(end), restored, mayLack)) yield `at ${end}, ${line}`
    yield* this.#streamReplies(snapshot, end)
    if (this.#short) yield* this.#probed(snapshot, mayLack)
  }

  /** The program's own queries behind the cut get the same answers, and at its end ours do. */
  async *#streamReplies(snapshot: Snapshot, end: number): AsyncGenerator<string> {
    const before = this.#screen.terminal.replies.length
    const restored = await this.#restoredScreen(snapshot)
    if (restored.replies !== '') yield difference('the snapshot makes the screen reply', '', restored.replies)
    await restored.play(this.#program, snapshot.offset, end)
    await restored.settled()
    const whole = await this.#screenBehind.to(end)
    await whole.settled()
    const wanted = whole.replies.slice(before)
    if (restored.replies !== wanted) yield difference('replies behind the cut', wanted, restored.replies)
    if (end < this.#program.bytes.length) return
    this.#lastAnswers ??= await interrogate(await this.#fresh(end))
    yield* answerDifferences(`at ${end}`, this.#lastAnswers, await interrogate(restored))
  }

  /** What no state shows until it is used. Asked where the snapshot was taken: inside a sequence nobody can be asked. */
  async *#probed(snapshot: Snapshot, mayLack: boolean): AsyncGenerator<string> {
    const whole = new Viewer(this.#program.size, this.#scrollbackLines)
    whole.play(this.#program, 0, snapshot.offset)
    const restored = this.#restoredViewer(snapshot)
    for (const viewer of [whole, restored]) viewer.write(PROBE)
    for (const line of differences(whole, restored, mayLack)) yield `after the probe, ${line}`
    const answers = await interrogate(await this.#fresh(snapshot.offset))
    yield* answerDifferences('at the cut', answers, await interrogate(await this.#restoredScreen(snapshot)))
  }

  #restoredViewer(snapshot: Snapshot): Viewer {
    const viewer = new Viewer(snapshot, this.#scrollbackLines)
    viewer.write(snapshot.bytes)
    return viewer
  }

  async #restoredScreen(snapshot: Snapshot): Promise<Answerer> {
    const screen = new Answerer(snapshot, this.#scrollbackLines)
    await screen.write(snapshot.bytes)
    await screen.settled()
    return screen
  }

  async #fresh(end: number): Promise<Answerer> {
    const screen = new Answerer(this.#program.size, this.#scrollbackLines)
    await screen.play(this.#program, 0, end)
    return screen
  }
}
