/** `holdfast logs`: what a session has shown, with -f what it goes on to show, with --command the output of one command. */
import { QueryFilter } from '@holdfast/client'
import { HoldfastError, hasEnded, MAX_SCROLLBACK_LINES } from '@holdfast/protocol'
import type { SessionApi } from '@holdfast/session-manager'
import { command, oneTarget, UsageError, wholeNumber } from '../command.ts'
import { commandOutput } from '../command-output.ts'
import { type Io, onLeaving } from '../io.ts'
import { findSession } from '../targets.ts'
import { ended } from '../words.ts'

/** Output as it comes, without answering what programs ask terminals. Resolves at the end, or when the user leaves. */
const follow = async (api: SessionApi, id: string, io: Io): Promise<void> => {
  const { stdout } = io
  let filter = new QueryFilter()
  const show = (bytes: Uint8Array, parsed: () => void): void => {
    const shown = filter.push(bytes)
    if (shown.length === 0) parsed()
    else stdout.write(shown, parsed)
  }
  let begun = false
  const attachment = api.attach(id, {
    mode: 'ro',
    onOutput: show,
    onSnapshot: (bytes, _size, parsed) => {
      filter = new QueryFilter()
      // Behind: what was missed is on the screen, which is painted again.
      if (begun) stdout.write('\r\n')
      begun = true
      show(bytes, parsed)
    },
  })
  const unheard = onLeaving(io, () => attachment.detach())
  const state = await attachment.ended
  unheard()
  if (state.kind === 'closed' && state.code !== 1000) throw new HoldfastError('HOST_UNREACHABLE', state.reason)
}

export const logsCommand = command(
  {
    name: 'logs',
    summary: 'Print what a session has shown, as far back as it remembers; -f goes on until it ends.',
    usage: '<session> [-f] [--lines N] [--ansi] | <session> --command N|last',
    options: {
      follow: { type: 'boolean', short: 'f', about: 'go on with what comes, until it ends or Ctrl-C' },
      lines: { type: 'string', value: 'N', about: 'only so many lines above the screen; default all' },
      ansi: { type: 'boolean', about: 'with colours' },
      command: {
        type: 'string',
        value: 'N|last',
        about: 'only the bytes that this command wrote, as its shell marks them; N counts from 1',
      },
    },
    examples: ['holdfast logs build --lines 100', 'holdfast logs -f server', 'holdfast logs build --command last'],
  },
  async (values, positionals, { io, sessions }) => {
    const target = oneTarget(positionals)
    const lines = wholeNumber('--lines', values.lines) ?? MAX_SCROLLBACK_LINES
    const api = sessions()
    const id = await findSession(api, target)
    if (values.command !== undefined) {
      if (values.follow || values.ansi || values.lines !== undefined)
        throw new UsageError('--command prints the bytes as they are: without -f, --lines and --ansi')
      await commandOutput(api, id, values.command, io)
      return 0
    }
    if (values.follow && !hasEnded((await api.getSession(id)).phase)) {
      await follow(api, id, io)
      return 0
    }
    const text = await api.screen(id, values.ansi ? 'ansi' : 'text', Math.min(lines, MAX_SCROLLBACK_LINES))
    io.stdout.write(ended(text))
    return 0
  },
)
