/** ttyd, dialled at its own address: the image `contender/ttyd`, else the program on PATH. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { addressesOf, docker, hasImage, removeContainer } from '../docker.ts'
import { type Contender, type Line, Outlet, Skipped } from '../line.ts'
import { freePort } from '../services.ts'
import type { Undo } from '../undo.ts'
import { openPatiently } from './web-socket.ts'

export const TTYD_IMAGE = 'contender/ttyd'

export interface TtydServer {
  url: string
  /** On this machine: container's first process, or ttyd itself. */
  pid: number
  stop(): Promise<void>
}

const inContainer = (command: readonly string[], undo: Undo): TtydServer => {
  const id = docker('run', '-d', '--init', '--pull=never', TTYD_IMAGE, 'ttyd', '-W', '-p', '7681', ...command)
  const stop = undo.add(() => removeContainer(id))
  const [address = ''] = addressesOf(id)
  return { url: `ws://${address}:7681/ws`, pid: Number(docker('inspect', '-f', '{{.State.Pid}}', id)), stop }
}

const asProcess = async (command: readonly string[], undo: Undo): Promise<TtydServer> => {
  const port = await freePort()
  const child = spawn('ttyd', ['-W', '-i', '127.0.0.1', '-p', String(port), ...command], { stdio: 'ignore' })
  await once(child, 'spawn')
  return { url: `ws://127.0.0.1:${port}/ws`, pid: child.pid ?? 0, stop: undo.add(() => child.kill()) }
}

/** Throws `Skipped` when there is neither image nor program. */
export const startTtyd = async (command: readonly string[], undo: Undo): Promise<TtydServer> => {
  if (hasImage(TTYD_IMAGE)) return inContainer(command, undo)
  if (spawnSync('ttyd', ['--version']).error === undefined) return asProcess(command, undo)
  throw new Skipped(`neither an image ${TTYD_IMAGE} nor ttyd on PATH`)
}

/** ttyd's own protocol: first message JSON, then one letter and bytes; `0` is input and output. It runs the command now. */
export const attachTtyd = async (url: string, perMessageDeflate = false): Promise<Line> => {
  const socket = await openPatiently(url, ['tty'], { perMessageDeflate })
  const outlet = new Outlet()
  socket.on('message', (data: Buffer) => {
    if (data[0] === 0x30) outlet.push(data.subarray(1))
  })
  socket.send(JSON.stringify({ AuthToken: '', columns: 80, rows: 24 }))
  return {
    type: (text) => socket.send(Buffer.from(`0${text}`)),
    outlet,
    close: async () => socket.close(),
  }
}

const contender = (name: string, perMessageDeflate: boolean): Contender => ({
  name,
  async open(command, undo) {
    const server = await startTtyd(command, undo)
    const line = await attachTtyd(server.url, perMessageDeflate)
    return { ...line, close: () => server.stop() }
  },
})

export const ttyd = contender('ttyd', false)
/** It compresses for whoever offers that, and every browser does. */
export const ttydCompressing = contender('ttyd, as browsers dial it', true)
