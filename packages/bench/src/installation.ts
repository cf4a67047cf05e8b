/** The Holdfast that is measured: one that runs already, else one of this run's own. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { HoldfastClient } from '@holdfast/client'
import { addressesOf, docker } from './docker.ts'
import type { Surroundings } from './scenario.ts'
import { startTemporary } from './temporary.ts'

export interface Installation {
  /** As users reach it. */
  url: string
  key: string
  client: HoldfastClient
  /** Data folder of `npm start`. */
  data: string
  /** Container of the gateway; null: everything runs as plain processes. */
  gateway: string | null
}

const gatewayContainer = (port: string): string | null => {
  try {
    return docker('ps', '-q', '--filter', `publish=${port}`) || null
  } catch {
    return null
  }
}

const read = (config: string): Installation => {
  const { url, key } = JSON.parse(readFileSync(config, 'utf8')) as { url: string; key: string }
  const client = new HoldfastClient({ url, key })
  return { url, key, client, data: dirname(config), gateway: gatewayContainer(new URL(url).port) }
}

const answers = async ({ url }: Installation): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )

/** HOLDFAST_CONFIG, else the one of this user that answers, else a new one that goes with this run. */
export const findInstallation = async (
  env: NodeJS.ProcessEnv,
  { undo, say }: Pick<Surroundings, 'undo' | 'say'>,
): Promise<Installation> => {
  if (env.HOLDFAST_CONFIG !== undefined) return read(env.HOLDFAST_CONFIG)
  const usual = join(env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'holdfast/client.json')
  if (existsSync(usual) && (await answers(read(usual)))) {
    say(`measuring the Holdfast that runs: ${usual}`)
    return read(usual)
  }
  say('no Holdfast runs: starting one for this run')
  return read(await startTemporary(undo))
}

/** The gateway without the proxy that Docker puts before a published port, as ttyd is dialled; without containers, the url. */
export const directUrl = ({ url, gateway }: Installation): string => {
  const [address] = gateway === null ? [] : addressesOf(gateway)
  return address === undefined ? url : `http://${address}:8080`
}

/** Host id and socket of a session's host, where the folder of the hosts can be read. */
export const hostOf = ({ data, gateway }: Installation, session: string): { id: string; socket: string } | null => {
  const hosts = join(data, gateway === null ? 'process' : 'docker', 'hosts')
  const id = existsSync(hosts) ? readdirSync(hosts).find((name) => name.startsWith(`${session}-`)) : undefined
  return id === undefined ? null : { id, socket: join(hosts, id, 'host.sock') }
}

/** Of a session made just now: its first placement. */
export const FIRST_FENCE = 1
