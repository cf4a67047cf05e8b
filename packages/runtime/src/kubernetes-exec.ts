/** A command run in a pod to its end. */
import { Writable } from 'node:stream'
import type { KubeConfig, V1Status } from '@kubernetes/client-node'

export interface PodCommand {
  namespace: string
  pod: string
  command: readonly string[]
  /** Ends the connection; the command may go on. */
  signal: AbortSignal
}

/** Throws with the server's reason when it could not be begun, and when it failed. */
export const runIn = async (config: KubeConfig, { namespace, pod, command, signal }: PodCommand): Promise<void> => {
  const { Exec } = await import('@kubernetes/client-node')
  const ended = Promise.withResolvers<V1Status>()
  // Of the three streams one must be asked for.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const running = new Exec(config).exec(namespace, pod, 'host', [...command], output, null, null, false, ended.resolve)
  const socket = await running
  const close = (): void => socket.close()
  signal.addEventListener('abort', close)
  socket.onclose = () => ended.reject(new Error('the connection broke off'))
  try {
    const { status, message } = await ended.promise
    if (status !== 'Success') throw new Error(message ?? 'the command failed')
  } finally {
    signal.removeEventListener('abort', close)
    socket.close()
  }
}
