/** Messages that wait: of each kind of state the latest, of commands the last few, in the order in which they will be told. */
import type { HostMessage } from '@holdfast/protocol'

/** Beginnings and ends of commands; of a shell that runs more of them meanwhile, the older ones are left out. */
const MAX_COMMAND_NEWS = 64

const slotOf = (message: HostMessage): string =>
  message.type === 'command' ? `command ${message.id} ${message.state}` : message.type

export class LatestMessages {
  readonly #messages = new Map<string, HostMessage>()
  #commands: string[] = []

  put(message: HostMessage): void {
    const slot = slotOf(message)
    this.#messages.delete(slot)
    this.#messages.set(slot, message)
    if (message.type !== 'command') return
    this.#commands.push(slot)
    if (this.#commands.length > MAX_COMMAND_NEWS) this.#messages.delete(this.#commands.shift() ?? '')
  }

  take(): HostMessage[] {
    if (this.#messages.size === 0) return []
    const all = [...this.#messages.values()]
    this.#messages.clear()
    this.#commands = []
    return all
  }
}
