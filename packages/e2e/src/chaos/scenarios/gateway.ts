/** Faults of gateways. */
import type { Scenario } from '../scenario.ts'
import { CountedStream } from '../stand/counted.ts'
import { secondsSince, until } from '../stand/until.ts'

const KILLS = 3

export const gatewayKilled: Scenario = {
  name: 'gateway-killed',
  promise: 'SIGKILL of the gateway, three times: every stream goes on at the byte it had',
  quick: true,
  run: async (stand) => {
    const streams = await stand.manyStreams(4)
    for (let kill = 0; kill < KILLS; kill++) {
      await stand.gateway.kill()
      await stand.gateway.start()
      await Promise.all(streams.map((stream) => stream.flows()))
    }
    return { longestGapMs: Math.max(...streams.map(({ longestGapMs }) => longestGapMs)) }
  },
}

/** A session takes 256 attachments. */
const CROWD = { sessions: 10, viewersEach: 200 }
/** Clients wait up to 10 s between two tries. */
const BACK_SECONDS = 60

const isAttached = ({ states }: CountedStream): boolean => states.at(-1)?.kind === 'attached'

export const clientsReturn: Scenario = {
  name: 'clients-return',
  promise: '2,000 clients that a killed gateway left come back by themselves within a minute, and none has lost a byte',
  run: async (stand) => {
    // A line a second: what is measured is the return, not the traffic of 2,000 viewers.
    const firsts = await stand.manyStreams(CROWD.sessions, { env: { PACE: '1' } })
    const crowd = firsts.flatMap(({ id }) =>
      Array.from({ length: CROWD.viewersEach - 1 }, () => new CountedStream(stand.client, id)),
    )
    const all = [...firsts, ...crowd]
    const allAttached = () => all.every(isAttached)
    try {
      await until('all are attached', allAttached, BACK_SECONDS)
      await stand.gateway.kill()
      await until('all have noticed', () => !all.some(isAttached), BACK_SECONDS)
      await stand.gateway.start()
      const begin = performance.now()
      await until('all are back', allAttached, BACK_SECONDS)
      const backAfterS = secondsSince(begin)
      await Promise.all([...firsts.map((stream) => stream.settle()), ...crowd.map((stream) => stream.last())])
      return { clients: all.length, backAfterS }
    } finally {
      for (const stream of crowd) stream.detach()
    }
  },
}
