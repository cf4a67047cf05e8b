/** A Screen as the session host has it, reduced to what its neighbours see: replies, titles, text, snapshots. */
import { MAX_MESSAGE_BYTES } from '@holdfast/protocol'
import { Screen, type Snapshot } from '../src/screen.ts'
import type { Program, Size } from './program.ts'

/** As the PTY gives it at most; so the screen's own handling of chunks is part of what is compared. */
const CHUNK_BYTES = 64 * 1024
/** xterm.js refuses data when 50 MB of it wait. */
const CHUNKS_WAITING = 64

export class Answerer {
  replies = ''
  #titles = ''
  readonly #screen: Screen

  constructor(size: Size, scrollbackLines: number) {
    const ignore = (): void => {}
    this.#screen = new Screen(
      { cols: size.cols, rows: size.rows, scrollbackLines },
      {
        onReply: (text) => {
          this.replies += text
        },
        onTitle: (title) => {
          this.#titles += `${title}\n`
        },
        onBell: ignore,
        onParsed: ignore,
      },
    )
  }

  async write(bytes: Buffer): Promise<void> {
    for (let at = 0, chunks = 1; at < bytes.length; at += CHUNK_BYTES, chunks++) {
      this.#screen.write(bytes.subarray(at, at + CHUNK_BYTES))
      if (chunks % CHUNKS_WAITING === 0) await this.settled()
    }
  }

  async play(program: Program, from: number, to: number): Promise<void> {
    for (const step of program.steps(from, to)) {
      if (step instanceof Uint8Array) await this.write(step)
      else this.#screen.resize(step.cols, step.rows)
    }
  }

  snapshot(): Promise<Snapshot> {
    return this.#screen.snapshot(MAX_MESSAGE_BYTES)
  }

  /** All that can be parsed is. */
  async settled(): Promise<void> {
    await this.#screen.render('text', 0)
  }

  /** What it says to `bytes`, and what it shows then. */
  async said(bytes: Buffer): Promise<{ replies: string; titles: string; text: string }> {
    await this.settled()
    const [replies, titles] = [this.replies.length, this.#titles.length]
    await this.write(bytes)
    await this.settled()
    return {
      replies: this.replies.slice(replies),
      titles: this.#titles.slice(titles),
      text: this.#screen.visibleText(),
    }
  }
}
