/** Phases of a session as data, the moves between them, the conditions beside them and the reasons for an end. */

export const PHASES = ['pending', 'starting', 'running', 'stopping', 'suspended', 'exited', 'failed'] as const
/** Where a session is in its life; `exited` and `failed` are ends. */
export type Phase = (typeof PHASES)[number]

export interface PhaseRule {
  /** Who acts next for the phase to be left. */
  owner: string
  /** Milliseconds after which the phase is overdue; null where it may last. */
  deadlineMs: number | null
  /** What the orchestrator does about an overdue one: give the session up, or go on trying and say so with `Overdue`. */
  overdue: 'fail' | 'retry' | null
  /** The legal moves; none is an end. */
  next: readonly Phase[]
}

/** Forward only, but for suspended sessions, which go on (thawed) or start anew in another incarnation; `stopping` is legal from every phase that is not an end. */
export const PHASE_RULES: Readonly<Record<Phase, PhaseRule>> = {
  pending: { owner: 'placement', deadlineMs: 60_000, overdue: 'fail', next: ['starting', 'stopping', 'failed'] },
  starting: {
    owner: 'provisioner',
    deadlineMs: 60_000,
    overdue: 'fail',
    next: ['running', 'suspended', 'stopping', 'failed', 'exited'],
  },
  running: {
    owner: 'command',
    deadlineMs: null,
    overdue: null,
    next: ['suspended', 'stopping', 'exited', 'failed'],
  },
  suspended: {
    owner: 'user',
    deadlineMs: null,
    overdue: null,
    next: ['pending', 'running', 'stopping', 'exited', 'failed'],
  },
  stopping: { owner: 'stopper', deadlineMs: 30_000, overdue: 'retry', next: ['exited', 'failed'] },
  exited: { owner: 'retention', deadlineMs: null, overdue: null, next: [] },
  failed: { owner: 'retention', deadlineMs: null, overdue: null, next: [] },
}
export const canMove = (from: Phase, to: Phase): boolean => PHASE_RULES[from].next.includes(to)
export const hasEnded = (phase: Phase): boolean => PHASE_RULES[phase].next.length === 0

/** Unix ms at which a phase entered at `now` is overdue; null where it may last. */
export const deadlineOf = (phase: Phase, now: number): number | null => {
  const { deadlineMs } = PHASE_RULES[phase]
  return deadlineMs === null ? null : now + deadlineMs
}

/** What a session waits for: a sentence's end ("waits for …"), ISO times of its beginning and of giving up. */
export interface Waiting {
  for: string
  since: string
  /** null when it is waited for without end. */
  until: string | null
}

export const CONDITIONS = [
  'Healthy',
  'Reachable',
  'Attached',
  'Draining',
  'NodeLost',
  'OOMKilled',
  'ImagePull',
  'Overdue',
  'Expiring',
  'Frozen',
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

/** Who ends sessions. */
export const ENDERS = ['command', 'principal', 'policy', 'node', 'runtime', 'operator'] as const
export type Ender = (typeof ENDERS)[number]

/** Why a session ended or failed, who ends for this reason, and what it says to the user; `reason` of a session is `<code>: <detail>`. */
export const END_REASONS = {
  exited: { by: 'command', meaning: 'The command ended by itself.' },
  deleted: { by: 'principal', meaning: 'Someone asked for the session to end.' },
  ttl: { by: 'policy', meaning: 'The session reached its time to live.' },
  idle: { by: 'policy', meaning: 'The session was idle for longer than its template allows.' },
  drained: {
    by: 'operator',
    meaning: 'The node was drained, the session was idle, and its policy does not start it anew.',
  },
  'image-missing': { by: 'runtime', meaning: 'The image of the template is not on the node.' },
  'command-not-found': { by: 'command', meaning: 'The command does not exist in the session.' },
  'cwd-not-found': { by: 'command', meaning: 'The working directory does not exist in the session.' },
  'start-timeout': { by: 'policy', meaning: 'The session host did not come up in time.' },
  'runtime-error': { by: 'runtime', meaning: 'The runtime refused to make the container.' },
  'out-of-memory': { by: 'runtime', meaning: 'The whole session, not one child, ran out of memory.' },
  'leader-killed': {
    by: 'command',
    meaning: 'Someone killed the process that leads the session, so nobody knows how the command ended.',
  },
  'host-died': { by: 'runtime', meaning: 'The session host ended without a word.' },
  lost: { by: 'node', meaning: 'The container is gone from its node.' },
  'node-lost': { by: 'node', meaning: 'Its node did not answer for so long that it was placed on another one.' },
} as const satisfies Record<string, { by: Ender; meaning: string }>
export type EndReason = keyof typeof END_REASONS
