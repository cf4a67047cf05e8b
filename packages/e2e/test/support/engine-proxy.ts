/** A door to the real Docker engine that can be shut: the orchestrator sees an engine that is away, the machine keeps its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DOCKER_SOCKET } from './stack.ts'

export interface EngineProxy {
  readonly path: string
  /** Every connection is cut, and each new one at once. */
  shut(): void
  open(): void
  close(): Promise<void>
}

export const engineProxy = async (): Promise<EngineProxy> => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-engine-'))
  const path = join(dir, 'docker.sock')
  const sockets = new Set<Socket>()
  let isShut = false
  const server = createServer((client) => {
    if (isShut) return client.destroy()
    const engine = connect(DOCKER_SOCKET)
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy()).on('close', () => sockets.delete(from))
    }
  })
  await new Promise<void>((done) => server.listen(path, done))
  return {
    path,
    shut: () => {
      isShut = true
      for (const socket of sockets) socket.destroy()
    },
    open: () => {
      isShut = false
    },
    close: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => {
          rmSync(dir, { recursive: true, force: true })
          done()
        })
      }),
  }
}
