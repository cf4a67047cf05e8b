/** Facts about sessions as short texts: phase, age, end. */
import { type Death, END_REASONS, hasEnded, type Session } from '@holdfast/protocol'

export type Tone = 'good' | 'busy' | 'bad' | 'quiet'

export const endText = (exitCode: number | null, signal: string | null, coreDumped = false): string => {
  if (signal) return `ended by signal ${signal}${coreDumped ? ' (core dumped)' : ''}`
  return exitCode === null ? 'ended' : `ended with exit code ${exitCode}`
}

const exitedText = (session: Session): string => {
  if (session.signal) return `killed by ${session.signal}`
  return session.exitCode === undefined || session.exitCode === null ? 'exited' : `exited ${session.exitCode}`
}

/** The phase in a word or two, and how worried to look. */
export const phaseText = (session: Session): { tone: Tone; text: string } => {
  if (session.phase === 'exited') return { tone: session.exitCode ? 'bad' : 'quiet', text: exitedText(session) }
  if (session.phase === 'failed') return { tone: 'bad', text: 'failed' }
  if (session.phase === 'running') return { tone: 'good', text: 'running' }
  return { tone: session.phase === 'suspended' ? 'quiet' : 'busy', text: session.phase }
}

/** What the program in front is doing; null when nobody knows, and when it would say nothing that the phase does not. */
export const agentText = ({ agent }: Session): { tone: Tone; text: string } | null => {
  if (agent === undefined) return null
  const name = agent.name === 'shell' ? '' : `${agent.name} `
  if (agent.state === 'waiting') return { tone: 'busy', text: `${name}waits for you` }
  return { tone: 'quiet', text: `${name}${agent.state}` }
}

/** What is wrong with a session that has not ended, or why one failed; null when there is nothing to say. */
export const troubleText = (session: Session): string | null => {
  if (session.phase === 'failed') return session.reason ?? 'no reason given'
  const is = (type: string, status: string): boolean =>
    session.conditions.some((condition) => condition.type === type && condition.status === status)
  if (is('OOMKilled', 'True')) return 'a process was killed: out of memory'
  if (hasEnded(session.phase)) return null
  if (is('NodeLost', 'True')) return 'its node is lost'
  if (is('Reachable', 'False')) return 'not reachable'
  return is('Healthy', 'False') ? 'not healthy' : null
}

/** The cause of an end as a sentence, and who ended it. */
export const deathText = ({ cause, detail, by, exitCode, signal }: Death): string => {
  const how = signal ? `signal ${signal}` : exitCode === null ? '' : `exit code ${exitCode}`
  const more = [how, detail === how ? '' : detail, `by ${by.name}`].filter(Boolean).join(', ')
  return `${END_REASONS[cause].meaning.replace(/\.$/, '')} (${more}).`
}

const UNITS = [
  { seconds: 86_400, name: 'd' },
  { seconds: 3600, name: 'h' },
  { seconds: 60, name: 'min' },
  { seconds: 1, name: 's' },
] as const

/** Time since `iso` in its largest whole unit, e.g. `4 min`. `nowMs` as Date.now(). */
export const ageText = (iso: string, nowMs: number): string => {
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(iso)) / 1000))
  const unit = UNITS.find((candidate) => seconds >= candidate.seconds)
  return unit ? `${Math.floor(seconds / unit.seconds)} ${unit.name}` : 'now'
}
