/** The gateway's URL and key: from the environment, else from the file that `npm start` writes. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface Connection {
  url: string
  key: string
}

/** What is configured cannot be used; the message says what to do. */
export class ConfigurationError extends Error {}

const configPath = (env: NodeJS.ProcessEnv): string =>
  env.HOLDFAST_CONFIG || join(env.XDG_DATA_HOME || join(env.HOME || homedir(), '.local/share'), 'holdfast/client.json')

export const checkUrl = (url: string, source: string): string => {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new ConfigurationError(`${source}: "${url}" is not an http or https URL`)
  return url
}

const readText = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new ConfigurationError(`cannot read ${path}: ${(error as Error).message}`)
  }
}

const readFile = (path: string): Connection | null => {
  const text = readText(path)
  if (text === null) return null
  let content: Partial<Record<keyof Connection, unknown>> | null
  try {
    content = JSON.parse(text)
  } catch {
    throw new ConfigurationError(`${path} is not JSON; remove it and run \`npm start\` to write it anew`)
  }
  if (typeof content?.url !== 'string' || typeof content.key !== 'string')
    throw new ConfigurationError(`${path} should hold {"url": "…", "key": "…"}`)
  return { url: checkUrl(content.url, path), key: content.key }
}

/** null: nothing is configured. A key from the file never goes to a URL from elsewhere. */
export const findConnection = (env: NodeJS.ProcessEnv): Connection | null => {
  const { HOLDFAST_URL: url, HOLDFAST_KEY: key } = env
  if (url) {
    if (!key) throw new ConfigurationError('HOLDFAST_URL is set, but HOLDFAST_KEY is not; set both or neither')
    return { url: checkUrl(url, 'HOLDFAST_URL'), key }
  }
  const path = configPath(env)
  const found = readFile(path)
  if (found === null && env.HOLDFAST_CONFIG)
    throw new ConfigurationError(`there is no ${path}, which HOLDFAST_CONFIG names`)
  return found !== null && key ? { ...found, key } : found
}
