/** Runs a command in a session of tmux, prints what it shows and ends as it ended. Stop this program and start it again: the command ran on, and is found. */
import { SessionManager } from '@holdfast/session-manager'

const [command = 'make', ...args] = process.argv.slice(2)
const cwd = process.cwd()

const manager = new SessionManager({ mode: 'simple' })
const idempotencyKey = JSON.stringify([cwd, command, args])
const session = await manager.create({ command, args, cwd }, { idempotencyKey })

const { exitCode } = await session.wait({ until: 'exit', timeoutMs: 86_400_000 })
process.stdout.write(await session.screen('text', 10_000))
await session.kill()
process.exitCode = exitCode ?? 1
