/** What a session host answers to the orchestrator, without a session: readiness, claim, status and the watch. Any number share one server. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Claim, type ClaimIdentity, type HostStatus, SUBPROTOCOL } from '@holdfast/protocol'
import { bearer, type HostGrant, verify } from '@holdfast/service-kit'

/** As a real host; services/session/src/watch.ts. */
const HEARTBEAT_MS = 15_000

export class SyntheticHost {
  readonly #hostId: string
  readonly #key: string
  #claim: ClaimIdentity | null = null
  #startedAt: string | null = null
  readonly #watchers = new Set<ServerResponse>()
  #heartbeat: NodeJS.Timeout | undefined

  /** `key` is the one that the engine was given for it, hex. */
  constructor(hostId: string, key: string) {
    this.#hostId = hostId
    this.#key = key
  }

  /** Ends all its connections, as the death of its process does. */
  die(): void {
    clearInterval(this.#heartbeat)
    for (const watcher of this.#watchers) watcher.destroy()
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { session, fence } = verify<HostGrant>(this.#key, bearer(request.headers.authorization) ?? '').body
    if (request.url === '/claim') {
      const { env: _env, ...claim } = JSON.parse(await textOf(request)) as Claim
      if (claim.session !== session || claim.fence !== fence) throw new Error('the grant is for another session')
      this.#claim ??= claim
      this.#startedAt ??= new Date().toISOString()
    }
    if (request.url === '/watch') this.#watch(response)
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(this.#status()))
  }

  #watch(response: ServerResponse): void {
    this.#watchers.add(response)
    response.on('close', () => this.#watchers.delete(response))
    this.#heartbeat ??= setInterval(() => {
      for (const watcher of this.#watchers) this.#tell(watcher)
    }, HEARTBEAT_MS)
    this.#tell(response)
  }

  #tell(watcher: ServerResponse): void {
    watcher.write(`${JSON.stringify(this.#status())}\n`)
  }

  #status(): HostStatus {
    const at = this.#startedAt ?? new Date().toISOString()
    const life = { activity: { at, because: 'start' as const }, expiring: null }
    const seen = {
      offset: 0,
      cols: 80,
      rows: 24,
      viewers: 0,
      title: '',
      cwd: null,
      commands: 0,
      agent: null,
      oomKills: 0,
    }
    const claimed = { claim: this.#claim, epoch: 'bench', startedAt: this.#startedAt, ...life }
    return { hostId: this.#hostId, protocol: SUBPROTOCOL, ...claimed, ...seen, exit: null }
  }
}

export const textOf = async (request: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

/** The host that the caller means, from its grant; undefined for a call without one. */
export const hostIn = (request: IncomingMessage): string | undefined => {
  const token = bearer(request.headers.authorization)
  if (token === undefined) return undefined
  const text = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()
  return (JSON.parse(text) as { body: HostGrant }).body.host
}
