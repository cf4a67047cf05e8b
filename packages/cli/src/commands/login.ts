/** `holdfast login`: remembers a gateway and a key for it, once they have been tried. */
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { HoldfastClient } from '@holdfast/client'
import { command, oneOf, UsageError } from '../command.ts'
import { ConfigurationError, checkUrl } from '../connection.ts'
import { contextsPath, type Mode, readContexts, writeContexts } from '../contexts.ts'
import type { Io } from '../io.ts'

const MODES = ['distributed', 'hybrid'] as const satisfies readonly Mode[]

/** What is typed does not show. */
const askKey = async ({ stdin, stderr }: Io): Promise<string> => {
  if (!stdin.isTTY) return (await text(stdin)).trim()
  stderr.write('API key: ')
  const lines = createInterface({ input: stdin, terminal: true })
  try {
    return (await lines.question('')).trim()
  } finally {
    lines.close()
    stderr.write('\n')
  }
}

export const loginCommand = command(
  {
    name: 'login',
    summary: 'Try a gateway with a key, remember both as a context and use it from now on.',
    usage: '<url> [--name NAME] [--as distributed|hybrid]',
    options: {
      name: { type: 'string', value: 'NAME', about: 'of the context; default: the host name' },
      as: {
        type: 'string',
        value: 'MODE',
        about: 'distributed (default), or hybrid: tmux first, the cluster for the rest',
      },
    },
    examples: ['holdfast login https://holdfast.example.com', 'holdfast login http://127.0.0.1:8080 --name dev < key'],
  },
  async (values, [url, ...more], { io }) => {
    if (url === undefined || more.length > 0) throw new UsageError('name one gateway, by its URL')
    const mode = oneOf('--as', MODES, values.as ?? 'distributed')
    const place = { mode, url: checkUrl(url, 'login'), key: await askKey(io) }
    if (place.key === '') throw new ConfigurationError('no key was given')
    await new HoldfastClient(place).templates() // throws UNAUTHENTICATED, or HOST_UNREACHABLE
    const name = values.name ?? new URL(url).hostname
    const { contexts } = readContexts(io.env)
    writeContexts(io.env, { current: name, contexts: { ...contexts, [name]: place } })
    io.stdout.write(`context ${name} is in use; its key is in ${contextsPath(io.env)}\n`)
    return 0
  },
)
