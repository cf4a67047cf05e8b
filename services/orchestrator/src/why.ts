/** Says in words why a session is where it is, from its record and what its host said last. */
import {
  type Activity,
  type Death,
  type HostStatus,
  hasEnded,
  type LimitEnd,
  PHASE_RULES,
  type Why,
} from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { limitEnds } from './lifetime.ts'
import { reasonText } from './session-view.ts'

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** `12 s`, `3 min`, `5 h`, `2 d`: as exact as a reader needs it. */
const ageText = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

const nextStep = ({ phase, waiting }: SessionRecord, now: number): string => {
  const { owner, overdue } = PHASE_RULES[phase]
  if (waiting === null) return `nothing stands in the way; the ${owner} acts next`
  const end =
    waiting.until !== null
      ? `gives up at ${waiting.until}`
      : overdue === 'retry'
        ? 'tried until it succeeds'
        : 'no limit'
  return `waits for ${waiting.for}, for ${ageText(now - Date.parse(waiting.since))} so far; ${end}`
}

const endText = ({ at, because, action }: LimitEnd): string =>
  `${action === 'stop' ? 'ends' : 'is suspended'} at ${at} ${because === 'ttl' ? 'by its time to live' : 'if idle until then'}`

const keptBy = ({ at, because }: Activity, now: number): string =>
  `last active ${ageText(now - Date.parse(at))} ago (${because})`

const summaryOf = (record: SessionRecord, now: number): string => {
  const age = ageText(now - Date.parse(record.phaseSince))
  if (hasEnded(record.phase)) return `${record.phase} ${age} ago: ${reasonText(record.reason) ?? 'no reason is known'}`
  const asked = record.phase === 'stopping' ? ` (${reasonText(record.reason)})` : ''
  return `${record.phase}${asked} for ${age}: ${nextStep(record, now)}`
}

export const whyOf = (
  record: SessionRecord,
  status: HostStatus | null,
  lastDeath: Death | undefined,
  now: number,
): Why => {
  const activity = record.phase === 'running' ? status?.activity : undefined
  const ends = limitEnds(record, activity?.at)
  const limits = [...(activity === undefined ? [] : [keptBy(activity, now)]), ...ends.map(endText)]
  return {
    summary: [summaryOf(record, now), ...limits].join('; '),
    phase: record.phase,
    since: record.phaseSince,
    owner: PHASE_RULES[record.phase].owner,
    waiting: record.waiting,
    deadline: iso(record.deadline),
    conditions: record.conditions,
    ...(activity === undefined ? {} : { activity }),
    ...(ends.length === 0 ? {} : { ends }),
    ...(lastDeath === undefined ? {} : { lastDeath }),
  }
}
