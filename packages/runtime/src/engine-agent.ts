/** The HTTP agent for dockerode: docker-modem prints the options of every request, agent and all its sockets included, and throws the text away. */
import type { Agent } from 'node:http'
import { inspect } from 'node:util'

/** The same agent, which prints as nothing: else a call costs milliseconds for every other call under way (docker-modem 5.0.7, modem.js:284). */
export const unprinted = <T extends Agent>(agent: T): T => Object.assign(agent, { [inspect.custom]: () => '' })
