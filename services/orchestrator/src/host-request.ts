/** One HTTP request to a session host, over its Unix socket or TCP address. The host runs beside other people's code: its answers are bounded. */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { ERRORS, type ErrorCode, HoldfastError } from '@holdfast/protocol'

export interface HostRequest {
  method: 'GET' | 'POST'
  path: string
  token?: string
  body?: unknown
  /** Milliseconds until the whole answer must be there; 0 for streams. */
  timeoutMs: number
  signal?: AbortSignal
}
/** A file on its way to or from a host. */
export interface HostTransfer {
  path: string
  token: string
  /** What is written there; without it something is read. */
  body?: IncomingMessage
  /** Ends it. */
  signal: AbortSignal
}
export interface HostAnswer {
  status: number
  type: string
  text: string
}
export interface HostBytes {
  status: number
  headers: IncomingHttpHeaders
  bytes: Buffer
}

/** So long nothing of a file may move. */
const TRANSFER_IDLE_MS = 60_000

/** A connection for every request: a host is asked rarely, and a dead one must not linger in a pool. */
const agent = new Agent({ keepAlive: false })

/** Bytes; the largest screen with all its scrollback stays below, and so does the longest part of the output. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

const connectTo = (address: string): RequestOptions => {
  const unix = /^unix:(.+)$/.exec(address)
  if (unix?.[1] !== undefined) return { socketPath: unix[1] }
  const tcp = /^tcp:(.+):(\d+)$/.exec(address)
  if (tcp?.[1] !== undefined) return { host: tcp[1].replace(/^\[(.*)\]$/, '$1'), port: Number(tcp[2]) }
  throw new HoldfastError('INTERNAL', `"${address}" is not an address of a session host`)
}

export const unreachable = (address: string, cause: unknown): HoldfastError =>
  new HoldfastError('HOST_UNREACHABLE', `the session host at ${address} does not answer`, { cause })

/** Resolves with the response once its head is there. */
export const openRequest = (address: string, options: HostRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const payload = options.body === undefined ? undefined : JSON.stringify(options.body)
    const outgoing = request({
      ...connectTo(address),
      method: options.method,
      path: options.path,
      agent,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      headers: {
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      },
    })
    const late = () => outgoing.destroy(new Error(`no answer within ${options.timeoutMs} ms`))
    // Not AbortSignal.timeout, which stays in memory until its time whatever becomes of the request.
    const timer = options.timeoutMs > 0 ? setTimeout(late, options.timeoutMs) : undefined
    outgoing.on('close', () => clearTimeout(timer))
    outgoing.on('response', resolve)
    outgoing.on('error', (error) => reject(unreachable(address, error)))
    outgoing.end(payload)
  })

const readAll = async (address: string, response: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long')
      chunks.push(chunk)
    }
  } catch (error) {
    throw unreachable(address, error)
  }
  return Buffer.concat(chunks)
}

/** The host's own problem in our words. Without a code of the table it is not a host that answers: its address may be somebody else's by now. */
export const hostProblem = (status: number, text: string): HoldfastError => {
  try {
    const { code, detail } = JSON.parse(text) as { code?: string; detail?: string }
    if (code !== undefined && Object.hasOwn(ERRORS, code)) {
      return new HoldfastError(code as ErrorCode, String(detail).slice(0, 1000))
    }
  } catch {
    // Not JSON: answered below.
  }
  return new HoldfastError('HOST_UNREACHABLE', `what answered ${status} is not the session host`)
}

/** Throws HOST_UNREACHABLE, or the problem that the host answered. */
export const askHostForBytes = async (address: string, options: HostRequest): Promise<HostBytes> => {
  const response = await openRequest(address, options)
  const bytes = await readAll(address, response)
  const status = response.statusCode ?? 0
  if (status >= 400) throw hostProblem(status, bytes.toString())
  return { status, headers: response.headers, bytes }
}

/** The same for text. */
export const askHost = async (address: string, options: HostRequest): Promise<HostAnswer> => {
  const { status, headers, bytes } = await askHostForBytes(address, options)
  return { status, type: headers['content-type'] ?? 'application/octet-stream', text: bytes.toString() }
}

/** Passes a body on as it comes. Resolves with an answer that is read as it is taken; throws HOST_UNREACHABLE, or the problem that the host answered. */
export const transferWithHost = async (address: string, options: HostTransfer): Promise<IncomingMessage> => {
  const { path, token, body, signal } = options
  const length = body?.headers['content-length']
  // A host that closes at once behind its answer could cut the end of what is sent off, and the answer would be lost.
  const headers = {
    authorization: `Bearer ${token}`,
    connection: 'keep-alive',
    ...(length === undefined ? {} : { 'content-length': length }),
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'PUT'
    const timeout = TRANSFER_IDLE_MS
    const outgoing = request({ ...connectTo(address), method, path, agent, signal, timeout, headers })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`nothing moved for ${timeout} ms`)))
    outgoing.on('response', resolve)
    outgoing.on('error', (error) => reject(unreachable(address, error)))
    // Not a pipeline: it would cut the caller off, who is to hear why.
    if (body === undefined) outgoing.end()
    else body.pipe(outgoing)
  })
  const status = response.statusCode ?? 0
  if (status >= 400) throw hostProblem(status, (await readAll(address, response)).toString())
  return response
}
