/** The quick scenarios of the fault suite; all of them: `npm run chaos`. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runScenario } from '../src/chaos/scenario.ts'
import { SCENARIOS } from '../src/chaos/scenarios/index.ts'
import { dockerIsMissing } from './support/stack.ts'

describe('fault suite', { skip: dockerIsMissing }, () => {
  for (const scenario of SCENARIOS.filter(({ quick }) => quick)) {
    test(scenario.name, async (t) => {
      const { result, failure, measured } = await runScenario(scenario, t.signal)
      assert.equal(result, 'kept', failure)
      t.diagnostic(JSON.stringify(measured))
    })
  }
})
