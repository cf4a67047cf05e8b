/** The running Holdfast that is measured, and the Docker engine below it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { HoldfastClient } from '@holdfast/client'

export interface Installation {
  url: string
  key: string
  client: HoldfastClient
}

/** The one that `npm start` wrote client.json for, or HOLDFAST_CONFIG. */
export const installation = (): Installation => {
  const share = process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share')
  const path = process.env.HOLDFAST_CONFIG ?? join(share, 'holdfast/client.json')
  const { url, key } = JSON.parse(readFileSync(path, 'utf8')) as { url: string; key: string }
  return { url, key, client: new HoldfastClient({ url, key }) }
}

export const docker = (...args: string[]): string => execFileSync('docker', args, { encoding: 'utf8' }).trim()

/** Engine id of the container that runs a session. */
export const containerOf = (session: string): string =>
  docker('ps', '-q', '--filter', `label=dev.holdfast.session=${session}`)
