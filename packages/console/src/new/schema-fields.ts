/** Fields of a form from a JSON schema, and the body that was filled in. The schema is the API's own description of a create. */

/** What of JSON schema the API's description uses. */
export interface Schema {
  type?: string
  description?: string
  properties?: Record<string, Schema>
  anyOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  minimum?: number
  maximum?: number
  maxLength?: number
}

type Kind =
  | { kind: 'text'; maxLength: number | undefined }
  | { kind: 'number'; min: number | undefined; max: number | undefined; whole: boolean }
  | { kind: 'choice'; choices: readonly string[] }
  /** A line `name=value` for each entry. */
  | { kind: 'entries' }

export type Field = Kind & {
  /** Names from the body down; joined by dots they name the form's field. */
  path: readonly string[]
  hint: string
}

export const nameOf = ({ path }: Pick<Field, 'path'>): string => path.join('.')

const choicesOf = ({ anyOf = [] }: Schema): string[] =>
  anyOf.flatMap(({ const: only, enum: some = [only] }) => some).filter((value) => typeof value === 'string')

const kindOf = (schema: Schema): Kind | null => {
  const { type, minimum: min, maximum: max, maxLength } = schema
  if (type === 'string') return { kind: 'text', maxLength }
  if (type === 'integer' || type === 'number') return { kind: 'number', min, max, whole: type === 'integer' }
  if (type === 'object') return { kind: 'entries' }
  const choices = choicesOf(schema)
  return choices.length > 0 ? { kind: 'choice', choices } : null
}

/** Lists and objects of other kinds have no field. `without`: names in the body that others ask for. */
export const fieldsOf = (schema: Schema, without: readonly string[], above: readonly string[] = []): Field[] =>
  Object.entries(schema.properties ?? {})
    .filter(([name]) => !without.includes(name))
    .flatMap(([name, part]) => {
      const path = [...above, name]
      if (part.properties !== undefined) return fieldsOf(part, [], path)
      const kind = kindOf(part)
      return kind === null ? [] : [{ ...kind, path, hint: part.description ?? '' }]
    })

const entriesOf = (field: Field, text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const at = line.indexOf('=')
        if (at < 1) throw new SyntaxError(`${nameOf(field)}: “${line.trim()}” is not of the form name=value.`)
        return [line.slice(0, at).trim(), line.slice(at + 1)]
      }),
  )

const typed = (field: Field, text: string): unknown => {
  if (field.kind === 'number') return Number(text)
  return field.kind === 'entries' ? entriesOf(field, text) : text
}

/** What was filled in; what was left empty is left out. `read`: the text of a field. Throws a SyntaxError for a line that is no entry. */
export const bodyOf = (fields: readonly Field[], read: (name: string) => string): Record<string, unknown> => {
  const body: Record<string, unknown> = {}
  for (const field of fields) {
    const text = read(nameOf(field))
    if (text.trim() === '') continue
    const above = field.path.slice(0, -1).reduce<Record<string, unknown>>((part, name) => {
      part[name] ??= {}
      return part[name] as Record<string, unknown>
    }, body)
    above[field.path.at(-1) ?? ''] = typed(field, text)
  }
  return body
}

/** What stands in the template, as the text of the field; empty when nothing does, and for values that are not shown. */
export const standardOf = ({ path, kind }: Field, template: object | undefined): string => {
  const value = path.reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], template)
  return value === undefined || kind === 'entries' ? '' : String(value)
}
