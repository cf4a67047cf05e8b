/** Named places to work with, in one file: a cluster each (URL and key), or tmux on this machine, and which of them is used. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { ConfigurationError } from './connection.ts'

export const MODES = ['simple', 'distributed', 'hybrid'] as const
export type Mode = (typeof MODES)[number]

export interface Place {
  mode: Mode
  /** Of the gateway; absent in mode `simple`. */
  url?: string
  key?: string
}

export interface Contexts {
  current: string | null
  contexts: Record<string, Place>
}

export const contextsPath = (env: NodeJS.ProcessEnv): string =>
  join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'holdfast/contexts.json')

const isPlace = (value: unknown): value is Place => {
  const { mode, url, key } = (value ?? {}) as Record<string, unknown>
  if (!MODES.includes(mode as Mode)) return false
  return mode === 'simple' || (typeof url === 'string' && typeof key === 'string')
}

const isContexts = (value: unknown): value is Contexts => {
  const { current, contexts } = (value ?? {}) as Record<string, unknown>
  if (typeof contexts !== 'object' || contexts === null) return false
  return (current === null || typeof current === 'string') && Object.values(contexts).every(isPlace)
}

/** Throws ConfigurationError for a file that cannot be read. */
export const readContexts = (env: NodeJS.ProcessEnv): Contexts => {
  const path = contextsPath(env)
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { current: null, contexts: {} }
    throw new ConfigurationError(
      `cannot read ${path}: ${(error as Error).message}; remove it and \`holdfast login\` anew`,
    )
  }
  if (!isContexts(content))
    throw new ConfigurationError(`${path} does not hold contexts; remove it and \`holdfast login\` anew`)
  return content
}

/** It holds keys: nobody else may read it. Written aside and put in place, so that it is whole at any time. */
export const writeContexts = (env: NodeJS.ProcessEnv, contexts: Contexts): void => {
  const path = contextsPath(env)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const aside = `${path}.${process.pid}`
  writeFileSync(aside, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 })
  renameSync(aside, path)
}
