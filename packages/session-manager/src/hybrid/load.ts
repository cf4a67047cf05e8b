/** How full this machine is. */
import { availableParallelism, freemem, loadavg } from 'node:os'
import { hasEnded } from '@holdfast/protocol'
import type { SessionApi } from '../api.ts'
import type { LocalLoad } from './policy.ts'

const MIB = 1024 * 1024

export const localLoad = async (local: Pick<SessionApi, 'listSessions'>): Promise<LocalLoad> => {
  const { sessions } = await local.listSessions()
  const [minute = 0] = loadavg()
  return {
    sessions: sessions.filter(({ phase }) => !hasEnded(phase)).length,
    memoryFreeMb: freemem() / MIB, // what is available, caches included: proc_meminfo(5) by way of libuv
    load: minute / availableParallelism(),
  }
}
