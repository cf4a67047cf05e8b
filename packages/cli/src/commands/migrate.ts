/** `holdfast migrate`: a session goes on on the other side. */
import { migrate } from '@holdfast/session-manager'
import { command, oneOf, oneTarget, UsageError } from '../command.ts'
import { findSession } from '../targets.ts'

const SIDES = ['cluster', 'local'] as const

export const migrateCommand = command(
  {
    name: 'migrate',
    summary:
      'Move a session between this machine and the cluster; prints its id, which stays. Its command is ended here and started there, by its --resume-command where it has one; files do not move.',
    usage: '<session> --to cluster|local [flags]',
    options: {
      to: { type: 'string', value: 'SIDE', about: 'where it goes: cluster, or local (tmux on this machine)' },
      cwd: { type: 'string', value: 'DIR', about: 'its directory there; default: the same' },
      template: { type: 'string', value: 'TEMPLATE', about: 'what it is made from in the cluster; default: the first' },
      json: { type: 'boolean', about: 'print the session as JSON' },
    },
    examples: [
      'holdfast migrate agent --to cluster --template claude --cwd /home/dev/app --mode hybrid',
      'holdfast migrate agent --to local --cwd ~/app --mode hybrid',
    ],
  },
  async ({ to, cwd, template, json }, positionals, { io, sessions }) => {
    const target = oneTarget(positionals)
    if (to === undefined) throw new UsageError('say where it goes: --to cluster, or --to local')
    const side = oneOf('--to', SIDES, to)
    const api = sessions()
    const id = await findSession(api, target)
    const before = await api.getSession(id)
    const session = await migrate(api, id, {
      to: side,
      ...(cwd === undefined ? {} : { cwd }),
      ...(template === undefined ? {} : { template }),
      onStep: (step) => io.stderr.write(`${step} …\n`),
    })
    const where = session.runtime === 'tmux' ? 'on this machine' : `in the cluster, on node ${session.node}`
    const moved = before.runtime === 'tmux' ? session.runtime !== 'tmux' : session.runtime === 'tmux'
    const [program, ...args] = session.resume ?? [session.command, ...session.args]
    const started = `; started with: ${[program, ...args].join(' ')}`
    io.stderr.write(`${session.name} is ${where}${moved ? started : ' already'}\n`)
    io.stdout.write(json ? `${JSON.stringify(session, null, 2)}\n` : `${session.id}\n`)
    return 0
  },
)
