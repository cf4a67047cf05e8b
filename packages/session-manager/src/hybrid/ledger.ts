/** On which side the session of an idempotency key is: decided once, and kept in a file, so that a repetition never makes a second one on the other side. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeOnce } from '@holdfast/runtime/write-once'
import type { Side } from './policy.ts'

/** As long as a cluster remembers a key. */
const KEPT_MS = 24 * 60 * 60 * 1000

export class Ledger {
  readonly #dir: string

  /** `dir` is made when it is needed, for this user only. */
  constructor(dir: string) {
    this.#dir = dir
  }

  /** The side that was chosen for the key first, by whichever program. */
  async settle(key: string, choose: () => Promise<Side>): Promise<Side> {
    const path = join(this.#dir, createHash('sha256').update(key).digest('hex'))
    const known = await this.#read(path)
    if (known !== null) return known
    await this.#forgetOld()
    const side = await choose()
    if (await writeOnce(path, side)) return side
    return (await this.#read(path)) ?? side
  }

  async #read(path: string): Promise<Side | null> {
    const text = await readFile(path, 'utf8').catch(() => null)
    return text === 'local' || text === 'cluster' ? text : null
  }

  async #forgetOld(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const old = Date.now() - KEPT_MS
    for (const name of await readdir(this.#dir)) {
      const path = join(this.#dir, name)
      const at = await stat(path).catch(() => null)
      if (at !== null && at.mtimeMs < old) await rm(path, { force: true })
    }
  }
}
