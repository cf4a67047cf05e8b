/** The address of a host, `unix:<path>` or `tcp:<host>:<port>`, and listening there. */
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { ListenOptions } from 'node:net'
import { HoldfastError } from '@holdfast/protocol'

const parseAddress = (address: string): ListenOptions => {
  // Gateways run as another user; the gate, not the file's mode, decides who may do what.
  if (address.startsWith('unix:')) return { path: address.slice(5), readableAll: true, writableAll: true }
  const [, host = '', port = ''] = /^tcp:\[?(.+?)\]?:(\d{1,5})$/.exec(address) ?? []
  if (port === '') throw new HoldfastError('BAD_REQUEST', `"${address}" is neither unix:<path> nor tcp:<host>:<port>`)
  return { host, port: Number(port) }
}

export const listen = async (server: Server, address: string): Promise<void> => {
  const options = parseAddress(address)
  // Left by a host that was killed; two hosts never share an id, and so never a path.
  if (options.path !== undefined) rmSync(options.path, { force: true })
  server.listen(options)
  await once(server, 'listening')
}
