/** How requests reach a cluster's API server: where it is and with which credentials, as a kubeconfig or our own pod's service account says. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import { HoldfastError } from '@holdfast/protocol'
import type { KubeConfig } from '@kubernetes/client-node'

export interface KubeReach {
  /** File; default: the service account of the pod that we run in. */
  kubeconfig?: string
  /** Of the kubeconfig; default: its current one. */
  context?: string
}

export interface KubeRequest {
  method: string
  /** From the server's root. */
  path: string
  query: Readonly<Record<string, string | number>>
  type: string
  body?: unknown
  signal: AbortSignal
}

/** Both reject with whatever went wrong. */
export interface KubeConnection {
  /** Read once, when it is first needed. */
  config(): Promise<KubeConfig>
  /** Resolves with the response once its head is there. */
  send(request: KubeRequest): Promise<IncomingMessage>
}

const load = async ({ kubeconfig, context }: KubeReach): Promise<KubeConfig> => {
  // Only here: it takes a second and 90 MB to load, which installations without a cluster are spared.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  if (kubeconfig === undefined) config.loadFromCluster()
  else config.loadFromFile(kubeconfig)
  if (context !== undefined) config.setCurrentContext(context)
  return config
}

const sendOnce = (url: URL, options: RequestOptions, payload: string | undefined): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, options, resolve)
    outgoing.on('error', (error) => reject(Object.assign(error, { reused: outgoing.reusedSocket })))
    outgoing.end(payload)
  })

/**
 * A server that closes an idle connection just when it is used again has not seen the request. Nothing else is tried twice.
 * Source: Node's documentation of `request.reusedSocket`.
 */
const send = async (url: URL, options: RequestOptions, payload: string | undefined): Promise<IncomingMessage> => {
  try {
    return await sendOnce(url, options, payload)
  } catch (error) {
    const { code, reused } = error as NodeJS.ErrnoException & { reused?: boolean }
    if (code !== 'ECONNRESET' || !reused) throw error
    return sendOnce(url, options, payload)
  }
}

/** Throws BAD_REQUEST when the file cannot be read; nothing is connected yet. */
export const kubeConnection = (reach: KubeReach): KubeConnection => {
  try {
    if (reach.kubeconfig !== undefined) readFileSync(reach.kubeconfig)
  } catch (error) {
    throw new HoldfastError('BAD_REQUEST', `the kubeconfig: ${(error as Error).message}`)
  }
  const agent = new Agent({ keepAlive: true })
  let loading: Promise<KubeConfig> | undefined
  const config = (): Promise<KubeConfig> => {
    loading ??= load(reach).catch((error) => {
      loading = undefined // the next call reads it again
      throw error
    })
    return loading
  }
  const sendTo = async ({ method, path, query, type, body, signal }: KubeRequest): Promise<IncomingMessage> => {
    const kube = await config()
    const cluster = kube.getCurrentCluster()
    if (cluster === null) throw new Error('the kubeconfig names no cluster for this context')
    // At every request: credentials may come from a file or a command that renews them.
    const given: RequestOptions = {}
    await kube.applyToHTTPSOptions(given as never)
    const url = new URL(cluster.server.replace(/\/$/, '') + path)
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value))
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...(given.headers as Record<string, string> | undefined),
      accept: 'application/json',
      // The length, too: without it Node would send the body of a DELETE unframed, as if it were the next request.
      ...(payload === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(payload) }),
    }
    const own = cluster.proxyUrl === undefined ? { agent } : {}
    return send(url, { ...given, ...own, method, headers, signal }, payload)
  }
  return { config, send: sendTo }
}
