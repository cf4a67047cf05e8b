/** What an attachment told its callbacks, and a way to wait for it. */
import type { HostMessage } from '@holdfast/protocol'
import type { AttachOptions } from '../src/attachment.ts'
import type { LinkState } from '../src/link.ts'
import { ByteLog } from './byte-log.ts'

export class Recorder {
  readonly states: LinkState[] = []
  readonly messages: HostMessage[] = []
  readonly snapshots: string[] = []
  readonly #output = new ByteLog()
  #waiting: (() => void)[] = []

  /** Callbacks for `attach`; every byte counts as parsed at once. */
  options(): AttachOptions {
    return {
      onOutput: (bytes, parsed) => {
        this.#output.append(bytes)
        parsed()
        this.#happened()
      },
      onSnapshot: (bytes, { offset }, parsed) => {
        this.snapshots.push(`${offset}:${Buffer.from(bytes)}`)
        parsed()
        this.#happened()
      },
      onState: (state) => {
        this.states.push(state)
        this.#happened()
      },
      onMessage: (message) => {
        this.messages.push(message)
        this.#happened()
      },
    }
  }

  get output(): Buffer {
    return this.#output.bytes
  }

  get text(): string {
    return this.output.toString()
  }

  count(kind: LinkState['kind']): number {
    return this.states.filter((state) => state.kind === kind).length
  }

  /** Resolves when `condition` holds; looked at after every callback. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #happened(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
