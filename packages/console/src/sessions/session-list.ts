/** The live list of sessions: events as they come, a full list now and then, and polling while there are no events. */
import type { HoldfastClient } from '@holdfast/client'
import type { ServerEvent, Session } from '@holdfast/protocol'
import { computed, signal } from '@preact/signals'

/** What the page may say about how fresh the list is. */
export type Feed =
  | { kind: 'loading' }
  | { kind: 'live' }
  | { kind: 'polling'; reason: string }
  | { kind: 'down'; reason: string }

export type ListSource = Pick<HoldfastClient, 'listSessions' | 'events'>

const PAGE = 200
const MAX_PAGES = 50

/** Times in milliseconds. */
export const LIST_TIMES = {
  /** Between two polls, while there are no events. */
  pollMs: 3000,
  /** A full list besides the events, whatever they say: so long for each page of it. */
  relistMs: 30_000,
  /** Events that come within this time are one change of the page. */
  gatherMs: 50,
}

const wait = (ms: number, stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stop.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      stop.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    stop.addEventListener('abort', done)
  })

export class SessionList {
  /** True when there are more sessions than the list asks for. */
  readonly cut = signal(false)
  readonly #byId = signal<ReadonlyMap<string, Session>>(new Map())
  /** In no order. */
  readonly sessions = computed(() => [...this.#byId.value.values()])
  /** Events that the page has not been told of; null: it is gone. */
  readonly #gathered = new Map<string, Session | null>()
  readonly #listed = signal(false)
  /** Why the last list failed, and why there are no events; null when they work. */
  readonly #listFailure = signal<string | null>(null)
  readonly #streamFailure = signal<string | null>(null)
  readonly feed = computed<Feed>(() => {
    if (this.#listFailure.value !== null) return { kind: 'down', reason: this.#listFailure.value }
    if (!this.#listed.value) return { kind: 'loading' }
    return this.#streamFailure.value === null
      ? { kind: 'live' }
      : { kind: 'polling', reason: this.#streamFailure.value }
  })
  /** When each id last changed by an event or here, counted in changes: a list asked for before that must not undo it. */
  readonly #changedAt = new Map<string, number>()
  #changes = 0
  /** When the next full list is due, as Date.now(). */
  #dueAtMs = 0
  readonly #source: ListSource
  readonly #explain: (error: unknown) => string
  readonly #times: typeof LIST_TIMES

  constructor(source: ListSource, explain: (error: unknown) => string, times = LIST_TIMES) {
    this.#source = source
    this.#explain = explain
    this.#times = times
  }

  get(id: string): Session | undefined {
    return this.#byId.value.get(id)
  }

  put(session: Session): void {
    this.#gather(session.id, session)
    this.#tell()
  }

  forget(id: string): void {
    this.#gather(id, null)
    this.#tell()
  }

  #gather(id: string, session: Session | null): void {
    this.#changedAt.set(id, ++this.#changes)
    this.#gathered.set(id, session)
  }

  #tell(): void {
    if (this.#gathered.size === 0) return
    const byId = new Map(this.#byId.peek())
    for (const [id, session] of this.#gathered) {
      if (session === null) byId.delete(id)
      else byId.set(id, session)
    }
    this.#gathered.clear()
    this.#byId.value = byId
  }

  /** Keeps the list fresh until `stop`. */
  async follow(stop: AbortSignal): Promise<void> {
    await Promise.all([this.#followEvents(stop), this.#followLists(stop)])
  }

  /** Events over reconnects; the loop is for what the client does not retry, e.g. a sign-in that expired. */
  async #followEvents(stop: AbortSignal): Promise<void> {
    const onLink = (failure: string | null): void => {
      this.#streamFailure.value = failure
      this.#dueAtMs = 0 // what happened in between is only in the list
    }
    while (!stop.aborted) {
      try {
        for await (const event of this.#source.events(stop, onLink)) this.#take(event)
      } catch (error) {
        if (!stop.aborted) onLink(this.#explain(error))
      }
      await wait(this.#times.pollMs, stop)
    }
  }

  #take(event: ServerEvent): void {
    if (event.type === 'reset') this.#dueAtMs = 0
    if (event.type !== 'session' && event.type !== 'removed') return
    if (this.#gathered.size === 0) setTimeout(() => this.#tell(), this.#times.gatherMs)
    if (event.type === 'session') this.#gather(event.session.id, event.session)
    else this.#gather(event.id, null)
  }

  /** Polls while events are missing. */
  async #followLists(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      if (this.feed.peek().kind !== 'live' || Date.now() >= this.#dueAtMs) {
        const pages = Math.ceil((this.#byId.peek().size + 1) / PAGE)
        this.#dueAtMs = Date.now() + this.#times.relistMs * pages
        await this.#refresh()
      }
      await wait(this.#times.pollMs, stop)
    }
  }

  async #refresh(): Promise<void> {
    try {
      this.#replace(await this.#list())
    } catch (error) {
      this.#listFailure.value = this.#explain(error)
    }
  }

  #replace({ sessions, asked }: { sessions: Session[]; asked: number }): void {
    this.#tell()
    const listed = new Map(sessions.map((session) => [session.id, session]))
    for (const [id, change] of this.#changedAt) {
      if (change <= asked) {
        this.#changedAt.delete(id)
        continue
      }
      const current = this.#byId.peek().get(id)
      if (current) listed.set(id, current)
      else listed.delete(id)
    }
    this.#byId.value = listed
    this.#listed.value = true
    this.#listFailure.value = null
  }

  async #list(): Promise<{ sessions: Session[]; asked: number }> {
    const asked = this.#changes
    const sessions: Session[] = []
    let cursor: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await this.#source.listSessions(cursor === undefined ? { limit: PAGE } : { limit: PAGE, cursor })
      sessions.push(...answer.sessions)
      cursor = answer.cursor
      if (cursor === undefined) break
    }
    this.cut.value = cursor !== undefined
    return { sessions, asked }
  }
}
