/** The templates: read once from a YAML or JSON file; the first one is the default. */
import { readFileSync } from 'node:fs'
import { checkDetectors, HoldfastError, type Template, templateSchema } from '@holdfast/protocol'
import { checker } from './explain.ts'
import { faultyFile, listIn, namedTwice, parseFile } from './operator-file.ts'
import { lastBegin } from './pool-size.ts'

export interface Templates {
  readonly all: readonly Template[]
  readonly default: Template
  /** Throws UNKNOWN_TEMPLATE. */
  get(name: string): Template
  find(name: string): Template | undefined
}

const check = checker(templateSchema)

const scheduleFaults = ({ name, pool }: Template): string[] =>
  (pool?.schedule ?? []).flatMap((entry) => {
    try {
      lastBegin(entry, Date.now())
      return []
    } catch (error) {
      return [`template "${name}": pool.schedule: "${entry.cron}": ${(error as Error).message}`]
    }
  })

const detectorFaults = ({ name, detectors = [] }: Template): string[] => {
  try {
    checkDetectors(detectors)
    return []
  } catch (error) {
    return [`template "${name}": detectors: ${(error as Error).message}`]
  }
}

/** Throws one error that lists everything that is wrong with the file. */
export const parseTemplates = (text: string, path: string): Templates => {
  const found = listIn(parseFile(text, path), 'templates') ?? []
  const wrong = found.flatMap((entry, index) => check(entry).map((fault) => `template ${index + 1}: ${fault}`))
  const all = found as Template[]
  if (wrong.length === 0) wrong.push(...all.flatMap(scheduleFaults), ...all.flatMap(detectorFaults))
  const names = all.map(({ name }) => name)
  wrong.push(...namedTwice('templates', names))
  const [first] = all
  if (first === undefined) wrong.push('a list of templates is expected, with at least one')
  if (first === undefined || wrong.length > 0) throw faultyFile(path, wrong)
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
