/** How many hosts a pool keeps warm on a node: fixed, by a schedule, and by what was asked for lately. */
import type { PoolConfig } from '@holdfast/protocol'
import { CronExpressionParser } from 'cron-parser'

type Entry = NonNullable<PoolConfig['schedule']>[number]

/** Unix ms at which the entry last began to hold, the present moment included. Throws for an expression that is none. */
export const lastBegin = ({ cron, timezone }: Entry, now: number): number =>
  CronExpressionParser.parse(cron, { currentDate: new Date(now + 1), tz: timezone ?? 'UTC' })
    .prev()
    .getTime()

/** The size of the entry that began last; `size` of the pool where there is no schedule. */
const plannedSize = ({ size, schedule = [] }: PoolConfig, now: number): number => {
  const begun = schedule.map((entry) => ({ size: entry.size, at: lastBegin(entry, now) }))
  return begun.reduce((latest, entry) => (entry.at >= latest.at ? entry : latest), { size, at: 0 }).size
}

/** `demand`: hosts asked for in each of the last minutes. What the busiest of them needed is what the next one may need. */
export const wantedSize = (config: PoolConfig, demand: readonly number[], now: number): number =>
  Math.max(plannedSize(config, now), Math.min(config.max ?? 0, Math.max(0, ...demand)))
