/** `npm run chaos`: names in, one scenario after the other, a table of promises out; exit code 1 when one was broken. */
import { parseArgs } from 'node:util'
import { jsonLine, outcomeLine, table } from './report.ts'
import { type Outcome, runScenario } from './scenario.ts'
import { SCENARIOS } from './scenarios/index.ts'

const USAGE = `npm run chaos -- [scenario …] [--json]

${SCENARIOS.map(({ name, promise }) => `  ${name.padEnd(26)}${promise}`).join('\n')}

Without a name all of them, in this order. --json: the table goes to stderr, and the last line of stdout is one JSON object.`

const readArguments = (): { names: string[]; json: boolean } => {
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean' } } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (values.help) {
      process.stdout.write(`${USAGE}\n`)
      process.exit(0)
    }
    const unknown = positionals.find((name) => SCENARIOS.every((scenario) => scenario.name !== name))
    if (unknown !== undefined) throw new Error(`no scenario "${unknown}"`)
    return { names: positionals, json: values.json ?? false }
  } catch (error) {
    process.stderr.write(`chaos: ${(error as Error).message}\n\n${USAGE}\n`)
    process.exit(2)
  }
}

const { names, json } = readArguments()
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => interrupt.abort(new Error(`interrupted by ${signal}`)))
}
const outcomes: Outcome[] = []
for (const scenario of SCENARIOS) {
  if (interrupt.signal.aborted || (names.length > 0 && !names.includes(scenario.name))) continue
  process.stderr.write(`• ${scenario.name} …\n`)
  const outcome = await runScenario(scenario, interrupt.signal)
  process.stderr.write(`${outcomeLine(outcome)}\n`)
  outcomes.push(outcome)
}
const page = `\n${table(outcomes)}\n`
if (json) process.stderr.write(page)
process.stdout.write(json ? `${jsonLine(outcomes)}\n` : page)
process.exit(outcomes.every(({ result }) => result === 'kept') ? 0 : 1)
