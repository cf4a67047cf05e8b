/** Writes docs/reference, and tables and examples of other pages of docs, from the code that defines them; `--check` only compares. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NAMED } from '../packages/cli/src/commands.ts'
import { commandHelp } from '../packages/cli/src/help.ts'
import { SCENARIOS } from '../packages/e2e/src/chaos/scenarios/index.ts'
import * as protocol from '../packages/protocol/src/index.ts'
import type { MetricTable, Spec } from '../packages/service-kit/src/index.ts'
import { DOOR_SPEC as doorConfig, SPEC as gatewayConfig } from '../services/gateway/src/config.ts'
import { METRICS as gatewayMetrics } from '../services/gateway/src/metrics.ts'
import { SPEC as orchestratorConfig } from '../services/orchestrator/src/config.ts'
import { METRICS as orchestratorMetrics } from '../services/orchestrator/src/metrics.ts'
import { SPEC as sessionConfig } from '../services/session/src/config.ts'
import { markdownOf, table } from './docs/markdown.ts'
import { Reference } from './docs/reference.ts'

const root = join(import.meta.dirname, '..')

const environment = (spec: Spec): string =>
  table(
    ['variable', 'default', 'meaning'],
    Object.entries(spec).map(([name, { about, fallback }]) => [
      `\`${name}\``,
      fallback === undefined ? 'required' : fallback === '' ? 'empty' : `\`${fallback}\``,
      about,
    ]),
  )

const metrics = (rows: MetricTable): string =>
  table(
    ['metric', 'kind', 'labels', 'meaning'],
    Object.entries(rows).map(([name, row]) => [`\`${name}\``, row.kind, (row.labels ?? []).join(', '), row.help]),
  )

const errors = table(
  ['code', 'HTTP', 'close', 'retry', 'meaning'],
  Object.entries(protocol.ERRORS).map(([code, row]) => [
    `\`${code}\``,
    String(row.http),
    String(row.ws),
    row.retryable ? 'yes' : 'no',
    row.meaning,
  ]),
)

const closeRows = (): string[][] => {
  const plain = Object.entries(protocol.PLAIN_CLOSE).map(([code, meaning]) => [code, 'no', meaning])
  const codes = [...new Set(Object.values(protocol.ERRORS).map((row) => row.ws))].sort((a, b) => a - b)
  const ours = codes.map((close) => {
    const rows = Object.entries(protocol.ERRORS).filter(([, row]) => row.ws === close)
    return [
      String(close),
      protocol.closeIsRetryable(close) ? 'yes' : 'no',
      rows.map(([code]) => `\`${code}\``).join(', '),
    ]
  })
  return [...plain, ...ours]
}

const OVERDUE = { fail: 'failed', retry: 'tried on, condition `Overdue`' } as const

const phases = table(
  ['phase', 'left by', 'deadline', 'overdue', 'next'],
  Object.entries(protocol.PHASE_RULES).map(([phase, { owner, deadlineMs, overdue, next }]) => [
    `\`${phase}\``,
    owner,
    deadlineMs === null ? 'none' : `${deadlineMs / 1000} s`,
    overdue === null ? '' : OVERDUE[overdue],
    next.map((name) => `\`${name}\``).join(', ') || 'an end',
  ]),
)

const EXAMPLES = join(root, 'packages/session-manager/examples')
const example = (name: string): string => `\`\`\`ts\n${readFileSync(join(EXAMPLES, `${name}.ts`), 'utf8')}\`\`\``

/** As `holdfast help <command>` prints it. */
const commands = NAMED.map((command) => `## holdfast ${command.name}\n\n\`\`\`\n${commandHelp(command)}\`\`\``).join(
  '\n\n',
)

const BLOCKS: Readonly<Record<string, string>> = {
  'environment gateway': environment(gatewayConfig),
  'environment door': environment(doorConfig),
  'environment orchestrator': environment(orchestratorConfig),
  'environment session host': environment(sessionConfig),
  'metrics gateway': metrics(gatewayMetrics),
  'metrics orchestrator': metrics(orchestratorMetrics),
  scenarios: table(
    ['scenario', 'promise', '`npm test`'],
    SCENARIOS.map(({ name, promise, quick }) => [`\`${name}\``, promise, quick ? 'yes' : '']),
  ),
  commands,
  errors,
  'close codes': table(['close', 'reconnect', 'meaning'], closeRows()),
  phases,
  'node changes': table(
    ['change', 'meaning'],
    Object.entries(protocol.NODE_CHANGES).map(([name, meaning]) => [`\`${name}\``, meaning]),
  ),
  activities: table(
    ['activity', 'meaning'],
    Object.entries(protocol.ACTIVITIES).map(([name, meaning]) => [`\`${name}\``, meaning]),
  ),
  'end reasons': table(
    ['reason', 'ended by', 'meaning'],
    Object.entries(protocol.END_REASONS).map(([code, { by, meaning }]) => [`\`${code}\``, by, meaning]),
  ),
  'example simple': example('simple'),
  'example distributed': example('distributed'),
  'example hybrid': example('hybrid'),
  'example three-agents': example('three-agents'),
}

const FILLED = ['chaos', 'cli', 'operations', 'protocol', 'session-manager', 'simple', 'distributed', 'hybrid']

/** Every `<!-- begin NAME -->…<!-- end -->` of the page gets the block of that name. */
const fill = (page: string): string =>
  page.replace(/<!-- begin ([^>]+?) -->[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const block = BLOCKS[name]
    if (block === undefined) throw new Error(`no generated block is called "${name}"`)
    return `<!-- begin ${name} -->\n${block}\n<!-- end -->`
  })

const reference = new Reference({
  root,
  config: 'packages/session-manager/tsconfig.json',
  whole: { client: 'packages/client/src/index.ts', 'session-manager': 'packages/session-manager/src/index.ts' },
  named: 'packages/protocol/src/index.ts',
  schemas: protocol,
})
for (const problem of reference.problems) console.error(`docs/reference: ${problem}`)
if (reference.problems.length > 0) process.exit(1)

const ABOUT = {
  client: 'The gateway’s API as calls, and attachments that survive reconnects. Failures are HoldfastError.',
  'session-manager':
    'Sessions on this machine, in a cluster, or in both: [docs/session-manager.md](../session-manager.md).',
  protocol:
    'The types of the protocol that [client](client.md) and [session manager](session-manager.md) name. What goes over the wire: [docs/protocol.md](../protocol.md).',
}

const check = process.argv.includes('--check')
const write = (path: string, change: (before: string) => string): void => {
  const before = existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : ''
  const after = change(before)
  if (before === after) return
  if (!check) writeFileSync(join(root, path), after)
  else {
    console.error(`${path} does not match the code: run "npm run docs"`)
    process.exitCode = 1
  }
}
for (const name of FILLED) write(`docs/${name}.md`, fill)
for (const [page, about] of Object.entries(ABOUT))
  write(`docs/reference/${page}.md`, () => markdownOf(reference, page, about))
