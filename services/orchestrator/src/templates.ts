/** The templates: read once from a YAML or JSON file; the first one is the default. */
import { readFileSync } from 'node:fs'
import { HoldfastError, type Template, templateSchema } from '@holdfast/protocol'
import { parse } from 'yaml'
import { checker } from './explain.ts'

export interface Templates {
  readonly all: readonly Template[]
  readonly default: Template
  /** Throws UNKNOWN_TEMPLATE. */
  get(name: string): Template
  find(name: string): Template | undefined
}

const check = checker(templateSchema)

/** A list, or an object with a list under `templates`. */
const entries = (content: unknown): unknown[] => {
  const list = Array.isArray(content) ? content : (content as { templates?: unknown } | null)?.templates
  return Array.isArray(list) ? list : []
}

/** Throws one error that lists everything that is wrong with the file. */
export const parseTemplates = (text: string, path: string): Templates => {
  let content: unknown
  try {
    content = parse(text)
  } catch (error) {
    throw new HoldfastError('BAD_REQUEST', `${path}: ${(error as Error).message}`, { cause: error })
  }
  const found = entries(content)
  const wrong = found.flatMap((entry, index) => check(entry).map((fault) => `template ${index + 1}: ${fault}`))
  const all = found as Template[]
  const names = all.map(({ name }) => name)
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) {
    wrong.push(`two templates are named "${name}"`)
  }
  const [first] = all
  if (first === undefined) wrong.push('a list of templates is expected, with at least one')
  if (first === undefined || wrong.length > 0)
    throw new HoldfastError('BAD_REQUEST', `${path}:\n  ${wrong.join('\n  ')}`)
  const find = (name: string) => all.find((template) => template.name === name)
  const get = (name: string): Template => {
    const template = find(name)
    if (template === undefined) {
      throw new HoldfastError('UNKNOWN_TEMPLATE', `no template is named "${name}"; there are ${names.join(', ')}`)
    }
    return template
  }
  return { all, default: first, get, find }
}

export const readTemplates = (path: string): Templates => parseTemplates(readFileSync(path, 'utf8'), path)
