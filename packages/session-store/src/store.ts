/** The index of sessions: records, idempotency keys, tickets and events. A relist of the runtimes can rebuild it. */
import type { Claim, Condition, EndReason, FinalScreen, Phase } from '@holdfast/protocol'

/** A session's record: what was asked for (`spec`, without secrets once running), where it was placed, and how it went. */
export interface SessionRecord {
  id: string
  tenant: string
  principal: string
  phase: Phase
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
  hostId: string | null
  address: string | null
  conditions: Condition[]
  reason: { code: EndReason; detail: string } | null
  /** Remove the record once it has ended: set by DELETE. */
  forget: boolean
  createdAt: string
  startedAt: string | null
  endedAt: string | null
  exitCode: number | null
  signal: string | null
  /** Unix ms: the phase must be left before this; null where a phase may last. */
  deadline: number | null
}

export type NewRecord = Omit<SessionRecord, 'rev' | 'incarnation' | 'fence'>
/** Fields that a transition may set; `phase` moves only along NEXT, incarnation and fence only by `place`. */
export type RecordPatch = Partial<
  Omit<SessionRecord, 'id' | 'tenant' | 'principal' | 'rev' | 'createdAt' | 'incarnation' | 'fence'>
>

/** What a writer must know for its write to count; any mismatch throws STALE and changes nothing. */
export interface Guard {
  incarnation: string
  fence: number
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

export interface StoreEvent {
  tenant: string
  id: string
  phase: Phase
  rev: number
}

/**
 * Every write is one Lua script. Any call may throw STORE_UNAVAILABLE, within a second;
 * writes throw STALE when the store was emptied since `open` (its epoch changed) or the guard does not match.
 */
export interface SessionStore {
  /** Reads or makes the store's epoch; call at start and after STALE to accept an emptied store. Returns true when it was new. */
  open(): Promise<boolean>
  /** With an idempotency key: the same key and body hash returns the first record, another body throws IDEMPOTENCY_CONFLICT. */
  create(
    record: NewRecord,
    idempotency?: { key: string; bodyHash: string },
  ): Promise<{ record: SessionRecord; created: boolean }>
  /** Puts a record rebuilt from a runtime back; an existing record of the same or a newer fence wins. */
  adopt(record: SessionRecord): Promise<SessionRecord>
  get(tenant: string, id: string): Promise<SessionRecord | null>
  /** Newest first; O(page). */
  list(query: ListQuery): Promise<{ records: SessionRecord[]; cursor?: string }>
  /** Every record of every tenant, in pages; for reconciliation only. */
  scan(): AsyncIterable<SessionRecord>
  /** Sets the patch if guard, epoch and phase move are right; throws STALE, SESSION_NOT_FOUND. */
  transition(tenant: string, id: string, guard: Guard, patch: RecordPatch): Promise<SessionRecord>
  /** Begins a new placement: fence + 1, the incarnation given, phase starting. Only from pending. */
  place(tenant: string, id: string, guard: Guard, patch: RecordPatch & { incarnation: string }): Promise<SessionRecord>
  remove(tenant: string, id: string, guard: Guard): Promise<void>
  saveScreen(tenant: string, id: string, screen: FinalScreen, ttlMs: number): Promise<void>
  screen(tenant: string, id: string): Promise<FinalScreen | null>
  /** Only a hash of the ticket is stored. */
  putTicket(ticket: string, grant: TicketGrant, ttlMs: number, uses: number): Promise<void>
  /** Takes one use, atomically; null when unknown, expired or used up. */
  takeTicket(ticket: string): Promise<TicketGrant | null>
  /** Changes as they happen, best effort: a hint, never the truth. */
  subscribe(onEvent: (event: StoreEvent) => void): Promise<() => Promise<void>>
  ping(): Promise<void>
}
