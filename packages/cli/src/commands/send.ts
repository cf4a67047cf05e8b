/** `holdfast send`: types text into a session, as a paste. */
import { text } from 'node:stream/consumers'
import { command, targetFirst, UsageError } from '../command.ts'
import { findSession } from '../targets.ts'

export const sendCommand = command(
  {
    name: 'send',
    summary: 'Paste text into a session, then press Enter; without text it comes from standard input.',
    usage: '<session> [text…] [--no-enter]',
    options: {
      'no-enter': { type: 'boolean', about: 'leave the line open' },
    },
    examples: [
      'holdfast send build make test',
      'holdfast send agent --no-enter "draft of an answer"',
      'holdfast send agent < prompt.md',
    ],
  },
  async (values, positionals, { io, sessions }) => {
    const [target, words] = targetFirst(positionals)
    if (words.length === 0 && io.stdin.isTTY) throw new UsageError('give the text, or pipe it in')
    const given = words.length > 0 ? words.join(' ') : (await text(io.stdin)).replace(/\n$/, '')
    const api = sessions()
    const id = await findSession(api, target)
    // In two steps: a program that takes pastes in brackets takes an Enter in them for a line of text.
    if (given !== '') await api.paste(id, given)
    if (!values['no-enter']) await api.sendKeys(id, ['Enter'])
    return 0
  },
)
