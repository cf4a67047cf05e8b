/** One short-lived container: run to its end, read, removed. */
import { randomId } from '@holdfast/protocol'
import type Docker from 'dockerode'
import { BOUNDED_LOG } from './docker-container.ts'
import { call, createContainer, DEADLINE_MS, readLogs } from './docker-engine.ts'
import { RuntimeRefused } from './runtime.ts'

export interface OneShot {
  name: string
  image: string
  /** For /bin/sh -c. */
  script: string
  env: Readonly<Record<string, string>>
  labels: Readonly<Record<string, string>>
  network: 'none' | 'host'
  capabilities: readonly string[]
}

const MEMORY_BYTES = 128 * 1024 * 1024

/** What it wrote; throws RuntimeRefused with that when it did not end with 0. */
export const runToEnd = async (docker: Docker, shot: OneShot): Promise<string> => {
  const container = await createContainer(docker, `${shot.name}-${randomId(8)}`, {
    Image: shot.image,
    Entrypoint: ['/bin/sh', '-c'],
    Cmd: [shot.script],
    User: '0:0',
    Env: Object.entries(shot.env).map(([key, value]) => `${key}=${value}`),
    Labels: shot.labels,
    HostConfig: {
      NetworkMode: shot.network,
      CapDrop: ['ALL'],
      CapAdd: [...shot.capabilities],
      SecurityOpt: ['no-new-privileges'],
      Memory: MEMORY_BYTES,
      PidsLimit: 64,
      LogConfig: BOUNDED_LOG,
      RestartPolicy: { Name: 'no' },
    },
  })
  try {
    await call(`start ${shot.name}`, DEADLINE_MS.change, (abortSignal) => container.start({ abortSignal }))
    const { StatusCode } = await call(
      `end ${shot.name}`,
      DEADLINE_MS.change,
      (abortSignal): Promise<{ StatusCode: number }> => container.wait({ abortSignal }),
    )
    const output = (await readLogs(container)).toString('utf8').trim()
    if (StatusCode !== 0) throw new RuntimeRefused(`${shot.name} ended with ${StatusCode}: ${output.slice(-500)}`)
    return output
  } finally {
    // What stays behind because the engine went away is swept by the next run.
    await call(`remove ${shot.name}`, DEADLINE_MS.change, (abortSignal) =>
      container.remove({ force: true, v: true, abortSignal }),
    ).catch(() => {})
  }
}
