/** From the request until the first output byte of the command is at the client: cold beside a bare `docker run`, without and with a network, and from a warm pool. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { createSession, TEMPLATE } from './contenders/holdfast.ts'
import { docker, hasImage } from './docker.ts'
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
const OWN_NETWORK = `hf-bench-${process.pid}`
/** A template of ours, and `docker run` beside it: the first network is that of the ratios. */
const KINDS = [
  { suffix: '', template: TEMPLATE, besides: [{ name: 'docker run', network: 'none' }] },
  {
    suffix: ', with a network',
    template: 'shell',
    besides: [
      { name: 'docker run, network of its own', network: OWN_NETWORK },
      { name: 'docker run, default bridge', network: 'bridge' },
    ],
  },
] as const
type Kind = (typeof KINDS)[number]
const POLL_MS = 50
const FILL_MS = 60_000

export const startSession = async (installation: Installation, undo: Undo, template?: string): Promise<number> => {
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

export const warmStarts = async (installation: Installation, undo: Undo, runs: number): Promise<number[]> => {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
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

export const rowOf = (name: string, times: number[], failure: unknown): Row =>
  failure === undefined
    ? { name, runs: times.length, p50Ms: percentile(times, 50), p99Ms: percentile(times, 99) }
    : skippedRow(name, failure)

/** As sessions have it: made for them, and nobody on it reaches another. The engine answers names there, which the default bridge has not. */
const makeNetwork = (undo: Undo): void => {
  if (!hasImage(IMAGE)) return
  docker('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', OWN_NETWORK)
  undo.add(() => docker('network', 'rm', OWN_NETWORK))
}

/** In turns. */
const coldStarts = async (installation: Installation, undo: Undo, { suffix, template, besides }: Kind) => {
  const ours: number[] = []
  const bare = besides.map(({ name, network }) => ({ name, network, times: [] as number[] }))
  let failure: unknown
  for (let run = 0; run < RUNS; run++) {
    ours.push(await startSession(installation, undo, template))
    for (const { network, times } of failure === undefined ? bare : []) {
      await dockerRun(network).then(
        (time) => times.push(time),
        (error: unknown) => {
          failure = error
        },
      )
    }
  }
  const rows = bare.map(({ name, times }) => rowOf(name, times, failure))
  return [rowOf(`${HOLDFAST}${suffix}`, ours, undefined), ...rows]
}

export const start: Scenario = async ({ holdfast, undo, say }): Promise<Report> => {
  const installation = await holdfast()
  makeNetwork(undo)
  const rows: Row[] = []
  for (const kind of KINDS) {
    say(`start: ${RUNS} cold starts each, in turns${kind.suffix}`)
    rows.push(...(await coldStarts(installation, undo, kind)))
  }
  say(`start: ${WARM_RUNS} warm starts`)
  const warm = await warmStarts(installation, undo, WARM_RUNS).then(
    (times) => rowOf('holdfast, warm', times, undefined),
    (error: unknown) => skippedRow('holdfast, warm', error),
  )
  rows.push(warm)
  const ratio = (field: string, { suffix, besides }: Kind) =>
    numberOf(rows, `${HOLDFAST}${suffix}`, field) / numberOf(rows, besides[0].name, field)
  const ratios = KINDS.flatMap((kind) => [
    [`ratioP50${kind.suffix}`, ratio('p50Ms', kind)] as const,
    [`ratioP99${kind.suffix}`, ratio('p99Ms', kind)] as const,
  ])
  return { bench: 'start', rows, ratios: ratiosOf(Object.fromEntries(ratios)) }
}
