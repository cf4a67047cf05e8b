/** One session uses up what its container has, while a neighbour's echo is measured. */
import assert from 'node:assert/strict'
import type { Measured, Scenario } from '../scenario.ts'
import { assertUnfelt, echoP99 } from '../stand/echo.ts'
import type { Stand } from '../stand/stand.ts'
import { secondsSince, until, within } from '../stand/until.ts'

/** DELETE gives a host 5 s before its container is stopped. */
const STOP_SECONDS = 30

/** Runs a command that harms its own container, and holds the neighbour, the host of the session and its end to their promises. */
const harmful = async (stand: Stand, script: string, happened: RegExp): Promise<Measured> => {
  const neighbour = await stand.stream()
  const echoBeforeMs = await echoP99(neighbour)
  const { id } = await stand.client.createSession({ template: 'counted', command: 'bash', args: ['-c', script] })
  const screen = () => stand.client.screen(id, 'text', 100)
  await until(`${happened} on the screen`, async () => happened.test(await screen()), 60)
  const echoDuringMs = await echoP99(neighbour)
  assertUnfelt(echoBeforeMs, echoDuringMs)
  await within('the session host still answers', 10, screen())
  assert.equal(await stand.phase(id), 'running')
  const begin = performance.now()
  await stand.client.deleteSession(id)
  await until('the session is gone', async () => (await stand.phase(id)) === 'none', STOP_SECONDS)
  return { echoBeforeMs, echoDuringMs, goneAfterS: secondsSince(begin) }
}

const FORK_BOMB = 'bomb() { bomb | bomb & }; bomb; echo "bomb is off"; sleep 600'
const FILES = 'for ((n=10; n<100000; n++)); do eval "exec $n</dev/null" || break; done; echo "files used up"; sleep 600'
const DISK = 'while :; do head -c 64M /dev/zero >> /tmp/full || break; done; echo "disk used up"; sleep 600'

export const forkBomb: Scenario = {
  name: 'fork-bomb',
  promise: 'A fork bomb in a session: its neighbour does not feel it, its host answers, and it can be ended',
  run: (stand) => harmful(stand, FORK_BOMB, /bomb is off/),
}

export const filesUsedUp: Scenario = {
  name: 'files-used-up',
  promise:
    'A session that opens all the files it may: its neighbour does not feel it, its host answers, and it can be ended',
  run: (stand) => harmful(stand, FILES, /files used up/),
}

export const diskUsedUp: Scenario = {
  name: 'disk-used-up',
  promise: 'A session that fills its /tmp: its neighbour does not feel it, its host answers, and it can be ended',
  run: (stand) => harmful(stand, DISK, /disk used up/),
}

/** Takes memory until it is killed: `tail` keeps the one endless line. */
const EAT = 'tail /dev/zero'

export const childOutOfMemory: Scenario = {
  name: 'out-of-memory-child',
  promise: 'A command that eats all memory of its session is killed alone: the session runs on and says why',
  run: (stand) => harmful(stand, `${EAT}; echo "killed with $?"; sleep 600`, /killed with 137/),
}

export const wholeOutOfMemory: Scenario = {
  name: 'out-of-memory-whole',
  promise:
    'A session whose memory is used up by files that no kill gives back ends as out-of-memory; its neighbour does not feel it',
  run: async (stand) => {
    const neighbour = await stand.stream()
    const args = ['-c', 'trap "" TERM; while :; do head -c 64M /dev/zero >> /tmp/full; done']
    const { id } = await stand.client.createSession({ template: 'tight', command: 'bash', args })
    const begin = performance.now()
    const reason = await until('the session has ended', () => stand.endReason(id), 90)
    const endedAfterS = secondsSince(begin)
    assert.equal(reason, 'out-of-memory')
    return { endedAfterS, neighbourGapMs: neighbour.longestGapMs }
  },
}
