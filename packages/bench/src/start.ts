/** From the request until the first output byte of the command is at the client: cold beside a bare `docker run`, without and with a network, and from a warm pool. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { createSession, TEMPLATE } from './contenders/holdfast.ts'
import { hasImage } from './docker.ts'
import type { Installation } from './installation.ts'
import { Skipped } from './line.ts'
import type { Report, Row } from './report.ts'
import { HOLDFAST, numberOf, ratiosOf, type Scenario, skippedRow } from './scenario.ts'
import { percentile } from './stats.ts'
import { WARM_TEMPLATE } from './temporary.ts'
import type { Undo } from './undo.ts'

const RUNS = 20
const WARM_RUNS = 100
const IMAGE = 'holdfast/session'
/** As the runtime makes a session's container, without what only a session host needs. */
const OPTIONS = ['--init', '--cap-drop=ALL', '--read-only', '--memory=512m', '--pids-limit=512']
/** A template of ours, and the network of `docker run`. */
const KINDS = [
  { suffix: '', template: TEMPLATE, network: 'none' },
  { suffix: ', with a network', template: 'shell', network: 'bridge' },
] as const
type Kind = (typeof KINDS)[number]
const POLL_MS = 50
const FILL_MS = 60_000

const startSession = async (installation: Installation, undo: Undo, template?: string): Promise<number> => {
  const begin = performance.now()
  const { id, remove } = await createSession(installation, undo, ['echo', 'first'], template)
  const time = await new Promise<number>((done) => {
    const attachment = installation.client.attach(id, {
      onOutput: (_bytes, parsed) => {
        parsed()
        done(performance.now() - begin)
        attachment.detach()
      },
    })
  })
  await remove()
  return time
}

const untilFull = async ({ client }: Installation): Promise<void> => {
  for (const until = Date.now() + FILL_MS; ; await delay(POLL_MS)) {
    const pool = (await client.pools()).find(({ template }) => template === WARM_TEMPLATE)
    if (pool === undefined) throw new Skipped(`this installation has no template "${WARM_TEMPLATE}" with a pool`)
    if (pool.waiting >= pool.wanted) return
    if (Date.now() > until) throw new Error(`the pool is not filled: ${pool.error ?? pool.state}`)
  }
}

const warmStarts = async (installation: Installation, undo: Undo): Promise<number[]> => {
  const times: number[] = []
  for (let run = 0; run < WARM_RUNS; run++) {
    await untilFull(installation)
    times.push(await startSession(installation, undo, WARM_TEMPLATE))
  }
  return times
}

const dockerRun = async (network: string): Promise<number> => {
  if (!hasImage(IMAGE)) throw new Skipped(`no Docker engine, or no image ${IMAGE}`)
  const begin = performance.now()
  const words = ['run', '--rm', '--pull=never', `--network=${network}`, ...OPTIONS, IMAGE, 'echo', 'first']
  const child = spawn('docker', words, { stdio: ['ignore', 'pipe', 'ignore'] })
  let time = Number.NaN
  child.stdout.once('data', () => {
    time = performance.now() - begin
  })
  await once(child, 'close')
  if (Number.isNaN(time)) throw new Error('docker run printed nothing')
  return time
}

const rowOf = (name: string, times: number[], failure: unknown): Row =>
  failure === undefined
    ? { name, runs: times.length, p50Ms: percentile(times, 50), p99Ms: percentile(times, 99) }
    : skippedRow(name, failure)

/** In turns. */
const coldStarts = async (installation: Installation, undo: Undo, { suffix, template, network }: Kind) => {
  const ours: number[] = []
  const bare: number[] = []
  let failure: unknown
  for (let run = 0; run < RUNS; run++) {
    ours.push(await startSession(installation, undo, template))
    if (failure !== undefined) continue
    await dockerRun(network).then(
      (time) => bare.push(time),
      (error: unknown) => {
        failure = error
      },
    )
  }
  return [rowOf(`${HOLDFAST}${suffix}`, ours, undefined), rowOf(`docker run${suffix}`, bare, failure)]
}

export const start: Scenario = async ({ holdfast, undo, say }): Promise<Report> => {
  const installation = await holdfast()
  const rows: Row[] = []
  for (const kind of KINDS) {
    say(`start: ${RUNS} cold starts each, in turns${kind.suffix}`)
    rows.push(...(await coldStarts(installation, undo, kind)))
  }
  say(`start: ${WARM_RUNS} warm starts`)
  const warm = await warmStarts(installation, undo).then(
    (times) => rowOf('holdfast, warm', times, undefined),
    (error: unknown) => skippedRow('holdfast, warm', error),
  )
  rows.push(warm)
  const ratio = (field: string, suffix: string) =>
    numberOf(rows, `${HOLDFAST}${suffix}`, field) / numberOf(rows, `docker run${suffix}`, field)
  const ratios = KINDS.flatMap(({ suffix, network }) => [
    [`ratioP50 (${network})`, ratio('p50Ms', suffix)] as const,
    [`ratioP99 (${network})`, ratio('p99Ms', suffix)] as const,
  ])
  return { bench: 'start', rows, ratios: ratiosOf(Object.fromEntries(ratios)) }
}
