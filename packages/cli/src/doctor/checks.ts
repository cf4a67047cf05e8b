/** The checks of `holdfast doctor`. None throws; what cannot be told is a finding, too. */
import { execFile } from 'node:child_process'
import { versions } from 'node:process'
import { HoldfastError } from '@holdfast/protocol'
import { oldestTmux, tmuxIsTooOld } from '@holdfast/session-manager'
import type { Context } from '../command.ts'

export interface Finding {
  what: string
  /** `missing` is no fault where nothing needs it. */
  state: 'ok' | 'missing' | 'broken'
  found: string
  /** A sentence, when there is something to do. */
  remedy?: string
}

const PROBE_MS = 5_000

/** What a program prints; null when there is none, or it fails. */
const printed = (program: string, args: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    execFile(program, [...args], { timeout: PROBE_MS }, (error, stdout) =>
      resolve(error === null ? stdout.trim() : null),
    )
  })

const tmux = async (): Promise<Finding> => {
  const what = 'tmux (mode simple)'
  const version = await printed('tmux', ['-V'])
  if (version === null)
    return { what, state: 'missing', found: 'not installed', remedy: '`apt install tmux`, or `brew install tmux`' }
  if (tmuxIsTooOld(version))
    return { what, state: 'broken', found: version, remedy: `${oldestTmux} or newer is needed` }
  return { what, state: 'ok', found: version }
}

const docker = async (): Promise<Finding> => {
  const what = 'Docker (containers of `holdfast up`)'
  const version = await printed('docker', ['version', '--format', '{{.Server.Version}}'])
  if (version !== null) return { what, state: 'ok', found: version }
  const client = await printed('docker', ['--version'])
  if (client === null)
    return {
      what,
      state: 'missing',
      found: 'not installed',
      remedy: '`apt install docker.io`; without it sessions are plain processes',
    }
  const remedy = 'start it (`systemctl start docker`), or join the group docker (`usermod -aG docker $USER`)'
  return { what, state: 'broken', found: 'its engine does not answer', remedy }
}

const REMEDIES: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'the key is not known there: `holdfast login URL` with another one',
  HOST_UNREACHABLE: 'is it running? `holdfast up` starts one here; `holdfast context ls` lists others',
}

const gateway = async ({ client, gateway: url }: Context): Promise<Finding> => {
  const what = 'gateway (modes distributed and hybrid)'
  let at: string
  try {
    at = url()
  } catch (error) {
    return { what, state: 'missing', found: (error as Error).message, remedy: '`holdfast up`, or `holdfast login URL`' }
  }
  try {
    const templates = await client().templates()
    return { what, state: 'ok', found: `${at} answers, with ${templates.length} templates` }
  } catch (error) {
    const code = error instanceof HoldfastError ? error.code : ''
    const remedy = REMEDIES[code]
    return {
      what,
      state: 'broken',
      found: `${at}: ${(error as Error).message}`,
      ...(remedy === undefined ? {} : { remedy }),
    }
  }
}

const terminal = ({ io: { env, stdout } }: Context): Finding => {
  const what = 'terminal'
  if (!stdout.isTTY) return { what, state: 'ok', found: 'none: output goes elsewhere' }
  const found = `${env.TERM ?? 'TERM is not set'}, ${stdout.columns}x${stdout.rows}`
  if (env.TERM === undefined || env.TERM === 'dumb')
    return { what, state: 'broken', found, remedy: 'set TERM, e.g. to xterm-256color' }
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  if (/utf-?8/i.test(locale)) return { what, state: 'ok', found: `${found}, UTF-8` }
  return {
    what,
    state: 'broken',
    found: `${found}, locale "${locale}"`,
    remedy: 'set LANG to a UTF-8 locale, e.g. C.UTF-8',
  }
}

export const checks = async (context: Context): Promise<Finding[]> => {
  const node: Finding = { what: 'Node', state: 'ok', found: versions.node }
  return [node, terminal(context), ...(await Promise.all([tmux(), docker(), gateway(context)]))]
}
