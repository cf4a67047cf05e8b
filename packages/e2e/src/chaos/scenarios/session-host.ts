/** Faults of one session's host, and of the way to it. */
import assert from 'node:assert/strict'
import type { Scenario } from '../scenario.ts'
import type { Stand } from '../stand/stand.ts'
import { secondsSince, until, within } from '../stand/until.ts'

const hostOf = async (stand: Stand, id: string): Promise<number> => {
  const hostId = (await stand.engine.hosts(stand.cluster)).find((host) => host.startsWith(`${id}-`))
  return stand.engine.hostPid(stand.cluster, hostId ?? '')
}

export const hostKilled: Scenario = {
  name: 'session-host-killed',
  promise:
    'SIGKILL of a session host: its end is recorded as host-died and told to its viewers; no other session notices',
  quick: true,
  run: async (stand) => {
    const [victim, other] = [await stand.stream(), await stand.stream()]
    stand.streams.delete(victim)
    process.kill(await hostOf(stand, victim.id), 'SIGKILL')
    const begin = performance.now()
    const reason = await until('the end is recorded', () => stand.endReason(victim.id), 30)
    const recordedAfterS = secondsSince(begin)
    assert.equal(reason, 'host-died')
    const state = await within('the viewer is told', 30, victim.attachment.ended)
    assert.notEqual(state.kind, 'attached')
    return { recordedAfterS, toldAfterS: secondsSince(begin), neighbourGapMs: other.longestGapMs }
  },
}

/** The watch gives up after 40 s of silence. */
const NOTICE_SECONDS = 70

export const partition: Scenario = {
  name: 'host-unreachable',
  promise:
    'A session host that nobody reaches (frozen by SIGSTOP: it takes connections and answers none) is called unreachable, never ended; afterwards its stream goes on at the byte it had',
  run: async (stand) => {
    const stream = await stand.stream()
    const pid = await hostOf(stand, stream.id)
    const reachable = async () =>
      (await stand.client.getSession(stream.id)).conditions.find(({ type }) => type === 'Reachable')?.status
    process.kill(pid, 'SIGSTOP')
    try {
      const begin = performance.now()
      await until('the session is called unreachable', async () => (await reachable()) === 'False', NOTICE_SECONDS)
      const noticedAfterS = secondsSince(begin)
      // Two rounds of the reconciler, each of which could make the mistake.
      for (const end = Date.now() + 65_000; Date.now() < end; ) {
        assert.equal(await stand.phase(stream.id), 'running')
        await new Promise((done) => setTimeout(done, 1_000))
      }
      process.kill(pid, 'SIGCONT')
      const back = performance.now()
      await until('it is called reachable again', async () => (await reachable()) === 'True', 30)
      await stream.flows()
      return { noticedAfterS, reachableAfterS: secondsSince(back) }
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  },
}
