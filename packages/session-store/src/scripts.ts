/** The Lua scripts beside this file: each is one atomic write, and its header is its contract. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isReply } from './availability.ts'
import type { RedisClient } from './redis-client.ts'

/** Runs on the server; answers an array whose first element is a word. */
export type Script = (redis: RedisClient, keys: readonly string[], args: readonly (string | number)[]) => Promise<Reply>
export type Reply = readonly [word: string, ...rest: (string | string[])[]]

/** The folder `scripts` stands beside this file, and beside the bundle in an image. */
const read = (name: string): string => readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8')

/** Functions that the scripts which write records have before them. */
const USAGE = read('usage')
const TELL = read('tell')
const TELL_NODE = read('tell-node')

const load = (name: string, before = ''): Script => {
  const lua = before + read(name)
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
  create: load('create', USAGE + TELL),
  adopt: load('adopt', USAGE + TELL),
  transition: load('transition', USAGE + TELL),
  remove: load('remove', USAGE + TELL),
  settleUsage: load('settle-usage', USAGE),
  sumUsage: load('sum-usage', USAGE),
  saveScreen: load('save-screen'),
  saveNodes: load('save-nodes', TELL_NODE),
  tellOnce: load('tell-once', TELL_NODE),
  reserve: load('reserve'),
  release: load('release'),
  putTicket: load('put-ticket'),
  takeTicket: load('take-ticket'),
  takeWarm: load('take-warm'),
  putWarm: load('put-warm'),
} as const
