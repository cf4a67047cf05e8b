/** Counts what is there after a scenario: records, containers, volumes, host directories and reservations must be the same sessions, none extra, none missing. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { hostIdOf } from '@holdfast/protocol'
import type { Redis } from 'ioredis'
import type { Stand } from './stand.ts'
import { until } from './until.ts'

interface Row {
  id: string
  phase: string
  incarnation: string
  hostId: string | null
  /** Names its volume. */
  workspace: string | null
}

const FIELDS: readonly (keyof Row)[] = ['id', 'phase', 'incarnation', 'hostId', 'workspace']

/** What the index holds, read past the product's own code. */
const readRecords = async (redis: Redis, cluster: string): Promise<Row[]> => {
  const rows: Row[] = []
  for await (const keys of redis.scanStream({ match: `hf:${cluster}:{*}:session:*`, count: 1000 })) {
    for (const key of keys as string[]) {
      const texts = await redis.hmget(key, ...FIELDS)
      rows.push(Object.fromEntries(FIELDS.map((field, n) => [field, JSON.parse(texts[n] ?? 'null')])) as unknown as Row)
    }
  }
  return rows
}

const missingFrom = (what: string, there: Iterable<string>, wanted: Iterable<string>): string[] => {
  const set = new Set(there)
  return [...wanted].filter((id) => !set.has(id)).map((id) => `${id} ${what}`)
}

const compared = (thing: string, there: readonly string[], wanted: readonly string[]): string[] => [
  ...missingFrom(`has a record but no ${thing}`, there, wanted),
  ...missingFrom(`has a ${thing} but no record`, wanted, there),
]

/** One of a warm pool that was never given to anybody: the file that says to whom is not there. */
const isWaiting = ({ paths }: Stand, hostId: string): boolean =>
  hostId.startsWith('warm-') && !existsSync(join(paths.hosts, hostId, 'assignment.json'))

/** Phases in which something still has to happen. */
const MOVING = new Set(['pending', 'starting', 'stopping'])
const ENDED = new Set(['exited', 'failed'])

/** What the cluster has on all nodes. */
const onNodes = async ({ cluster, engine, far, paths }: Stand) => ({
  containers: [...(await engine.hosts(cluster)), ...((await far?.engine.hosts(cluster)) ?? [])],
  directories: [...readdirSync(paths.hosts), ...((await far?.directories(cluster)) ?? [])],
  volumes: [...(await engine.volumes(cluster)), ...((await far?.volumes(cluster)) ?? [])],
})

const differences = async (stand: Stand, living: readonly string[]): Promise<string[]> => {
  const rows = await readRecords(stand.redis.client, stand.cluster)
  const { containers, directories, volumes } = await onNodes(stand)
  const placed = rows.flatMap(({ hostId }) => (hostId === null ? [] : [hostId]))
  const waiting = containers.filter((id) => isWaiting(stand, id))
  const wanted = [...placed, ...waiting]
  const workspaces = rows.flatMap(({ hostId, workspace }) => (hostId === null || workspace === null ? [] : [workspace]))
  const ended = rows.filter(({ phase }) => ENDED.has(phase)).map(({ id }) => id)
  const alive = rows.filter(({ phase }) => phase === 'running')
  const running = alive.map(({ id }) => id)
  const reserved = await stand.redis.client.hkeys(`hf:${stand.cluster}:{$nodes}:reservations`)
  const holders = alive.map(({ id, incarnation }) => hostIdOf(id, incarnation))
  return [
    ...rows.filter(({ phase }) => MOVING.has(phase)).map(({ id, phase }) => `${id} is still ${phase}`),
    ...missingFrom('should run but has no running record', running, living),
    ...missingFrom('runs but should not', living, running),
    ...missingFrom('runs without a reservation', reserved, holders),
    ...missingFrom('has a reservation but does not run', holders, reserved),
    ...missingFrom('has ended without a record of its death', await stand.operator.deaths(), ended),
    ...missingFrom(
      'is given to a session and waits for one',
      waiting.filter((id) => !placed.includes(id)),
      waiting,
    ),
    ...(waiting.length === stand.waiting ? [] : [`${waiting.length} warm hosts wait instead of ${stand.waiting}`]),
    ...(new Set(containers).size === containers.length ? [] : ['two containers of one host']),
    ...compared('container', containers, wanted),
    ...compared('host directory', directories, wanted),
    ...compared('volume', volumes, [...workspaces, ...waiting]),
  ]
}

/** Waits until nothing differs and every session that should live has echoed; throws with what still differs. */
export const census = async (stand: Stand, seconds: number): Promise<void> => {
  const living = [...stand.streams]
  let last: string[] = []
  const whole = async () => {
    last = await differences(
      stand,
      living.map(({ id }) => id),
    )
    return last.length === 0
  }
  await until('the census is whole', whole, seconds).catch((error: Error) => {
    throw new Error(`${error.message}\n  ${last.slice(0, 20).join('\n  ')}`)
  })
  await Promise.all(living.map((stream) => stream.echo()))
}
