/** Which sessions the search box keeps: words anywhere, `name=value` for labels, `field:value` for one column. */
import type { Session } from '@holdfast/protocol'

/** What may stand before the colon. */
const FIELDS: Readonly<Record<string, (session: Session) => string>> = {
  phase: ({ phase }) => phase,
  agent: ({ agent }) => (agent ? `${agent.name} ${agent.state}` : ''),
  template: ({ template }) => template,
  node: ({ node }) => node ?? '',
  region: ({ region }) => region,
}

const labelsOf = ({ labels }: Session): string[] => Object.entries(labels).map(([name, value]) => `${name}=${value}`)

const textOf = (session: Session): string =>
  [
    ...[session.name, session.id, session.phase, session.template, session.node ?? '', session.title, session.command],
    ...session.args,
    ...labelsOf(session),
  ]
    .join(' ')
    .toLowerCase()

type Test = (session: Session) => boolean

const testOf = (word: string): Test => {
  const [, name = '', value = ''] = /^(\w+):(.+)$/.exec(word) ?? []
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
  if (field) return (session) => field(session).toLowerCase().includes(value)
  return (session) => textOf(session).includes(word)
}

/** A test for the typed filter; every word of it must hold. */
export const filterOf = (typed: string): Test => {
  const tests = typed.toLowerCase().split(/\s+/).filter(Boolean).map(testOf)
  return (session) => tests.every((test) => test(session))
}

/** The filter with a word more, or without it when it has it already. */
export const toggled = (typed: string, word: string): string => {
  const words = typed.split(/\s+/).filter(Boolean)
  return (words.includes(word) ? words.filter((other) => other !== word) : [...words, word]).join(' ')
}
