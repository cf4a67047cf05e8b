/** Talks to session hosts, each with a short-lived grant under its own key. */
import type { IncomingMessage } from 'node:http'
import {
  type Changeable,
  type Claim,
  type Command,
  type FinalScreen,
  HoldfastError,
  type HostStatus,
  type Resources,
  type ScreenFormat,
} from '@holdfast/protocol'
import { GRANT_TTL_MS, type HostGrant, hostKey, sign } from '@holdfast/service-kit'
import {
  askHost,
  askHostForBytes,
  type HostAnswer,
  type HostBytes,
  openRequest,
  transferWithHost,
  unreachable,
} from './host-request.ts'
import { parseCommands, parseEnv, parseResources, parseStatus } from './host-words.ts'

/** A host, and the session it is addressed for. */
export interface Target {
  hostId: string
  address: string
  session: string
  fence: number
}

/** Offsets in bytes; `partial`: what is held of it will do. */
export interface OutputQuery {
  from: number
  to?: number
  partial: boolean
}

/** A file of the session, as the route names it. */
export interface FileQuery {
  path: string
  overwrite: boolean
}

/** Any call may throw HOST_UNREACHABLE or the problem that the host answered. */
export interface HostClient {
  /** Does it listen? Never throws. */
  ready(target: Target): Promise<boolean>
  /** Before it waits in a pool: loads what the claim would have to wait for. */
  warmUp(target: Target): Promise<void>
  claim(target: Target, claim: Claim): Promise<HostStatus>
  status(target: Target): Promise<HostStatus>
  /** The latest commands of its shell. */
  commands(target: Target): Promise<Command[]>
  /** What its processes use. */
  resources(target: Target): Promise<Resources>
  /** Which it was claimed with. */
  environment(target: Target): Promise<Record<string, string>>
  /** Takes the place of the claim's. */
  update(target: Target, to: Changeable): Promise<HostStatus>
  /** Ends the session and answers when it has ended. */
  stop(target: Target, graceMs: number): Promise<HostStatus>
  /** Ends this incarnation, not the session; answers, when its processes have ended, with the environment for the next one. */
  suspend(target: Target, graceMs: number): Promise<Record<string, string>>
  /** Sends its viewers away; answers when they are gone, or soon after. */
  dismiss(target: Target): Promise<void>
  /** Its viewers are told why the machine is to go, or (null) that it stays. */
  leaving(target: Target, why: string | null): Promise<void>
  screen(target: Target, format: ScreenFormat, scrollback: number): Promise<HostAnswer>
  /** Part of the output; the query's words are the route's. */
  output(target: Target, query: OutputQuery): Promise<HostBytes>
  /** The file's bytes as they come, with their number; `gone` ends it. */
  readFile(target: Target, query: FileQuery, gone: AbortSignal): Promise<IncomingMessage>
  /** Answers when the file is there. */
  writeFile(target: Target, query: FileQuery, body: IncomingMessage, gone: AbortSignal): Promise<void>
  finalScreen(target: Target): Promise<FinalScreen>
  /** Passes an automation request on. */
  automate(target: Target, action: string, body: unknown, timeoutMs: number): Promise<HostAnswer>
  /** Every status as it changes, until the host or the signal ends it. */
  watch(target: Target, signal: AbortSignal): AsyncIterable<HostStatus>
}

const CALL_MS = 3_000
/** Part of reading one session, which must stay quick when a host is out of reach. */
const PART_MS = 1_000
const SCREEN_MS = 10_000
/** The host sends a line at least every 15 s; two missing ones mean that it is out of reach. */
const SILENCE_MS = 40_000
const OLDER_HOST = 'the session runs on a host of an older version, which knows no files; a new session has them'
const MAX_LINE_BYTES = 1024 * 1024

const filePath = ({ path, overwrite }: FileQuery): string =>
  `/files?${new URLSearchParams({ path, overwrite: String(overwrite) })}`

/** Complete lines of the stream. Throws when one is too long or nothing comes for too long. */
async function* lines(target: Target, signal: AbortSignal, token: string): AsyncGenerator<string> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new Error('silent')), SILENCE_MS)
  try {
    const either = AbortSignal.any([signal, silence.signal])
    const response = await openRequest(target.address, {
      method: 'GET',
      path: '/watch',
      token,
      timeoutMs: 0,
      signal: either,
    })
    if (response.statusCode !== 200) {
      response.destroy()
      throw unreachable(target.address, new Error(`watch answered ${response.statusCode}`))
    }
    response.setEncoding('utf8')
    let rest = ''
    for await (const chunk of response as AsyncIterable<string>) {
      timer.refresh()
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() ?? ''
      if (rest.length > MAX_LINE_BYTES) throw unreachable(target.address, new Error('a line of the watch is too long'))
      yield* parts.filter((line) => line !== '')
    }
  } finally {
    clearTimeout(timer)
  }
}

