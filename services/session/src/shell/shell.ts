/** What the session's shell and programs say beside their text, by OSC sequences: directory, commands, notifications, clipboard. */
import type { Command } from '@holdfast/protocol'
import { type ClipboardWrite, clipboardWrite, MAX_CLIPBOARD_OSC } from './clipboard.ts'
import { CommandLog } from './command-log.ts'
import { directoryOf } from './directory.ts'
import { markOf } from './marks.ts'
import { Notifications } from './notifications.ts'
import { type Osc, OscScanner } from './osc-scanner.ts'

export interface ShellEvents {
  onCwd(cwd: string): void
  onCommand(command: Command): void
  onNotice(level: 'info' | 'warning', text: string, title?: string): void
  onClipboard(write: ClipboardWrite): void
}

/** Nothing but a clipboard may be longer. */
const MAX_OSC_CHARS = 16 * 1024

export class Shell {
  readonly log: CommandLog
  readonly #scanner = new OscScanner(MAX_CLIPBOARD_OSC, (osc) => this.#hear(osc))
  readonly #notifications = new Notifications()
  readonly #events: ShellEvents
  readonly #start: string
  #told: string | null = null

  constructor(cwd: string, events: ShellEvents) {
    this.#start = cwd
    this.#events = events
    this.log = new CommandLog(events.onCommand)
  }

  /** As it last told, else where the command was started. */
  get cwd(): string {
    return this.#told ?? this.#start
  }

  /** As it last told; null before that. */
  get told(): string | null {
    return this.#told
  }

  /** The next bytes of the stream, which end at `offset`. */
  output(bytes: Buffer, offset: number): void {
    this.#scanner.push(bytes, offset)
  }

  #hear(osc: Osc): void {
    const [, code, data] = /^(\d{1,4});(.*)$/s.exec(osc.text) ?? []
    if (code === undefined || data === undefined) return
    if (code === '52') this.#copy(data, osc.cut)
    else if (osc.cut || osc.text.length > MAX_OSC_CHARS) return
    else if (code === '9' || code === '99' || code === '777') this.#notify(code, data)
    else this.#follow(code, data, osc)
  }

  #follow(code: string, data: string, { start, end }: Osc): void {
    const cwd = directoryOf(code, data)
    if (cwd !== null) {
      this.#told = cwd
      this.#events.onCwd(cwd)
    }
    const mark = code === '133' || code === '633' ? markOf(code, data) : null
    if (mark !== null) this.log.take(mark, { start, end, cwd: this.cwd })
  }

  #copy(data: string, cut: boolean): void {
    const write = clipboardWrite(data, cut)
    if (write === null) return
    if (write !== 'large') this.#events.onClipboard(write)
    else if (this.#notifications.allowed()) {
      this.#events.onNotice('warning', 'a program wrote more to the clipboard than is allowed: refused')
    }
  }

  #notify(code: string, data: string): void {
    const told = this.#notifications.parse(code, data)
    if (told !== null && this.#notifications.allowed()) this.#events.onNotice('info', told.text, told.title)
  }
}
