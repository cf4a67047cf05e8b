/** A program of somebody else: `local.js SOCKET` takes a session of tmux from its making to its end, and prints what it saw as JSON. */
import { HoldfastError } from '@holdfast/protocol'
import { type ManagerOptions, SessionManager } from '@holdfast/session-manager'

const options: ManagerOptions = { mode: 'simple', socket: process.argv[2] ?? '' }
const manager = new SessionManager(options)
const session = await manager.create({
  command: 'sh',
  args: ['-c', 'echo ready; read word; echo "$word, heard"; read end; exit 7'],
})
await session.wait({ until: 'text', text: /ready/ })

const stream = session.attach()
const ended = stream.reduce((all: string, bytes: Buffer) => all + bytes.toString(), '')
await session.input('a word\r')
await session.wait({ until: 'text', text: /, heard/ }) // what is written in the moment of its exit tmux may lose
await session.input('\r')
const { met } = await session.wait({ until: 'exit' })
const streamed = await ended

const screen = await session.screen()
const html = await session.screen('html')
const { phase, exitCode } = await session.refresh()
await session.kill()
const gone = await session.refresh().catch((error: unknown) => error)
const code = gone instanceof HoldfastError ? gone.code : String(gone)
process.stdout.write(JSON.stringify({ met, streamed, screen, html, phase, exitCode, code }))

// @ts-expect-error: types that are not found would allow anything
export const wrong: ManagerOptions = { mode: 'other' }