export const createHostClient = (masterKey: string): HostClient => {
  const token = ({ hostId, session, fence }: Target): string =>
    sign<HostGrant>(
      hostKey(masterKey, hostId),
      { host: hostId, session, fence, op: 'manage', mode: 'rw', principal: 'orchestrator' },
      GRANT_TTL_MS,
    )
  const get = (target: Target, path: string, timeoutMs: number) =>
    askHost(target.address, { method: 'GET', path, token: token(target), timeoutMs })
  const post = (target: Target, path: string, body: unknown, timeoutMs: number) =>
    askHost(target.address, { method: 'POST', path, token: token(target), body, timeoutMs })
  const screen = (target: Target, format: ScreenFormat, scrollback: number) =>
    get(target, `/screen?format=${format}&scrollback=${scrollback}`, SCREEN_MS)
  /** It refuses what it does not know, and may do so before it has heard all. */
  const sayIfOlder = <T>(target: Target, transfer: Promise<T>): Promise<T> =>
    transfer.catch(async (failure: HoldfastError) => {
      const knows = (): Promise<boolean> =>
        get(target, '/files', CALL_MS).then(
          () => true,
          (error: HoldfastError) => error.code !== 'NOT_FOUND',
        )
      const isOlder = failure.code === 'NOT_FOUND' || (failure.code === 'HOST_UNREACHABLE' && !(await knows()))
      throw isOlder ? new HoldfastError('NOT_FOUND', OLDER_HOST) : failure
    })
  return {
    ready: (target) =>
      // The host answers anyone; the door of another node finds it by the token.
      get(target, '/readyz', CALL_MS).then(
        () => true,
        () => false,
      ),
    warmUp: async (target) => void (await post(target, '/warm-up', {}, CALL_MS)),
    claim: async (target, claim) => parseStatus((await post(target, '/claim', claim, SCREEN_MS)).text, target.hostId),
    status: async (target) => parseStatus((await get(target, '/status', CALL_MS)).text, target.hostId),
    commands: async (target) => parseCommands((await get(target, '/commands', PART_MS)).text, target.hostId),
    resources: async (target) => parseResources((await get(target, '/resources', PART_MS)).text, target.hostId),
    environment: async (target) => parseEnv((await get(target, '/environment', CALL_MS)).text, target.hostId),
    update: async (target, to) => parseStatus((await post(target, '/update', to, CALL_MS)).text, target.hostId),
    stop: async (target, graceMs) =>
      parseStatus((await post(target, '/stop', { graceMs }, graceMs + SCREEN_MS)).text, target.hostId),
    suspend: async (target, graceMs) =>
      parseEnv((await post(target, '/suspend', { graceMs }, graceMs + SCREEN_MS)).text, target.hostId),
    dismiss: async (target) => void (await post(target, '/dismiss', {}, CALL_MS)),
    leaving: async (target, why) => void (await post(target, '/leaving', { why }, CALL_MS)),
    screen,
    output: (target, { from, to, partial }) => {
      const query = `from=${from}${to === undefined ? '' : `&to=${to}`}&partial=${partial}`
      const ask = { method: 'GET', path: `/output?${query}`, token: token(target), timeoutMs: SCREEN_MS } as const
      return askHostForBytes(target.address, ask)
    },
    readFile: (target, query, signal) =>
      sayIfOlder(target, transferWithHost(target.address, { path: filePath(query), token: token(target), signal })),
    writeFile: async (target, query, body, signal) => {
      const transfer = { path: filePath(query), token: token(target), body, signal }
      ;(await sayIfOlder(target, transferWithHost(target.address, transfer))).resume()
    },
    finalScreen: async (target) => {
      const [text, ansi, html, json] = await Promise.all(
        (['text', 'ansi', 'html', 'json'] as const).map(async (format) => (await screen(target, format, 0)).text),
      )
      return { text: text ?? '', ansi: ansi ?? '', html: html ?? '', json: json ?? '' }
    },
    automate: (target, action, body, timeoutMs) => post(target, `/${action}`, body, timeoutMs),
    watch: async function* (target, signal) {
      for await (const line of lines(target, signal, token(target))) yield parseStatus(line, target.hostId)
    },
  }
}
