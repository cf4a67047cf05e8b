/** How programs want keys to be reported (kitty's flags, xterm's modifyOtherKeys): xterm.js 6 knows neither, other viewers do. */
import type { Core, Parameters } from './snapshot/internals.ts'

type ScreenName = 'normal' | 'alternate'

/** Source: kitty's keyboard protocol, "progressive enhancement": five flags; a stack for each screen, its oldest entry gives way. */
const ALL_FLAGS = 31
const MAX_STACK = 8
const MODIFY_OTHER_KEYS = 4

export class Keyboard {
  readonly #core: Core
  readonly #answer: (text: string) => void
  /** The last entry counts; never empty. */
  #stacks: Record<ScreenName, number[]> = { normal: [0], alternate: [0] }
  #modifyOtherKeys = 0

  constructor(core: Core, answer: (text: string) => void) {
    this.#core = core
    this.#answer = answer
    const { _parser: parser } = core._inputHandler
    const on = (prefix: string, final: string, act: (parameters: Parameters) => void): void => {
      parser.registerCsiHandler({ prefix, final }, (parameters) => {
        act(parameters)
        return true
      })
    }
    on('>', 'u', ({ params }) => this.#push(params[0] as number))
    on('<', 'u', ({ params }) => this.#pop(params[0] || 1))
    on('=', 'u', ({ params, length }) => this.#change(params[0] as number, length > 1 ? (params[1] as number) : 1))
    on('?', 'u', () => this.#answer(`\x1b[?${this.#flags}u`))
    on('>', 'm', ({ params, length }) => this.#modify(params[0] as number, length > 1 ? (params[1] as number) : 0))
    on('?', 'm', ({ params }) => this.#reportModify(params[0] as number))
  }

  reset(): void {
    this.#stacks = { normal: [0], alternate: [0] }
    this.#modifyOtherKeys = 0
  }

  dumpGlobal(): string {
    return this.#modifyOtherKeys === 0 ? '' : `\x1b[>${MODIFY_OTHER_KEYS};${this.#modifyOtherKeys}m`
  }

  dump(screen: ScreenName): string {
    const [base = 0, ...pushed] = this.#stacks[screen]
    return (base === 0 ? '' : `\x1b[=${base}u`) + pushed.map((flags) => `\x1b[>${flags}u`).join('')
  }

  get #stack(): number[] {
    const { active, normal } = this.#core.buffers
    return this.#stacks[active === normal ? 'normal' : 'alternate']
  }

  get #flags(): number {
    return this.#stack.at(-1) ?? 0
  }

  #push(flags: number): void {
    const stack = this.#stack
    stack.push(flags & ALL_FLAGS)
    if (stack.length > MAX_STACK) stack.shift()
  }

  #pop(count: number): void {
    const stack = this.#stack
    stack.splice(Math.max(0, stack.length - count))
    if (stack.length === 0) stack.push(0)
  }

  /** `mode` 1 sets exactly these, 2 adds them, 3 takes them away. */
  #change(flags: number, mode: number): void {
    const stack = this.#stack
    const now = this.#flags
    const given = flags & ALL_FLAGS
    stack[stack.length - 1] = mode === 2 ? now | given : mode === 3 ? now & ~given : given
  }

  /** Other resources than modifyOtherKeys have no meaning here. */
  #modify(resource: number, value: number): void {
    if (resource === MODIFY_OTHER_KEYS || resource === 0)
      this.#modifyOtherKeys = resource === 0 ? 0 : Math.min(value, 3)
  }

  #reportModify(resource: number): void {
    if (resource === MODIFY_OTHER_KEYS) this.#answer(`\x1b[>${MODIFY_OTHER_KEYS};${this.#modifyOtherKeys}m`)
  }
}
