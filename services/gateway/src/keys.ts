/** The API keys, by SHA-256 hash, from a file that is read again whenever it changes. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Logger, Principal } from '@holdfast/service-kit'

/** A row of the file. Only the hash is kept, so the file opens nothing; keys have 200 random bits, so a fast hash is enough. */
export interface KeyRow extends Principal {
  id: string
  /** SHA-256 of the API key, hex. */
  hash: string
}

const isRow = (value: unknown): value is KeyRow => {
  if (typeof value !== 'object' || value === null) return false
  const { id, hash, principal, tenant, role } = value as Record<string, unknown>
  const texts = [id, principal, tenant].every((text) => typeof text === 'string' && text !== '')
  return texts && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash) && (role === 'user' || role === 'operator')
}

const readRows = (path: string): KeyRow[] => {
  const rows: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!Array.isArray(rows)) throw new Error(`${path} is not a JSON array`)
  const wrong = rows.findIndex((row) => !isRow(row))
  if (wrong >= 0) throw new Error(`${path}: entry ${wrong} is not {id, hash, principal, tenant, role}`)
  return rows as KeyRow[]
}

export class Keys {
  readonly #path: string
  readonly #logger: Logger
  #version = ''
  #byHash = new Map<string, KeyRow>()
  #byId = new Map<string, KeyRow>()

  /** Throws when the file cannot be read: a gateway that lets nobody in should not start. */
  constructor(path: string, logger: Logger) {
    this.#path = path
    this.#logger = logger
    this.#load(this.#fileVersion())
  }

  byKey(key: string): KeyRow | undefined {
    this.#refresh()
    return this.#byHash.get(createHash('sha256').update(key).digest('hex'))
  }

  byId(id: string): KeyRow | undefined {
    this.#refresh()
    return this.#byId.get(id)
  }

  #fileVersion(): string {
    const { ino, size, mtimeMs } = statSync(this.#path)
    return `${ino} ${size} ${mtimeMs}`
  }

  /** One stat a look-up, a few microseconds: a revoked key is refused at once, and no watcher can miss it. */
  #refresh(): void {
    try {
      const version = this.#fileVersion()
      if (version !== this.#version) this.#load(version)
    } catch (error) {
      this.#logger.error({ err: error }, 'the keys file cannot be read; the last good keys stay')
    }
  }

  #load(version: string): void {
    this.#version = version // also of a bad file: it is complained about once
    const rows = readRows(this.#path)
    this.#byHash = new Map(rows.map((row) => [row.hash, row]))
    this.#byId = new Map(rows.map((row) => [row.id, row]))
  }
}
