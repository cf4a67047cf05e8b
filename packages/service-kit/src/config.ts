/** Configuration from the environment: a table declares each variable once; type, check, default and documentation come from it. */
import { readFileSync } from 'node:fs'
import { HoldfastError } from '@holdfast/protocol'

export interface Variable<T> {
  readonly about: string
  /** Shown in the documentation; undefined when the variable is required. */
  readonly fallback: string | undefined
  /** Throws an Error whose message completes "NAME …". */
  readonly parse: (text: string) => T
}
export type Spec = Readonly<Record<string, Variable<unknown>>>
export type Values<S extends Spec> = { readonly [K in keyof S]: S[K] extends Variable<infer T> ? T : never }

const variable = <T>(about: string, fallback: string | undefined, parse: (text: string) => T): Variable<T> => ({
  about,
  fallback,
  parse,
})

export const str = (about: string, fallback?: string): Variable<string> => variable(about, fallback, (text) => text)

export const int = (about: string, fallback?: number): Variable<number> =>
  variable(about, fallback?.toString(), (text) => {
    if (!/^-?\d{1,15}$/.test(text)) throw new Error(`must be a whole number, not "${text}"`)
    return Number(text)
  })

export const bool = (about: string, fallback?: boolean): Variable<boolean> =>
  variable(about, fallback?.toString(), (text) => {
    if (text !== 'true' && text !== 'false') throw new Error(`must be true or false, not "${text}"`)
    return text === 'true'
  })

export const oneOf = <T extends string>(about: string, choices: readonly T[], fallback?: T): Variable<T> =>
  variable(about, fallback, (text) => {
    const found = choices.find((choice) => choice === text)
    if (found === undefined) throw new Error(`must be one of ${choices.join(', ')}, not "${text}"`)
    return found
  })

/** Comma-separated; blanks around items are dropped. */
export const list = (about: string, fallback?: string): Variable<readonly string[]> =>
  variable(about, fallback, (text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )

/** The trimmed content of the file named: a secret never stands in the environment itself. */
export const secretFile = (about: string, fallback?: string): Variable<string> =>
  variable(about, fallback, (path) => {
    const secret = readFileSync(path, 'utf8').trim()
    if (secret.length < 16) throw new Error(`names ${path}, which holds fewer than 16 characters`)
    return secret
  })

/** Reads every variable of the table; throws one error that lists all that are missing or wrong. */
export const readEnv = <S extends Spec>(spec: S, env: NodeJS.ProcessEnv): Values<S> => {
  const wrong: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, { parse, fallback }] of Object.entries(spec)) {
    const text = env[name] || fallback
    if (text === undefined) {
      wrong.push(`${name} is required: ${spec[name]?.about}`)
      continue
    }
    try {
      values[name] = parse(text)
    } catch (error) {
      wrong.push(`${name} ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (wrong.length > 0) throw new HoldfastError('BAD_REQUEST', `configuration:\n  ${wrong.join('\n  ')}`)
  return Object.freeze(values) as Values<S>
}
