/** The Lua scripts beside this file: each is one atomic write, and its header is its contract. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { isReply } from './availability.ts'

/** Runs on the server; answers an array whose first element is a word. */
export type Script = (redis: Redis, keys: readonly string[], args: readonly (string | number)[]) => Promise<Reply>
export type Reply = readonly [word: string, ...rest: (string | string[])[]]

/** The folder `scripts` stands beside this file, and beside the bundle in an image. */
const load = (name: string): Script => {
  const lua = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8')
  const sha = createHash('sha1').update(lua).digest('hex')
  return async (redis, keys, args) => {
    try {
      return (await redis.evalsha(sha, keys.length, ...keys, ...args)) as Reply
    } catch (error) {
      // The server was restarted or has not seen the script yet: nothing ran.
      if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error
      return (await redis.eval(lua, keys.length, ...keys, ...args)) as Reply
    }
  }
}

export const SCRIPTS = {
  create: load('create'),
  adopt: load('adopt'),
  transition: load('transition'),
  remove: load('remove'),
  saveScreen: load('save-screen'),
  putTicket: load('put-ticket'),
  takeTicket: load('take-ticket'),
} as const
