/** The index of sessions: records, idempotency keys, tickets and events. A relist of the runtimes can rebuild it. */
import type {
  Agent,
  Claim,
  Condition,
  Death,
  DeathPage,
  EndReason,
  FinalScreen,
  Phase,
  Quota,
  Usage,
  Waiting,
} from '@holdfast/protocol'

/** A session's record: what was asked for (`spec`, without secrets once running), where it was placed, and how it went. */
export interface SessionRecord {
  id: string
  tenant: string
  principal: string
  phase: Phase
  /** ISO time at which the phase was entered. */
  phaseSince: string
  /** Grows by one with every write of the record. */
  rev: number
  /** Identity of the current placement; '' before the first. */
  incarnation: string
  /** Grows with every placement; a write that carries an older one is refused. */
  fence: number
  /** What the host is given at the claim. `env` is dropped from the record once the session runs. */
  spec: Omit<Claim, 'session' | 'tenant' | 'principal' | 'incarnation' | 'fence'>
  image: string
  network: boolean
  limits: Record<string, number>
  runtime: string
  node: string | null
  /** Why this node, and why none of the others, in one line for operators. */
  placement: string | null
  hostId: string | null
  address: string | null
  /** Name of the volume with the session's files, on its node; null before the first placement. */
  workspace: string | null
  /** How it is, or shall be, suspended; null: it shall run. `move`: as with `stop`, but to run again at once, elsewhere if it can. */
  suspend: 'stop' | 'freeze' | 'move' | null
  /** Its policy starts it anew: how often it did in a row, and the ISO time before which it does not; null: it never had to. */
  restarted: { count: number; notBefore: string } | null
  /** Its policy may start it anew when no host is left to tell the environment: it stays in the record. */
  keepEnv: boolean
  conditions: Condition[]
  /** What the program in front was doing when its host last told a change; null: not known. */
  agent: Agent | null
  /** `by`: the principal who asked for the end. */
  reason: { code: EndReason; detail: string; by?: string } | null
  /** Remove the record once it has ended: set by DELETE. */
  forget: boolean
  createdAt: string
  startedAt: string | null
  endedAt: string | null
  exitCode: number | null
  signal: string | null
  /** Unix ms: the phase must be left before this; null where a phase may last. */
  deadline: number | null
  /** What stands in the way of the next step; null when nothing does, and at first in every phase. */
  waiting: Waiting | null
}

export type NewRecord = Omit<SessionRecord, 'rev' | 'incarnation' | 'fence'>
/**
 * Fields that a transition may set; `phase` moves only along PHASE_RULES, incarnation and fence only by `place`.
 * With `phase` the store sets `phaseSince` and `deadline`, and clears `waiting`.
 */
export type RecordPatch = Partial<
  Omit<
    SessionRecord,
    'id' | 'tenant' | 'principal' | 'rev' | 'createdAt' | 'incarnation' | 'fence' | 'phaseSince' | 'deadline'
  >
>

/** What a writer must know for its write to count; any mismatch throws STALE and changes nothing. */
export interface Guard {
  incarnation: string
  fence: number
  /** For a write that makes sense in one phase only. */
  phase?: Phase
  /** For a write made from what the record said at this revision: another write in between makes it stale. */
  unchangedSince?: number
}

export interface TicketGrant {
  tenant: string
  session: string
  principal: string
  mode: 'rw' | 'ro'
}

export interface ListQuery {
  tenant: string
  phase?: Phase
  labels?: Readonly<Record<string, string>>
  limit: number
  cursor?: string
}

export interface DeathQuery {
  tenant: string
  /** Only those of this session: the latest MAX_SESSION_DEATHS, without further pages. */
  session?: string
  limit: number
  cursor?: string
}

/** A change of a record. Further types may come: a reader ignores those it does not know. */
export interface StoreEvent {
  type: 'session' | 'removed'
  tenant: string
  id: string
  phase: Phase
  rev: number
}

/** `nodes`: something happened to a node. */
export type StoreHint = StoreEvent | { type: 'nodes' }

export interface Stored<Event> {
  /** Grows within a stream (a tenant's, or the nodes'), whichever replica writes; made by Redis. */
  id: string
  event: Event
}
export type StoredChange = Stored<StoreEvent>

/**
 * Every write is one Lua script. Any call may throw STORE_UNAVAILABLE, within a second;
 * writes throw STALE when the store was emptied since `open` (its epoch changed) or the guard does not match.
 */
export interface SessionStore {
  /** Reads or makes the store's epoch; call at start and after STALE to accept an emptied store. Returns true when it was new. */
  open(): Promise<boolean>
  /**
   * With an idempotency key: the same key and body hash returns the first record, another body throws IDEMPOTENCY_CONFLICT.
   * With a quota: throws QUOTA_EXCEEDED or, made too fast, TOO_MANY, each with `retryAfterMs`; neither for a repetition.
   */
  create(
    record: NewRecord,
    idempotency?: { key: string; bodyHash: string },
    quota?: Quota,
  ): Promise<{ record: SessionRecord; created: boolean }>
  /** Puts a record rebuilt from a runtime back; an existing record of the same or a newer fence wins. */
  adopt(record: SessionRecord): Promise<SessionRecord>
  get(tenant: string, id: string): Promise<SessionRecord | null>
  /** Newest first; O(page). */
  list(query: ListQuery): Promise<{ records: SessionRecord[]; cursor?: string }>
  /** Every record of every tenant, in pages; for reconciliation only. */
  scan(): AsyncIterable<SessionRecord>
  /** What the tenant's sessions that have not ended may use together. */
  usage(tenant: string): Promise<Usage['used']>
  /** Compares what is counted with `records`, all there are by id, and corrects it; returns the number of corrections. */
  correctUsage(records: ReadonlyMap<string, SessionRecord>): Promise<number>
  /**
   * Sets the patch if guard, epoch and phase move are right; throws STALE, SESSION_NOT_FOUND. A move that ends an
   * incarnation brings its death, which is written with it or not at all and kept for at least `keepMs`.
   */
  transition(
    tenant: string,
    id: string,
    guard: Guard,
    patch: RecordPatch,
    end?: { death: Death; keepMs: number },
  ): Promise<SessionRecord>
  /** Begins a new placement: fence + 1, the incarnation given, phase starting. Only from pending. */
  place(tenant: string, id: string, guard: Guard, patch: RecordPatch & { incarnation: string }): Promise<SessionRecord>
  /** Forgets the record; deaths and last screen stay for their time. */
  remove(tenant: string, id: string, guard: Guard): Promise<void>
  /** Newest first; also of sessions that are forgotten. */
  deaths(query: DeathQuery): Promise<DeathPage>
  saveScreen(tenant: string, id: string, screen: FinalScreen, ttlMs: number): Promise<void>
  screen(tenant: string, id: string): Promise<FinalScreen | null>
  /** Only a hash of the ticket is stored. */
  putTicket(ticket: string, grant: TicketGrant, ttlMs: number, uses: number): Promise<void>
  /** Takes one use, atomically; null when unknown, expired or used up. */
  takeTicket(ticket: string): Promise<TicketGrant | null>
  /** Changes as they happen, best effort: a hint, never the truth. */
  subscribe(onHint: (hint: StoreHint) => void): Promise<() => Promise<void>>
  /** The id of the tenant's latest change; `0-0` when none is kept. */
  latestChange(tenant: string): Promise<string>
  /** The tenant's changes after the one with this id, oldest first, none missing; null when what came after it is not all known. */
  changesAfter(tenant: string, id: string, limit: number): Promise<StoredChange[] | null>
  ping(): Promise<void>
}
