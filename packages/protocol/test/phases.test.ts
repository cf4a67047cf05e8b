/** Phases: forward only, always stoppable, and every phase leads to an end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canMove, hasEnded, NEXT, PHASES, type Phase } from '../src/index.ts'

const reachable = (from: Phase, seen = new Set<Phase>()): Set<Phase> => {
  for (const to of NEXT[from]) {
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

test('no phase comes back once left, but for suspended and running', () => {
  for (const phase of PHASES) {
    const again = phase === 'running' || phase === 'suspended'
    assert.equal(reachable(phase).has(phase), again, phase)
  }
  assert.ok(canMove('running', 'suspended') && canMove('suspended', 'running'))
})

test('every live phase can end, both ways', () => {
  for (const phase of LIVE) {
    assert.ok(reachable(phase).has('exited'), phase)
    assert.ok(canMove(phase, 'failed'), phase)
  }
})

test('every phase can be reached from pending, and pending from none', () => {
  assert.deepEqual(reachable('pending'), new Set(PHASES.filter((phase) => phase !== 'pending')))
})
