/** The connection to a Docker engine: every call has a deadline, every failure is one of ours. */
import { HoldfastError } from '@holdfast/protocol'
import type Docker from 'dockerode'
import { RuntimeRefused } from './runtime.ts'

/**
 * Milliseconds that a call may take; `copy`: of all files of a session. Source: a start took 0.3 s on 2 idle cores; engines
 * under mass creates take seconds (moby#30883).
 */
export const DEADLINE_MS = { ping: 3_000, query: 5_000, change: 30_000, copy: 600_000 } as const

/** The engine's own answer, with its HTTP status, for callers that expect some of them. */
export class EngineRefusal extends RuntimeRefused {
  readonly status: number
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

const translated = (what: string, ms: number, thrown: unknown): Error => {
  const { name, message, statusCode, json } = thrown as Error & { statusCode?: number; json?: { message?: string } }
  const cause = { cause: thrown }
  if (name === 'TimeoutError' || name === 'AbortError') {
    return new HoldfastError('RUNTIME_UNAVAILABLE', `Docker did not ${what} within ${ms / 1000} s`, cause)
  }
  const reason = `Docker could not ${what}: ${json?.message ?? message}`
  if (statusCode === undefined || statusCode >= 500) return new HoldfastError('RUNTIME_UNAVAILABLE', reason, cause)
  return new EngineRefusal(statusCode, reason, cause)
}

/** Runs one call. Throws RUNTIME_UNAVAILABLE (no answer, no connection, 5xx) or EngineRefusal (3xx, 4xx). */
export const call = async <T>(what: string, ms: number, run: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
  const deadline = new AbortController()
  // Some calls of dockerode do not pass the signal on; the race keeps the deadline all the same.
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    deadline.abort()
    late.reject(deadline.signal.reason)
  }, ms)
  try {
    return await Promise.race([run(deadline.signal), late.promise])
  } catch (thrown) {
    throw translated(what, ms, thrown)
  } finally {
    clearTimeout(timer)
  }
}

/** Catches the engine's refusals with one of these statuses. */
export const refused =
  (statuses: readonly number[]) =>
  (error: unknown): EngineRefusal => {
    if (error instanceof EngineRefusal && statuses.includes(error.status)) return error
    throw error
  }

/** The call's answer, or null when the engine refuses with one of these statuses. */
export const unless = async <T>(statuses: readonly number[], answer: Promise<T>): Promise<T | null> => {
  const refusal = refused(statuses)
  return answer.catch((error: unknown) => {
    refusal(error)
    return null
  })
}

/**
 * Creates a container. Name and body go apart: dockerode would put the whole body, keys in its environment included,
 * into the URL, which engines and proxies log.
 */
export const createContainer = (
  docker: Docker,
  name: string,
  body: Docker.ContainerCreateOptions,
): Promise<Docker.Container> =>
  call(`create container ${name}`, DEADLINE_MS.change, (abortSignal) =>
    docker.createContainer({ _query: { name }, _body: body, abortSignal } as Docker.ContainerCreateOptions),
  )

/**
 * What a container wrote to its standard error, then what to its standard output. They are kept apart because the engine
 * cuts long lines and reads the two pipes at its own pace: a word of one can stand in the middle of a line of the other.
 * The stream is multiplexed: frames of an 8-byte header (byte 0: 2 for standard error; length at byte 4) and a payload.
 */
export const readLogs = async (container: Docker.Container): Promise<Buffer> => {
  const raw = await call('read a log', DEADLINE_MS.query, (abortSignal) =>
    container.logs({ stdout: true, stderr: true, follow: false, abortSignal }),
  )
  const errors: Buffer[] = []
  const output: Buffer[] = []
  for (let at = 0; at + 8 <= raw.length; ) {
    const end = at + 8 + raw.readUInt32BE(at + 4)
    const stream = raw[at] === 2 ? errors : output
    stream.push(raw.subarray(at + 8, end))
    at = end
  }
  return Buffer.concat([...errors, ...output])
}

/** Throws RUNTIME_UNAVAILABLE when the engine does not answer. */
export const ping = async (docker: Docker): Promise<void> => {
  const answer = docker.ping.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>
  await call('answer a ping', DEADLINE_MS.ping, (abortSignal) => answer({ abortSignal }))
}
