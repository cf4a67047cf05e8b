/** Quotas in the words of the scripts, and what a refusal of theirs means. */
import { HoldfastError, type Quota, type Usage } from '@holdfast/protocol'
import type { SessionRecord } from './store.ts'

const MINUTE_MS = 60_000
/** A caller that is refused for its speed is sent away for no longer than this, milliseconds. */
const FURTHEST_SLOT_MS = 60_000
/** Nobody knows when a session will end: each caller gets another time in this range. Source: JupyterHub, concurrent spawns. */
const QUOTA_RETRY_MS = { least: 30_000, most: 60_000 }

export type Amounts = Usage['used']
type Limited = Pick<SessionRecord, 'limits'>

const amountsOf = ({ limits }: Limited): Amounts => ({
  sessions: 1,
  cpus: limits.cpus ?? 0,
  memoryMb: limits.memoryMb ?? 0,
})
/** Thousandths of a core, so that sums stay whole numbers. */
const millicpus = (cpus: number): number => Math.round(cpus * 1000)
const textOf = ({ sessions, cpus, memoryMb }: Amounts): string => `${sessions} ${millicpus(cpus)} ${memoryMb}`
/** From the sums of scripts/usage.lua, in their order. */
export const amountsOfSums = ([sessions, cpus, memoryMb]: readonly (string | null | undefined)[]): Amounts => ({
  sessions: Number(sessions ?? 0),
  cpus: Number(cpus ?? 0) / 1000,
  memoryMb: Number(memoryMb ?? 0),
})

/** What a record counts while it has not ended: `<sessions> <millicpus> <memoryMb>`. */
export const countsOf = (record: Limited): string => textOf(amountsOf(record))

/** Arguments 8 to 12 of the script `create`. */
export const quotaArgs = ({ sessions, cpus, memoryMb, createsPerMinute, burst }: Quota, record: Limited) => [
  [sessions, cpus === null ? null : millicpus(cpus), memoryMb].map((limit) => limit ?? -1).join(' '),
  countsOf(record),
  createsPerMinute === null ? 0 : MINUTE_MS / createsPerMinute,
  burst ?? Math.max(1, Math.floor(createsPerMinute ?? 1)),
  FURTHEST_SLOT_MS,
]

const UNITS: Readonly<Record<keyof Amounts, string>> = {
  sessions: 'sessions',
  cpus: 'CPU cores',
  memoryMb: 'MiB of memory',
}

export const quotaExceeded = (sums: readonly string[], quota: Quota, record: Limited): HoldfastError => {
  const [used, wanted] = [amountsOfSums(sums), amountsOf(record)]
  const names = (Object.keys(UNITS) as (keyof Amounts)[]).filter((name) => {
    const limit = quota[name]
    return limit !== null && wanted[name] > 0 && used[name] + wanted[name] > limit
  })
  const list = names.map(
    (name) => `${used[name]} of ${quota[name]} ${UNITS[name]} are used, ${wanted[name]} more wanted`,
  )
  const retryAfterMs = QUOTA_RETRY_MS.least + Math.random() * (QUOTA_RETRY_MS.most - QUOTA_RETRY_MS.least)
  return new HoldfastError('QUOTA_EXCEEDED', `quota of the tenant: ${list.join('; ')}`, { retryAfterMs })
}

/** `slotMs` differs for each caller by at least the pace; within that they are spread by chance. */
export const tooFast = (slotMs: number, { createsPerMinute }: Quota): HoldfastError => {
  const retryAfterMs = slotMs + Math.random() * (MINUTE_MS / (createsPerMinute ?? MINUTE_MS))
  const words = `the tenant makes more than ${createsPerMinute} sessions a minute; try again in ${Math.ceil(retryAfterMs / 1000)} s`
  return new HoldfastError('TOO_MANY', words, { retryAfterMs })
}
