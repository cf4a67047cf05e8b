/** Where sessions are that have moved: one file for each, named by the id that it keeps, so that every program of this user finds it. */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, SESSION_ID } from '@holdfast/protocol'
import { read } from '@holdfast/runtime/process-table'
import { writeOnce } from '@holdfast/runtime/write-once'
import { replaceFile } from './replace-file.ts'

export interface Move {
  /** Id of the session that it was before its last move. */
  source: string
  /** Id of the one that it is then. */
  target: string
  /** The source has ended: from here on the target is the session. */
  ended: boolean
}

/** Of a lock: its process by number and start time, so that another one with that number does not hold it after a reboot. */
const holderOf = async (pid: number): Promise<string> => `${pid} ${(await read(pid))?.startTicks ?? ''}`

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export class Moves {
  readonly #dir: string

  /** Nothing is made before something moves. */
  constructor(stateDir: string) {
    this.#dir = join(stateDir, 'moved')
  }

  /** Null for one that never moved. */
  of(id: string): Move | null {
    if (!SESSION_ID.test(id)) return null
    try {
      return JSON.parse(readFileSync(this.#pathOf(id), 'utf8')) as Move
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  /** Id of the session that this one is now. */
  at(id: string): string {
    const move = this.of(id)
    if (move === null) return id
    return move.ended ? move.target : move.source
  }

  /** By the ids that they keep. */
  all(): ReadonlyMap<string, Move> {
    const ids = this.#names().filter((name) => SESSION_ID.test(name))
    return new Map(
      ids.flatMap((id) => [[id, this.of(id)] as const]).filter((pair): pair is [string, Move] => !!pair[1]),
    )
  }

  async write(id: string, move: Move): Promise<void> {
    await replaceFile(this.#pathOf(id), JSON.stringify(move))
  }

  /** It is where it was, and stays there. */
  async settle(id: string, at: string): Promise<void> {
    if (at === id) await this.forget(id)
    else await this.write(id, { source: id, target: at, ended: true })
  }

  async forget(id: string): Promise<void> {
    if (SESSION_ID.test(id)) await rm(this.#pathOf(id), { force: true })
  }

  /** One program at a time moves a session; one that has died does not count. Throws BAD_REQUEST. */
  async alone<T>(id: string, work: () => Promise<T>): Promise<T> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const path = `${this.#pathOf(id)}.lock`
    if (!(await writeOnce(path, await holderOf(process.pid)))) {
      const holder = await readFile(path, 'utf8').catch(() => '')
      const pid = Number.parseInt(holder, 10)
      if (pid > 0 && isThere(pid) && holder === (await holderOf(pid)))
        throw new HoldfastError('BAD_REQUEST', `process ${pid} moves session ${id} now`)
      await rm(path, { force: true })
      return this.alone(id, work)
    }
    try {
      return await work()
    } finally {
      await rm(path, { force: true })
    }
  }

  #pathOf(id: string): string {
    return join(this.#dir, id)
  }

  #names(): string[] {
    try {
      return readdirSync(this.#dir)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
}
