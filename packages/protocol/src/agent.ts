/** What the program in a session is doing: busy, idle or waiting for its user; judged from what shows, what runs in front and for how long nothing came. */
import type { Agent, AgentState, Detector } from './agent-schemas.ts'
import { HoldfastError } from './errors.ts'

/** Other evidence alone is no news. */
export const sameAgent = (one: Agent | null, other: Agent | null): boolean =>
  one?.name === other?.name && one?.state === other?.state

/** What a verdict is made from. */
export interface Sight {
  /** The visible lines. */
  lines: readonly string[]
  /** Milliseconds since the last output. */
  quietMs: number
  /** Arguments of the process that leads the foreground group; empty when it cannot be told. */
  job: readonly string[]
  /** Is that the session's own command, and not a job of it? Read only when it decides: it may cost a look at all processes. */
  readonly leads: boolean
  /** What the shell marks (OSC 133, 633); null when it marks nothing. */
  shell: { atPrompt: boolean; command: string | null } | null
}

/** Between two pictures a tool may show neither of its signs: so long it counts as busy after it wrote. Milliseconds. */
export const SETTLE_MS = 1_000
const RULE_LINES = 30
const MAX_EVIDENCE = 120
const SHELL = /^(?:ba|da|z|fi|k|tc)?sh$/
/** Who runs a script whose name says more. */
const INTERPRETER = /^(?:node|bun|deno|python[\d.]*|ruby|(?:ba|da|z|fi|k|tc)?sh)$/
/** What programs ask with when they ask on one line. */
const QUESTION = /\[y\/n\]|\(y\/n\)|\(yes\/no.*\)|\bpass(?:word|phrase)\b.*:$|\[sudo\].*:$|press (?:enter|any key)/i

const cut = (text: string): string => (text.length > MAX_EVIDENCE ? `${text.slice(0, MAX_EVIDENCE - 1)}…` : text)

const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** `/usr/bin/node /opt/bin/claude.js -c` → node, claude. */
export const programNames = ([program = '', ...args]: readonly string[]): string[] => {
  const name = base(program).replace(/^-/, '')
  const script = args.find((word) => !word.startsWith('-'))
  if (!INTERPRETER.test(name) || script === undefined) return [name]
  return [name, base(script).replace(/\.[cm]?[jt]s$|\.py$|\.rb$|\.sh$/, '')]
}

const filled = (lines: readonly string[]): string[] => {
  const last = lines.findLastIndex((line) => line.trim() !== '')
  return lines.slice(0, last + 1)
}

/** What the line says in which a text was found, without its frame. */
const lineOf = (text: string, at: number): string =>
  text
    .slice(text.lastIndexOf('\n', at - 1) + 1)
    .split('\n', 1)
    .join()
    .replace(/^[\s\u2502]+|[\s\u2502]+$/g, '') // U+2502: │

const byRules = ({ name, version, rules }: Detector, { lines, quietMs }: Sight): Agent => {
  const detector = `${name}@${version}`
  const shown = filled(lines)
  for (const { state, text, lines: count = RULE_LINES } of rules) {
    const part = shown.slice(-count).join('\n')
    const found = new RegExp(text, 'im').exec(part)
    if (found !== null) return { name, detector, state, evidence: cut(lineOf(part, found.index)) }
  }
  if (quietMs < SETTLE_MS) return { name, detector, state: 'busy', evidence: 'it writes' }
  return { name, detector, state: 'idle', evidence: 'it shows no sign of work and asks nothing' }
}

const shellSays = (state: AgentState, evidence: string): Agent => ({
  name: 'shell',
  detector: 'shell@1',
  state,
  evidence: cut(evidence),
})

const byShell = (sight: Sight, names: readonly string[]): Agent => {
  const { lines, quietMs, shell } = sight
  if (shell?.atPrompt) return shellSays('idle', 'the shell is at its prompt, as it marks')
  const last = filled(lines).at(-1)?.trim() ?? ''
  if (quietMs >= SETTLE_MS && QUESTION.test(last)) return shellSays('waiting', last)
  if (shell !== null) return shellSays('busy', `runs ${shell.command ?? 'a command'}`)
  const [program = '', script] = names
  if (SHELL.test(program) && script === undefined) return shellSays('idle', 'a shell is in front')
  if (quietMs < SETTLE_MS) return shellSays('busy', 'it writes')
  if (!sight.leads) return shellSays('busy', `${script ?? program} runs in front`)
  return shellSays('idle', 'the command itself is in front and writes nothing')
}

/** Throws BAD_REQUEST for a detector with something that is no regular expression. */
export const checkDetectors = (detectors: readonly Detector[]): void => {
  for (const { name, command, rules } of detectors) {
    for (const text of [command, ...rules.map((rule) => rule.text)]) {
      try {
        new RegExp(text, 'im')
      } catch (error) {
        const message = `detector "${name}": ${(error as Error).message}`
        throw new HoldfastError('BAD_REQUEST', message, { cause: error })
      }
    }
  }
}

/** The first detector that knows the program in front judges it; without one the shell's signs do. */
export const agentOf = (sight: Sight, detectors: readonly Detector[]): Agent => {
  const names = programNames(sight.job)
  const detector = detectors.find(({ command }) => names.some((name) => new RegExp(command, 'i').test(name)))
  return detector === undefined ? byShell(sight, names) : byRules(detector, sight)
}
