/** Lengths of time, command lines and long texts in the few letters a column has. */
import type { Session } from '@holdfast/protocol'

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'm'],
] as const

/** `90000` milliseconds → `1m`: whole units, rounded down. */
export const duration = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [size, letter] = UNITS.find(([unit]) => seconds >= unit) ?? [1, 's']
  return `${Math.floor(seconds / size)}${letter}`
}

/** Since an ISO 8601 time. */
export const ageOf = (iso: string, nowMs: number): string => duration(nowMs - Date.parse(iso))

export const commandLine = ({ command, args }: Session): string => [command, ...args].join(' ')

export const shorten = (text: string, longest: number): string => {
  const letters = [...text]
  return letters.length > longest ? `${letters.slice(0, longest - 1).join('')}…` : text
}

/** `0.256` → `26%`. */
export const percent = (share: number): string => `${Math.round(share * 100)}%`

/** `claude-code waiting`, of a shell only `idle`; `-` when it is not known. */
export const agentWords = ({ agent }: Session): string => {
  if (agent === undefined) return '-'
  return agent.name === 'shell' ? agent.state : `${agent.name} ${agent.state}`
}

/** A text whose last line ends, too. */
export const ended = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)
