/** Every scenario, in the order in which they are run. */
import type { Scenario } from '../scenario.ts'
import { childOutOfMemory, diskUsedUp, filesUsedUp, forkBomb, wholeOutOfMemory } from './container.ts'
import { dockerdHung, dockerdKilled, engineEventsSilent } from './dockerd.ts'
import { drainFailPoints } from './drain-fail-points.ts'
import { claimFailPoints, createFailPoints, someFailPoints, stopFailPoints } from './fail-points.ts'
import { clientsReturn, gatewayKilled } from './gateway.ts'
import { indexCorrupt } from './index-corrupt.ts'
import { engineHungBeside, nodeCutOff } from './nodes.ts'
import { frozenOrchestrator } from './orchestrators.ts'
import { poolBroken, poolFlushed } from './pool.ts'
import { redisFailover, redisFlushed, redisFull, redisOldCopy, redisSlow } from './redis.ts'
import { redisAway, redisRestart } from './redis-away.ts'
import { hostKilled, partition } from './session-host.ts'
import { freezeFailPoints, suspendFailPoints } from './suspend-fail-points.ts'

export const SCENARIOS: readonly Scenario[] = [
  gatewayKilled,
  clientsReturn,
  someFailPoints,
  createFailPoints,
  claimFailPoints,
  stopFailPoints,
  suspendFailPoints,
  freezeFailPoints,
  frozenOrchestrator,
  hostKilled,
  partition,
  redisRestart,
  redisAway,
  redisFlushed,
  redisOldCopy,
  redisFailover,
  redisSlow,
  redisFull,
  indexCorrupt,
  dockerdKilled,
  dockerdHung,
  engineEventsSilent,
  engineHungBeside,
  nodeCutOff,
  drainFailPoints,
  poolBroken,
  poolFlushed,
  childOutOfMemory,
  wholeOutOfMemory,
  forkBomb,
  filesUsedUp,
  diskUsedUp,
]
