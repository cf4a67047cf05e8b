/** One session, brought one or more steps nearer to where it should be. Level-triggered: run twice or never, nothing breaks. */
import { HoldfastError, hasEnded, type Phase } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { holderOf } from './demand.ts'
import type { Domain, Outcome } from './domain.ts'
import { clean, finishStop } from './endings.ts'
import type { Ref } from './jobs.ts'
import { giveUp, place, provision } from './provisioner.ts'
import { checkRunning } from './running-check.ts'
import { checkSuspended } from './suspended-check.ts'
import { givesUp, obstacleOf, waitFor } from './waiting.ts'

type Step = (domain: Domain, record: SessionRecord, signal: AbortSignal) => Promise<Outcome>

const STEPS: Readonly<Record<Phase, Step>> = {
  pending: place,
  starting: provision,
  running: checkRunning,
  suspended: checkSuspended,
  stopping: finishStop,
  exited: clean,
  failed: clean,
}

/** More steps than phases: a bound, never reached when all is well. */
const MAX_STEPS = 12
const RETRY_MS = 2_000

const codeOf = (error: unknown): string => (error instanceof HoldfastError ? error.code : '')
const NOT_THE_STEP: ReadonlySet<string> = new Set(['STALE', 'SESSION_NOT_FOUND', 'STORE_UNAVAILABLE'])

/** A step's failure is a wait like any other, but for those that the store or a newer truth answers. */
const attempt = async (domain: Domain, record: SessionRecord, signal: AbortSignal): Promise<Outcome> => {
  try {
    return givesUp(domain, record) ? await giveUp(domain, record) : await STEPS[record.phase](domain, record, signal)
  } catch (error) {
    if (NOT_THE_STEP.has(codeOf(error))) throw error
    domain.logger.warn({ err: error, session: record.id }, 'a step failed and is tried again')
    return { againMs: RETRY_MS, waitsFor: obstacleOf(error) }
  }
}

const steps = async (
  domain: Domain,
  first: SessionRecord,
  signal: AbortSignal,
): Promise<{ againMs: number } | null> => {
  let record = first
  for (let count = 0; count < MAX_STEPS; count++) {
    // Another worker may be at it by now: what it does is fenced, but nothing is gained by doing it twice.
    if (signal.aborted) return { againMs: 0 }
    const outcome = await attempt(domain, record, signal)
    if (outcome === null) return null
    if ('againMs' in outcome) {
      if (outcome.waitsFor !== undefined) await waitFor(domain, record, outcome.waitsFor)
      return outcome
    }
    record = outcome.next
    // Its host lingers, but runs no command any more. What this fails at is made good by the sweep.
    if (hasEnded(record.phase)) await domain.placer.release(holderOf(record)).catch(() => {})
  }
  return { againMs: RETRY_MS }
}

/** Never throws but for a store that is away: then nothing can be written, and the reconciliation after its return is the retry. */
export const converge = async (domain: Domain, ref: Ref, signal: AbortSignal): Promise<void> => {
  const count = (outcome: string) => domain.metrics.holdfast_orchestrator_converge_total.inc({ outcome })
  try {
    const record = await domain.store.get(ref.tenant, ref.id)
    const outcome = record === null ? null : await steps(domain, record, signal)
    if (outcome === null) return count('done')
    count('again')
    if (outcome.againMs <= 0) await domain.jobs.converge(ref)
    else await domain.jobs.later(ref, outcome.againMs)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'STALE' || code === 'SESSION_NOT_FOUND') {
      // Another writer was first: it, or the adoption after an emptied store, has the newer truth. Look once more.
      count('stale')
      return domain.jobs.later(ref, RETRY_MS)
    }
    count('error')
    if (code === 'STORE_UNAVAILABLE') throw error
    domain.logger.warn({ err: error, session: ref.id }, 'converge is tried again')
    await domain.jobs.later(ref, RETRY_MS)
  }
}
