/** Phases of a session as data, the moves between them, the conditions beside them and the reasons for an end. */

export const PHASES = ['pending', 'starting', 'running', 'stopping', 'suspended', 'exited', 'failed'] as const
export type Phase = (typeof PHASES)[number]

/** Forward only, but for `suspended ⇄ running`; `stopping` is legal from every phase that is not an end. */
export const NEXT: Readonly<Record<Phase, readonly Phase[]>> = {
  pending: ['starting', 'stopping', 'failed'],
  starting: ['running', 'stopping', 'failed', 'exited'],
  running: ['suspended', 'stopping', 'exited', 'failed'],
  suspended: ['running', 'stopping', 'failed'],
  stopping: ['exited', 'failed'],
  exited: [],
  failed: [],
}
export const canMove = (from: Phase, to: Phase): boolean => NEXT[from].includes(to)
export const hasEnded = (phase: Phase): boolean => NEXT[phase].length === 0

export const CONDITIONS = [
  'Healthy',
  'Reachable',
  'Attached',
  'Draining',
  'NodeLost',
  'OOMKilled',
  'ImagePull',
] as const
export type ConditionType = (typeof CONDITIONS)[number]

/** A fact beside the phase. `Unknown` is a value of its own: not seen is never dead. */
export interface Condition {
  type: ConditionType
  status: 'True' | 'False' | 'Unknown'
  reason: string
  /** ISO 8601 time of the last change of `status`. */
  since: string
}

/** Why a session ended or failed, in words for the user; `reason` of a session is `<code>: <detail>`. */
export const END_REASONS = {
  exited: 'The command ended by itself.',
  deleted: 'Someone asked for the session to end.',
  ttl: 'The session reached its time to live.',
  idle: 'The session was idle for longer than its template allows.',
  'image-missing': 'The image of the template is not on the node.',
  'command-not-found': 'The command does not exist in the session.',
  'cwd-not-found': 'The working directory does not exist in the session.',
  'start-timeout': 'The session host did not come up in time.',
  'runtime-error': 'The runtime refused to make the container.',
  'out-of-memory': 'The whole session, not one child, ran out of memory.',
  'leader-killed': 'Someone killed the process that leads the session, so nobody knows how the command ended.',
  'host-died': 'The session host ended without a word.',
  lost: 'The container is gone from its node.',
} as const
export type EndReason = keyof typeof END_REASONS
