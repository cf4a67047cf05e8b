/** `holdfast screen`: what a session shows, also after its end. */
import { SCREEN_FORMATS } from '@holdfast/protocol'
import { command, oneOf, oneTarget, wholeNumber } from '../command.ts'
import { findSession } from '../targets.ts'
import { ended } from '../words.ts'

export const screenCommand = command(
  {
    name: 'screen',
    summary: 'Print the screen of a session, also after its end.',
    usage: '<id|name> [--format text|ansi|json|html] [--scrollback N]',
    options: {
      format: { type: 'string', value: 'FORMAT', about: `one of ${SCREEN_FORMATS.join(', ')}; default text` },
      scrollback: { type: 'string', value: 'N', about: 'with N lines of what has scrolled away; default 0' },
    },
  },
  async ({ format = 'text', scrollback }, positionals, { io, sessions }) => {
    const target = oneTarget(positionals)
    const known = oneOf('--format', SCREEN_FORMATS, format)
    const lines = wholeNumber('--scrollback', scrollback)
    const api = sessions()
    const screen = await api.screen(await findSession(api, target), known, lines)
    io.stdout.write(ended(screen))
    return 0
  },
)
