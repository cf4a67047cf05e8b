/** Runs a command in the cluster and passes on each byte of its output once, whatever is restarted in between. */
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { SessionManager } from '@holdfast/session-manager'

const { HOLDFAST_URL: url = 'http://127.0.0.1:8080', HOLDFAST_KEY: key = '' } = process.env
const [command = 'bash', ...args] = process.argv.slice(2)

const manager = new SessionManager({ mode: 'distributed', url, key })
const session = await manager.create({ command, args, ttlSeconds: 3600, labels: { example: 'distributed' } })

const output = session.attach({ mode: 'ro' })
output.on('reconnecting', (reason) => process.stderr.write(`${reason ?? 'it goes on'}\n`))
const exit = once(output, 'exit')
await pipeline(output, process.stdout, { end: false })
const [{ exitCode }] = await exit
await session.kill()
process.exitCode = exitCode ?? 1
