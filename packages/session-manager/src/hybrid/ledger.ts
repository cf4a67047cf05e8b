/** On which side the session of an idempotency key is: decided once, and kept in a file, so that a repetition never makes a second one on the other side. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeOnce } from '@holdfast/runtime/write-once'
import type { Side } from './policy.ts'
import { replaceFile } from './replace-file.ts'

/** As long as a cluster remembers a key. */
const KEPT_MS = 24 * 60 * 60 * 1000

interface Entry {
  side: Side
  /** Of the session, once it was made. */
  id: string | null
}

export class Ledger {
  readonly #dir: string

  /** `dir` is made when it is needed, for this user only. */
  constructor(dir: string) {
    this.#dir = dir
  }

  /** The side that was chosen for the key first, by whichever program. */
  async settle(key: string, choose: () => Promise<Side>): Promise<Entry> {
    const path = this.#pathOf(key)
    const known = await this.#read(path)
    if (known !== null) return known
    await this.#forgetOld()
    const side = await choose()
    if (await writeOnce(path, side)) return { side, id: null }
    return (await this.#read(path)) ?? { side, id: null }
  }

  /** The session of the key is this one from now on, wherever it moves. */
  async note(key: string, side: Side, id: string): Promise<void> {
    await replaceFile(this.#pathOf(key), `${side} ${id}`)
  }

  #pathOf(key: string): string {
    return join(this.#dir, createHash('sha256').update(key).digest('hex'))
  }

  async #read(path: string): Promise<Entry | null> {
    const text = await readFile(path, 'utf8').catch(() => '')
    const [side, id = null] = text.split(' ')
    return side === 'local' || side === 'cluster' ? { side, id } : null
  }

  async #forgetOld(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const old = Date.now() - KEPT_MS
    for (const name of await readdir(this.#dir)) {
      const path = join(this.#dir, name)
      const at = await stat(path).catch(() => null)
      if (at?.isFile() && at.mtimeMs < old) await rm(path, { force: true })
    }
  }
}
