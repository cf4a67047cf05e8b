/** What the suite asks as an operator and the client has no method for: deaths, and containers held back for a word. */
import type { DeathPage, ReapList } from '@holdfast/protocol'

export class Operator {
  readonly #url: string
  readonly #key: string

  /** `url` of a gateway. */
  constructor(url: string, key: string) {
    this.#url = url
    this.#key = key
  }

  /** Ids of the latest 200 sessions of whose end there is a durable record. */
  async deaths(): Promise<Set<string>> {
    const { deaths } = await this.#ask<DeathPage>('/v1/deaths?limit=200')
    return new Set(deaths.map(({ session }) => session))
  }

  /** Host ids of the containers that wait for an operator's word. */
  async held(): Promise<string[]> {
    const { hosts } = await this.#ask<ReapList>('/v1/reap')
    return hosts.filter(({ needsWord }) => needsWord).map(({ hostId }) => hostId)
  }

  /** Gives that word for all. */
  async reap(): Promise<void> {
    await this.#ask('/v1/reap', { confirm: 'all' })
  }

  async #ask<T>(path: string, body?: object): Promise<T> {
    const headers = { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' }
    const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const answer = await fetch(this.#url + path, { headers, ...post })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }
}
