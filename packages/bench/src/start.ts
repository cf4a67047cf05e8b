/** Cold start: from the request until the first output byte of the command is at the client. Contender: a bare `docker run`. */
import { spawn } from 'node:child_process'
import { type Installation, installation } from './installation.ts'
import { percentile, printTable, round } from './stats.ts'

const RUNS = 20

const holdfast = async ({ client }: Installation): Promise<number> => {
  const begin = performance.now()
  const { id } = await client.createSession({ template: 'isolated', command: 'echo', args: ['first'] })
  const time = await new Promise<number>((done) => {
    const attachment = client.attach(id, {
      onOutput: (_bytes, parsed) => {
        parsed()
        done(performance.now() - begin)
        attachment.detach()
      },
    })
  })
  await client.deleteSession(id)
  return time
}

/** The same image and limits, a terminal, nothing else. */
const dockerRun = (): Promise<number> =>
  new Promise((done, fail) => {
    const begin = performance.now()
    const options = [
      '--rm',
      '--pull=never',
      '--init',
      '--network=none',
      '--cap-drop=ALL',
      '--read-only',
      '--memory=512m',
      '--pids-limit=512',
    ]
    const child = spawn('docker', ['run', ...options, 'holdfast/session', 'echo', 'first'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let time: number | undefined
    child.stdout.once('data', () => {
      time = performance.now() - begin
    })
    child.once('error', fail)
    child.once('close', () => (time === undefined ? fail(new Error('docker run printed nothing')) : done(time)))
  })

export const start = async (): Promise<void> => {
  const running = installation()
  const samples = { 'Holdfast, POST to first output': [] as number[], 'docker run, to first output': [] as number[] }
  for (let run = 0; run < RUNS; run++) {
    samples['Holdfast, POST to first output'].push(await holdfast(running))
    samples['docker run, to first output'].push(await dockerRun())
  }
  const base = percentile(samples['docker run, to first output'], 50)
  const rows = Object.entries(samples).map(([name, times]) => [
    name,
    String(times.length),
    round(percentile(times, 50), 0),
    round(percentile(times, 99), 0),
    round(percentile(times, 50) / base),
  ])
  printTable(['cold start', 'runs', 'p50 ms', 'p99 ms', '× docker run'], rows)
}
