/** What Docker tests need: an image with a stub host, a hosts directory, the docker command, and the way back to nothing. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { promisify } from 'node:util'
import { randomId } from '@holdfast/protocol'
import { type DockerOptions, dockerRuntime, type HostInfo, type Runtime } from '../src/index.ts'

const run = promisify(execFile)
export const BASE_IMAGE = 'holdfast/node:24'

/** Standard output of a command, trimmed; rejects with its standard error when it fails. */
export const out = async (command: string, ...args: string[]): Promise<string> =>
  (await run(command, args, { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 })).stdout.trim()
export const docker = (...args: string[]): Promise<string> => out('docker', ...args)

const works = (answer: Promise<unknown>): Promise<boolean> =>
  answer.then(
    () => true,
    () => false,
  )

/** False when Docker tests can run, else the reason; with `ci` the reason is an error. */
export const whyNoDocker = async (ci: boolean): Promise<string | false> => {
  const reason = !(await works(docker('version')))
    ? 'no Docker engine answers'
    : !(await works(docker('image', 'inspect', BASE_IMAGE))) && `the image ${BASE_IMAGE} is not here`
  if (reason !== false && ci) throw new Error(reason)
  return reason
}

export interface Fixture {
  cluster: string
  image: string
  hostsDir: string
  runtime: Runtime
  make(more?: Partial<DockerOptions>): Runtime
  /** In the session's container, as the session's user. */
  inside(info: HostInfo, ...command: string[]): Promise<string>
  container(info: HostInfo): string
  /** To be undone after the tests, last first, before what the fixture made. */
  atEnd(end: () => Promise<unknown>): void
}

/** Registers its own taking down. Nothing but an empty directory is made when the tests are skipped. */
export const dockerFixture = async (skip: string | false): Promise<Fixture> => {
  const cluster = `t${randomId(8)}`
  const image = `hf-test-stub-${cluster}`
  const hostsDir = await mkdtemp(join(tmpdir(), 'hf-test-'))
  const make = (more: Partial<DockerOptions> = {}) =>
    dockerRuntime({ cluster, node: 'engine', hostsDir, guardImage: image, ...more })
  const runtime = make()
  const container = (info: HostInfo) => `hf-${cluster}-${info.hostId}`
  if (skip === false)
    await docker('build', '-q', '--network=none', '-t', image, join(import.meta.dirname, 'stub-image'))
  const ends: Array<() => Promise<unknown>> = []
  if (skip === false) {
    ends.push(() => docker('rmi', '-f', image))
    ends.push(() => docker('network', 'rm', `hf-${cluster}`).catch(() => {})) // only some tests make it
    ends.push(async () => {
      for (const { hostId } of await runtime.list()) await runtime.remove(hostId)
    })
  }
  after(async () => {
    const failures: unknown[] = []
    for (const end of ends.reverse()) await end().catch((error) => failures.push(error))
    await rm(hostsDir, { recursive: true })
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be undone')
  })
  const atEnd = (end: () => Promise<unknown>): void => void ends.push(end)
  const inside = (info: HostInfo, ...command: string[]) => docker('exec', '-u', '1000', container(info), ...command)
  return { cluster, image, hostsDir, runtime, make, inside, container, atEnd }
}
