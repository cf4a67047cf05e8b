/** A clock of the test's: `performance.now` stands still until the test lets time pass. */
import type { TestContext } from 'node:test'

/** With `timers`, time that passes also fires what `setTimeout` was given. */
export const stopClock = (t: TestContext, { timers = false } = {}) => {
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  if (timers) t.mock.timers.enable({ apis: ['setTimeout'] })
  return {
    now: () => now,
    pass: (ms: number): void => {
      now += ms
      if (timers) t.mock.timers.tick(ms)
    },
  }
}
