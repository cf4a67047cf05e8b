/** Cold start: from the request until the first output byte of the command is at the client. The reference is a bare `docker run`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createSession } from './contenders/holdfast.ts'
import { hasImage } from './docker.ts'
import type { Installation } from './installation.ts'
import { Skipped } from './line.ts'
import type { Report, Row } from './report.ts'
import { HOLDFAST, numberOf, ratiosOf, type Scenario, skippedRow } from './scenario.ts'
import { percentile } from './stats.ts'
import type { Undo } from './undo.ts'

const RUNS = 20
const IMAGE = 'holdfast/session'
/** As the runtime makes a session's container, without what only a session host needs. */
const OPTIONS = ['--init', '--network=none', '--cap-drop=ALL', '--read-only', '--memory=512m', '--pids-limit=512']

const startSession = async (installation: Installation, undo: Undo): Promise<number> => {
  const begin = performance.now()
  const { id, remove } = await createSession(installation, undo, ['echo', 'first'])
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

const dockerRun = async (): Promise<number> => {
  if (!hasImage(IMAGE)) throw new Skipped(`no Docker engine, or no image ${IMAGE}`)
  const begin = performance.now()
  const child = spawn('docker', ['run', '--rm', '--pull=never', ...OPTIONS, IMAGE, 'echo', 'first'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
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

export const start: Scenario = async ({ holdfast, undo, say }): Promise<Report> => {
  const installation = await holdfast()
  const ours: number[] = []
  const bare: number[] = []
  let failure: unknown
  say(`start: ${RUNS} starts each, in turns`)
  for (let run = 0; run < RUNS; run++) {
    ours.push(await startSession(installation, undo))
    if (failure !== undefined) continue
    await dockerRun().then(
      (time) => bare.push(time),
      (error: unknown) => {
        failure = error
      },
    )
  }
  const rows = [rowOf(HOLDFAST, ours, undefined), rowOf('docker run', bare, failure)]
  const ratio = (field: string) => numberOf(rows, HOLDFAST, field) / numberOf(rows, 'docker run', field)
  return { bench: 'start', rows, ratios: ratiosOf({ ratioP50: ratio('p50Ms'), ratioP99: ratio('p99Ms') }) }
}
