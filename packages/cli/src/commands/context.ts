/** `holdfast context …`: which cluster is worked with. */
import { type Context, command, type Group, UsageError } from '../command.ts'
import { ConfigurationError } from '../connection.ts'
import { type Contexts, readContexts, writeContexts } from '../contexts.ts'
import { table } from '../table.ts'

const oneName = ([name, ...more]: readonly string[]): string => {
  if (name === undefined || more.length > 0) throw new UsageError('name one context')
  return name
}

const known = ({ contexts }: Contexts, name: string): void => {
  if (contexts[name] === undefined)
    throw new ConfigurationError(`there is no context "${name}"; \`holdfast context ls\` lists them`)
}

/** Keys are not shown. */
const list = ({ io }: Context, json: boolean): number => {
  const { current, contexts } = readContexts(io.env)
  const shown = Object.entries(contexts).map(([name, { mode, url }]) => ({
    name,
    current: name === current,
    mode,
    url,
  }))
  const rows = shown.map(({ name, mode, url, ...of }) => [of.current ? '*' : '', name, mode, url ?? '-'])
  io.stdout.write(json ? `${JSON.stringify(shown, null, 2)}\n` : table(['', 'NAME', 'MODE', 'URL'], rows))
  return 0
}

const lsCommand = command(
  {
    name: 'context ls',
    summary: 'List the contexts; the one in use has a star.',
    usage: '[--json]',
    options: { json: { type: 'boolean', about: 'print them as JSON' } },
  },
  async ({ json }, _positionals, context) => list(context, json ?? false),
)

const useCommand = command(
  { name: 'context use', summary: 'Use a context from now on.', usage: '<name>', options: {} },
  async (_values, positionals, { io }) => {
    const name = oneName(positionals)
    const contexts = readContexts(io.env)
    known(contexts, name)
    writeContexts(io.env, { ...contexts, current: name })
    return 0
  },
)

const rmCommand = command(
  { name: 'context rm', summary: 'Forget a context and its key.', usage: '<name>', options: {} },
  async (_values, positionals, { io }) => {
    const name = oneName(positionals)
    const contexts = readContexts(io.env)
    known(contexts, name)
    const { [name]: _forgotten, ...rest } = contexts.contexts
    writeContexts(io.env, { current: contexts.current === name ? null : contexts.current, contexts: rest })
    return 0
  },
)

export const contextGroup: Group = {
  name: 'context',
  summary: 'Several clusters: list, choose and forget them; `holdfast login` adds one.',
  commands: [lsCommand, useCommand, rmCommand],
}
