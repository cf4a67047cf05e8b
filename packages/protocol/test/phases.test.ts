/** Phases: forward only, always stoppable, and every phase leads to an end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canMove, deadlineOf, hasEnded, PHASE_RULES, PHASES, type Phase } from '../src/index.ts'

const reachable = (from: Phase, seen = new Set<Phase>()): Set<Phase> => {
  for (const to of PHASE_RULES[from].next) {
    if (seen.has(to)) continue
    seen.add(to)
    reachable(to, seen)
  }
  return seen
}
const LIVE = PHASES.filter((phase) => !hasEnded(phase))

test('the ends are exited and failed, and nothing leads out of them', () => {
  assert.deepEqual(PHASES.filter(hasEnded), ['exited', 'failed'])
  for (const to of PHASES) assert.ok(!canMove('exited', to) && !canMove('failed', to))
})

test('stopping is legal from every live phase, and may not be repeated', () => {
  for (const phase of LIVE) assert.equal(canMove(phase, 'stopping'), phase !== 'stopping', phase)
})

test('a session goes back only by way of suspended: to go on, or to be placed anew', () => {
  for (const phase of PHASES) {
    if (phase !== 'suspended') assert.ok(!reachable(phase, new Set(['suspended'])).has(phase), phase)
  }
  assert.ok(canMove('running', 'suspended') && canMove('suspended', 'running') && canMove('suspended', 'pending'))
})

test('every live phase can end, both ways', () => {
  for (const phase of LIVE) {
    assert.ok(reachable(phase).has('exited'), phase)
    assert.ok(canMove(phase, 'failed'), phase)
  }
})

test('every phase can be reached from pending', () => {
  assert.deepEqual(reachable('pending'), new Set(PHASES))
})

test('every phase has an owner, and what happens to an overdue one is said exactly where there is a deadline', () => {
  for (const phase of PHASES) {
    const { owner, deadlineMs, overdue, next } = PHASE_RULES[phase]
    assert.match(owner, /^[a-z ]+$/)
    assert.equal(deadlineMs === null, overdue === null, phase)
    // Given up means failed, so that move must be there.
    if (overdue === 'fail') assert.ok(next.includes('failed'), phase)
    assert.equal(deadlineOf(phase, 1_000), deadlineMs === null ? null : 1_000 + deadlineMs)
  }
})
