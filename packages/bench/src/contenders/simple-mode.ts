/** An attachment of the session manager's simple mode, and tmux's own on the same server. */
import type { SessionManager } from '@holdfast/session-manager'
import { type Contender, Outlet } from '../line.ts'
import { HOLDFAST } from '../scenario.ts'
import { type TmuxServer, tmuxClient } from './tmux.ts'

const make = (manager: SessionManager, [command = 'sh', ...args]: readonly string[]) =>
  manager.create({ command, args, cols: 80, rows: 24 })

export const simpleMode = (manager: SessionManager): Contender => ({
  name: HOLDFAST,
  async open(command) {
    const session = await make(manager, command)
    const stream = session.attach()
    const outlet = new Outlet()
    stream.on('data', (bytes: Buffer) => outlet.push(bytes))
    return {
      type: (text) => stream.write(text),
      outlet,
      close: async () => {
        stream.destroy()
        await session.kill()
      },
    }
  },
})

/** A session that is made the same way, looked at by `tmux attach`. */
export const tmuxAttach = (manager: SessionManager, server: TmuxServer): Contender => ({
  name: 'tmux attach',
  async open(command) {
    const session = await make(manager, command)
    return tmuxClient([...server.args, 'attach-session', '-t', `=${session.id}`], () => session.kill())
  },
})
