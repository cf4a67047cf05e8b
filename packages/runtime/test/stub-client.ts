/** What tests use to talk to a stub host, and to wait for a condition. */
import { connect, type NetConnectOpts } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { randomId } from '@holdfast/protocol'
import type { HostInfo } from '../src/index.ts'

export const newHostId = (): string => `test-${randomId(12)}-${randomId(6)}`

/** Polls until the probe gives something; fails with `what` after 60 s. */
export const until = async <T>(what: string, probe: () => Promise<T | null | undefined | false>): Promise<T> => {
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(20)) {
    const found = await probe()
    if (found !== null && found !== undefined && found !== false) return found
  }
  throw new Error(`not within 60 s: ${what}`)
}

/** Of an address as gateways dial it. */
const targetOf = (address: string): NetConnectOpts => {
  const [, host, port] = /^tcp:\[?(.+?)\]?:(\d+)$/.exec(address) ?? []
  return host === undefined ? { path: address.replace(/^unix:/, '') } : { host, port: Number(port) }
}

const ask = (address: string, line: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(targetOf(address), () => socket.write(`${line}\n`))
    socket.on('data', (bytes) => {
      answer += bytes
      if (answer.endsWith('\n')) socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer.trim()))
  })

/** Waits until the host listens, then gives it one command; the answer, '' when it ends over it. */
export const tell = (info: HostInfo, line: string): Promise<string> => {
  return until(`${info.hostId} listens`, () =>
    ask(info.address, line).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return null
      if (error.code === 'ECONNRESET') return ''
      throw error
    }),
  )
}
