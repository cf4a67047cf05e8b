/** Flags that every command takes: which place to work with, and in which mode. */
import type { Flags } from './place.ts'

const NAMES = ['context', 'mode'] as const

/** Taken out of what stands before `--`, as `--mode simple` or `--mode=simple`. */
export const takeFlags = (words: readonly string[]): { flags: Flags; argv: string[] } => {
  const end = words.indexOf('--')
  const before = words.slice(0, end < 0 ? words.length : end)
  const flags: Flags = {}
  const argv: string[] = []
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? ''
    const name = NAMES.find((known) => word === `--${known}` || word.startsWith(`--${known}=`))
    if (name === undefined) argv.push(word)
    else if (word.includes('=')) flags[name] = word.slice(word.indexOf('=') + 1)
    else flags[name] = before[++at] ?? ''
  }
  return { flags, argv: [...argv, ...words.slice(before.length)] }
}
