/** A death in words. */
import type { Death } from '@holdfast/protocol'

/** `exit 3`, `signal KILL`, `signal SEGV, core dumped`, or `-` when nobody knows. */
export const exitWords = ({ exitCode, signal, coreDumped, oomKills }: Death): string => {
  const words = [
    ...(signal === null ? [] : [`signal ${signal}`]),
    ...(exitCode === null ? [] : [`exit ${exitCode}`]),
    ...(coreDumped ? ['core dumped'] : []),
    ...(oomKills === 0 ? [] : [`${oomKills} killed for memory`]),
  ]
  return words.length === 0 ? '-' : words.join(', ')
}

export const causeWords = ({ cause, detail }: Death): string => (detail === '' ? cause : `${cause}: ${detail}`)

export const byWords = ({ by }: Death): string => (by.name === '' ? by.kind : `${by.kind} ${by.name}`)
