/** What a scenario of the fault suite is, and how one is run: a fresh stand, the faults, the census, and nothing left behind. */
import { census } from './stand/census.ts'
import { Stand, type StandOptions } from './stand/stand.ts'
import { secondsSince, within } from './stand/until.ts'

/** What was measured, each name with its unit. */
export type Measured = Readonly<Record<string, number>>

export interface Scenario {
  name: string
  /** What holds in spite of the fault, as one sentence for users. */
  promise: string
  needs?: StandOptions
  /** Also part of `npm test`. */
  quick?: true
  /** Throws when the promise was broken. */
  run(stand: Stand): Promise<Measured>
}

export interface Outcome {
  scenario: string
  promise: string
  result: 'kept' | 'broken'
  /** From the end of the faults until the census was whole, besides what the scenario measured. */
  measured: Measured
  seconds: number
  /** Why it counts as broken. */
  failure?: string
}

/** Of the scenario without its stand and census. */
const RUN_SECONDS = 900
/** What a governor's minute leaves for the next, a round of the reconciler, and the 65 s for which an ended host lingers. */
const CENSUS_SECONDS = 200

const perform = async (scenario: Scenario, stand: Stand): Promise<Measured> => {
  const measured = await within(`the end of ${scenario.name}`, RUN_SECONDS, scenario.run(stand))
  const begin = performance.now()
  await census(stand, CENSUS_SECONDS)
  return { ...measured, censusAfterS: secondsSince(begin) }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_done, fail) => {
    signal.addEventListener('abort', () => fail(signal.reason), { once: true })
  })

const onStand = async (scenario: Scenario, signal: AbortSignal): Promise<Measured> => {
  const stand = await Stand.start(scenario.needs ?? {})
  try {
    return await Promise.race([perform(scenario, stand), aborted(signal)])
  } catch (error) {
    throw new Error(`${(error as Error).stack}\nlogs of this run: ${stand.keepLogs()}`)
  } finally {
    await stand.stop()
  }
}

/** Never throws; what was started is gone when it resolves. A signal that aborts ends the run early, as broken. */
export const runScenario = async (scenario: Scenario, signal: AbortSignal): Promise<Outcome> => {
  const { name, promise } = scenario
  const begin = performance.now()
  try {
    const measured = await onStand(scenario, signal)
    return { scenario: name, promise, result: 'kept', measured, seconds: secondsSince(begin) }
  } catch (error) {
    const failure = (error as Error).message
    return { scenario: name, promise, result: 'broken', measured: {}, seconds: secondsSince(begin), failure }
  }
}
