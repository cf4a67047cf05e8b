/** A command on a terminal and the way to it, the same for Holdfast and for every contender. */
import type { Undo } from './undo.ts'

export type Listener = (bytes: Uint8Array) => void

/** Where output arrives; one listener at a time. */
export class Outlet {
  /** Output so far. */
  bytes = 0
  /** How often output was left out and a picture of the screen came instead. */
  skips = 0
  #listener: Listener | undefined
  #early: Uint8Array[] = []

  push(output: Uint8Array): void {
    this.bytes += output.length
    this.#tell(output)
  }

  /** Is heard like output, but does not count as such. */
  pushPicture(picture: Uint8Array): void {
    this.skips++
    this.#tell(picture)
  }

  /** From here on, and what came before anyone listened. */
  listen(listener: Listener): void {
    this.#listener = listener
    for (const bytes of this.#early.splice(0)) listener(bytes)
  }

  #tell(bytes: Uint8Array): void {
    if (this.#listener === undefined) this.#early.push(bytes)
    else this.#listener(bytes)
  }
}

export interface Line {
  type(text: string): void
  outlet: Outlet
  close(): Promise<void>
}

export interface Contender {
  name: string
  /** Runs the command on a terminal of 80 × 24. Throws `Skipped` where this contender cannot be had. */
  open(command: readonly string[], undo: Undo): Promise<Line>
}

/** Not a failure: what is missing is told in the contender's row. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
}

export const within = async <T>(ms: number, what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_done, fail) => {
    timer = setTimeout(() => fail(new Error(`${what}: nothing within ${ms / 1000} s`)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Resolves when the text has come, looking across the borders of chunks. */
export const until = ({ outlet }: Line, text: string): Promise<void> => {
  const wanted = Buffer.from(text)
  let end = Buffer.alloc(0)
  return new Promise((done) => {
    outlet.listen((bytes) => {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const border = Buffer.concat([end, chunk.subarray(0, wanted.length)])
      if (chunk.includes(wanted) || border.includes(wanted)) done()
      end = Buffer.concat([end, chunk.subarray(-wanted.length)]).subarray(-wanted.length)
    })
  })
}
