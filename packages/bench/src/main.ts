/** `npm run bench`: names in, one table a scenario out, and everything that was started taken down again. */
import { parseArgs } from 'node:util'
import { control } from './control/control.ts'
import { echo } from './echo.ts'
import { fanout } from './fanout.ts'
import { gateway } from './gateway/gateway.ts'
import { images } from './images.ts'
import { findInstallation, type Installation } from './installation.ts'
import { memory } from './memory.ts'
import { pods } from './pods/pods.ts'
import { jsonLine, page, type Report } from './report.ts'
import type { Scenario, Surroundings } from './scenario.ts'
import { tmux } from './simple-mode.ts'
import { start } from './start.ts'
import { throughput } from './throughput.ts'
import { Undo } from './undo.ts'

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  echo,
  throughput,
  start,
  pods,
  memory,
  fanout,
  gateway,
  control,
  tmux,
  images,
}

const USAGE = `npm run bench -- [scenario …] [--json]

  echo        one keystroke until its echo, beside ttyd, tmux, docker exec and a bare WebSocket
  throughput  60 MB of lines to a client, beside the same and \`script\`
  start       a new session until its first output, beside docker run
  pods        a new session in a pod until its first output, beside a bare pod; needs HOLDFAST_KUBECONFIG
  memory      what a further idle session costs, beside tmux and ttyd
  fanout      one session with 1, 10 and 100 viewers, beside ttyd with tmux
  gateway     9,000 attached idle sessions in one gateway, 15,000 in two; against synthetic session hosts
  control     creates, lists, reconciliation with 10,000 sessions against a synthetic Docker engine; FLUSHALL with 200 real ones besides
  tmux        sessions of this machine's tmux: echo, creates, what idle ones cost, a list of 500, beside bare tmux
  images      sizes of the images

Without a name all of them, in this order. Holdfast is the one of HOLDFAST_CONFIG or the one that runs, else one is
started on a free port and removed at the end. --json: tables go to stderr, and the last line of stdout is one JSON object.`

const say = (line: string): void => console.error(`• ${line}`)

const readArguments = (): { names: string[]; json: boolean } => {
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean' } } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    const unknown = positionals.find((name) => SCENARIOS[name] === undefined)
    if (unknown !== undefined) throw new Error(`no scenario "${unknown}"`)
    return { names: positionals.length > 0 ? positionals : Object.keys(SCENARIOS), json: values.json ?? false }
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

const measure = async (names: readonly string[], json: boolean, undo: Undo): Promise<Report[]> => {
  let installation: Promise<Installation> | undefined
  const surroundings: Surroundings = {
    undo,
    say,
    holdfast: () => {
      installation ??= findInstallation(process.env, { undo, say })
      return installation
    },
  }
  const reports: Report[] = []
  for (const name of names) {
    const report = await SCENARIOS[name]?.(surroundings)
    if (report === undefined) continue
    reports.push(report)
    if (json) console.error(page(report))
    else console.log(page(report))
  }
  return reports
}

const { names, json } = readArguments()
const undo = new Undo()
const interrupted = new AbortController()
const takeDown = async (): Promise<void> => {
  for (const failure of await undo.run()) console.error(`bench: not removed: ${String(failure)}`)
}
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => {
    interrupted.abort()
    say('taking down what was started …')
    void takeDown().finally(() => process.exit(code))
  })
}

try {
  const reports = await measure(names, json, undo)
  await takeDown()
  if (json) console.log(jsonLine(reports))
  process.exit(0)
} catch (error) {
  // What fails while everything is taken down is no news; the signal's handler ends the process.
  if (!interrupted.signal.aborted) {
    console.error(`bench: Holdfast could not be measured: ${(error as Error).stack}`)
    await takeDown()
    process.exit(1)
  }
}
