/** Calls to a cluster's API server: every one has a deadline, and every failure is one of ours. */
import type { IncomingMessage } from 'node:http'
import { HoldfastError } from '@holdfast/protocol'
import { type KubeReach, kubeConnection } from './kubernetes-connection.ts'
import { runIn } from './kubernetes-exec.ts'
import { RuntimeRefused } from './runtime.ts'

/** Milliseconds that a call may take. */
export const KUBE_MS = { ping: 3_000, query: 5_000, change: 10_000 } as const

export interface KubeCall {
  /** For people: `list pods`. */
  what: string
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Default: the core API. */
  group?: 'networking.k8s.io/v1'
  /** Default: the one namespace. */
  scope?: 'cluster'
  /** Within the scope: `pods/<name>`. */
  path: string
  query?: Readonly<Record<string, string | number>>
  body?: unknown
  /** Of the body; default: application/json. */
  type?: 'application/json-patch+json' | 'application/merge-patch+json'
  /** Milliseconds until the whole answer must be there. */
  ms: number
  /** Gives the call up. */
  signal?: AbortSignal
}

export interface KubeApi {
  /** The answer's JSON. Throws RUNTIME_UNAVAILABLE (no answer, no connection, 401, 429, 5xx, a quota that is used up) or KubeRefusal. */
  ask<T>(call: KubeCall): Promise<T>
  /** Passes on the bytes of the answer as they come, until it ends or `take` says that it is enough. Throws as `ask` does. */
  read(call: KubeCall, take: (chunk: Buffer) => 'enough' | undefined): Promise<void>
  /** Runs a command in a pod, as its user, to its end. Throws RUNTIME_UNAVAILABLE also when it could not be begun, or failed. */
  run(call: Pick<KubeCall, 'what' | 'ms'> & { pod: string; command: readonly string[] }): Promise<void>
}

/** The API server answered, and said no. */
export class KubeRefusal extends RuntimeRefused {
  /** HTTP. */
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Catches the server's refusals with one of these statuses; null in their place. */
export const unlessStatus = <T>(statuses: readonly number[], answer: Promise<T>): Promise<T | null> =>
  answer.catch((error: unknown) => {
    if (error instanceof KubeRefusal && statuses.includes(error.status)) return null
    throw error
  })

/** Of an answer; a page of 500 pods has a few MiB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** They pass: credentials that are being renewed, a server with too much to do. */
const PASSING: readonly number[] = [401, 429]

const whole = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long')
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Of a Status object, or what a proxy before the server says. */
const reasonIn = (text: string): string => {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text
  } catch {
    return text.slice(0, 500)
  }
}

const refusal = (what: string, status: number, text: string): Error => {
  const reason = reasonIn(text) || `status ${status}`
  const message = `Kubernetes could not ${what}: ${reason}`
  const passes = status >= 500 || PASSING.includes(status) || /exceeded quota/.test(reason)
  return passes ? new HoldfastError('RUNTIME_UNAVAILABLE', message) : new KubeRefusal(status, message)
}

const translated = (what: string, thrown: unknown): Error => {
  if (thrown instanceof HoldfastError || thrown instanceof RuntimeRefused) return thrown
  const reason = (thrown as Error).message || (thrown as NodeJS.ErrnoException).code
  return new HoldfastError('RUNTIME_UNAVAILABLE', `Kubernetes could not ${what}: ${reason}`, { cause: thrown })
}

/** Throws RUNTIME_UNAVAILABLE when it takes longer than `ms`. */
const inTime = async <T>(
  { what, ms, signal }: Pick<KubeCall, 'what' | 'ms' | 'signal'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const deadline = new AbortController()
  // The race, because a command of the kubeconfig that gives credentials hears of no signal.
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new HoldfastError('RUNTIME_UNAVAILABLE', `Kubernetes did not ${what} within ${Math.ceil(ms / 1000)} s`))
    deadline.abort()
  }, ms)
  try {
    const either = signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal])
    return await Promise.race([work(either), late.promise])
  } catch (thrown) {
    throw translated(what, thrown)
  } finally {
    clearTimeout(timer)
  }
}

/** Throws BAD_REQUEST when the kubeconfig cannot be read; nothing is connected yet. */
export const kubeApi = ({ namespace, ...reach }: KubeReach & { namespace: string }): KubeApi => {
  const connection = kubeConnection(reach)
  const answer = async (call: KubeCall, signal: AbortSignal): Promise<IncomingMessage> => {
    const { what, method = 'GET', group, scope, path, query = {}, body, type = 'application/json' } = call
    const root = group === undefined ? '/api/v1' : `/apis/${group}`
    const from = scope === 'cluster' ? `${root}/${path}` : `${root}/namespaces/${namespace}/${path}`
    const response = await connection.send({ method, path: from, query, type, body, signal })
    const status = response.statusCode ?? 0
    if (status >= 300) throw refusal(what, status, await whole(response))
    return response
  }
  return {
    ask: (call) => inTime(call, async (signal) => JSON.parse(await whole(await answer(call, signal)))),
    read: (call, take) =>
      inTime(call, async (signal) => {
        for await (const chunk of (await answer(call, signal)) as AsyncIterable<Buffer>) {
          if (take(chunk) === 'enough') return
        }
      }),
    run: ({ what, ms, pod, command }) =>
      inTime({ what, ms }, async (signal) => runIn(await connection.config(), { namespace, pod, command, signal })),
  }
}
