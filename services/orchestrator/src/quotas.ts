/** The quotas of the tenants: read once from a YAML or JSON file. */
import { readFileSync } from 'node:fs'
import { NO_QUOTA, type Quota, type QuotaEntry, quotaEntrySchema } from '@holdfast/protocol'
import { Type } from 'typebox'
import { checker } from './explain.ts'
import { faultyFile, parseFile } from './operator-file.ts'

export interface Quotas {
  of(tenant: string): Quota
}

interface Content {
  default?: QuotaEntry
  tenants?: Record<string, QuotaEntry>
}

const check = checker(
  Type.Object(
    {
      default: Type.Optional(quotaEntrySchema),
      tenants: Type.Optional(Type.Record(Type.String({ minLength: 1 }), quotaEntrySchema)),
    },
    { additionalProperties: false },
  ),
)

export const noQuotas: Quotas = { of: () => NO_QUOTA }

/** An empty file sets no limits. Throws one error that lists everything that is wrong with the file. */
export const parseQuotas = (text: string, path: string): Quotas => {
  const content = parseFile(text, path) ?? {}
  const wrong = check(content)
  if (wrong.length > 0) throw faultyFile(path, wrong)
  const { default: usual, tenants = {} } = content as Content
  const quotas = new Map(Object.entries(tenants).map(([name, own]) => [name, { ...NO_QUOTA, ...usual, ...own }]))
  const others = { ...NO_QUOTA, ...usual }
  return { of: (tenant) => quotas.get(tenant) ?? others }
}

/** No path: no limits. */
export const readQuotas = (path: string): Quotas =>
  path === '' ? noQuotas : parseQuotas(readFileSync(path, 'utf8'), path)
