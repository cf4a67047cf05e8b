/** Files that operators write, in YAML or JSON: whatever is wrong with one is told at once. */
import { HoldfastError } from '@holdfast/protocol'
import { parse } from 'yaml'

/** The content as data. Throws BAD_REQUEST where the text is neither. */
export const parseFile = (text: string, path: string): unknown => {
  try {
    return parse(text)
  } catch (error) {
    throw new HoldfastError('BAD_REQUEST', `${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** A list, or an object with a list under `name`; null for anything else. */
export const listIn = (content: unknown, name: string): unknown[] | null => {
  const list = Array.isArray(content) ? content : (content as Record<string, unknown> | null | undefined)?.[name]
  return Array.isArray(list) ? list : null
}

/** One sentence for each name that more than one has. */
export const namedTwice = (kind: string, names: readonly string[]): string[] =>
  [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
    (name) => `two ${kind} are named "${name}"`,
  )

export const faultyFile = (path: string, wrong: readonly string[]): HoldfastError =>
  new HoldfastError('BAD_REQUEST', `${path}:\n  ${wrong.join('\n  ')}`)
