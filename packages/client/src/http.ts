/** One HTTP call to a gateway: credentials, a time limit, and failures as HoldfastError. */
import { HoldfastError } from '@holdfast/protocol'
import { readProblem } from './problem.ts'

/** Milliseconds for calls that wait for nothing but the answer. */
const ANSWER_MS = 30_000

export interface Call {
  body?: unknown
  headers?: Record<string, string>
  /** How long the server may take before it answers, milliseconds; beyond that it gets ANSWER_MS more. */
  serverWaitMs?: number
  signal?: AbortSignal | undefined
}

/** Of a file. */
export type FileBody = Uint8Array | Blob | ReadableStream<Uint8Array>

export class Http {
  /** Without a slash at its end. */
  readonly url: string
  readonly key: string | undefined

  constructor(url: string, key: string | undefined) {
    this.url = url.replace(/\/+$/, '')
    this.key = key
  }

  get credentials(): Record<string, string> {
    return this.key === undefined ? {} : { authorization: `Bearer ${this.key}` }
  }

  async json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const answer = await this.#call(method, path, call)
    return (answer.status === 204 ? undefined : await answer.json()) as T
  }

  async text(path: string): Promise<string> {
    return (await this.#call('GET', path, {})).text()
  }

  async bytes(path: string): Promise<{ headers: Headers; bytes: Uint8Array }> {
    const answer = await this.#call('GET', path, {})
    return { headers: answer.headers, bytes: new Uint8Array(await answer.arrayBuffer()) }
  }

  /** An answer whose body goes on for as long as the caller likes. */
  async stream(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    return this.#fetch(path, { headers: { ...this.credentials, ...headers }, signal }, signal)
  }

  /** Bytes either way, for as long as they move. */
  async transfer(method: string, path: string, body?: FileBody, signal?: AbortSignal): Promise<Response> {
    const init: RequestInit & { duplex?: 'half' } = { method, headers: this.credentials, signal: signal ?? null }
    if (body !== undefined) {
      init.headers = { ...this.credentials, 'content-type': 'application/octet-stream' }
      init.body = body as NonNullable<RequestInit['body']>
    }
    if (body instanceof ReadableStream) {
      // Node reads it to its end also when the call was ended.
      init.body = signal === undefined ? body : body.pipeThrough(new TransformStream(), { signal })
      init.duplex = 'half'
    }
    return this.#fetch(path, init, signal)
  }

  async #call(method: string, path: string, call: Call): Promise<Response> {
    const limit = AbortSignal.timeout((call.serverWaitMs ?? 0) + ANSWER_MS)
    const content = call.body === undefined ? {} : { 'content-type': 'application/json' }
    const init = {
      method,
      headers: { ...this.credentials, ...content, ...call.headers },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: call.signal ? AbortSignal.any([call.signal, limit]) : limit,
    }
    return this.#fetch(path, init, call.signal)
  }

  async #fetch(path: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
    const answer = await fetch(`${this.url}${path}`, init).catch((cause: unknown) => {
      if (signal?.aborted) throw cause // the caller's own doing, not a failure
      if (cause instanceof Error && cause.name === 'TimeoutError')
        throw new HoldfastError('TIMEOUT', `${this.url} did not answer in time`, { cause })
      throw new HoldfastError('HOST_UNREACHABLE', `${this.url} does not answer`, { cause })
    })
    if (answer.ok) return answer
    throw readProblem(answer.status, await answer.text().catch(() => ''), answer.headers.get('retry-after'))
  }
}
