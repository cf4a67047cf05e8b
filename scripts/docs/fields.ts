/** A TypeBox schema as rows of a table: path, type with bounds and default, meaning. */

/** What is read of JSON Schema. */
export interface Schema {
  type?: string
  const?: string | number | boolean
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  patternProperties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
  description?: string
  default?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
  pattern?: string
}

export type Row = readonly [path: string, type: string, meaning: string]

/** Gives the name under which a schema is described elsewhere, or null. */
export type NameOf = (schema: Schema) => string | null

const valuesOf = ({ patternProperties, additionalProperties }: Schema): Schema | null => {
  const [values = additionalProperties] = Object.values(patternProperties ?? {})
  return typeof values === 'object' ? values : null
}

export const typeOf = (schema: Schema, nameOf: NameOf): string => {
  const name = nameOf(schema)
  if (name !== null) return name
  if (schema.const !== undefined) return typeof schema.const === 'string' ? `'${schema.const}'` : `${schema.const}`
  if (schema.anyOf) return schema.anyOf.map((part) => typeOf(part, nameOf)).join(' | ')
  if (schema.items) {
    const item = typeOf(schema.items, nameOf)
    return item.includes(' ') ? `(${item})[]` : `${item}[]`
  }
  const values = schema.properties ? null : valuesOf(schema)
  if (values !== null) return `Record<string, ${typeOf(values, nameOf)}>`
  return schema.type === 'integer' ? 'number' : (schema.type ?? 'unknown')
}

const span = (min: number | undefined, max: number | undefined, what: string): string[] => {
  const unit = what === '' ? '' : ` ${what}`
  if (min !== undefined && max !== undefined) return [`${min} to ${max}${unit}`]
  if (max !== undefined) return [`at most ${max}${unit}`]
  return min === undefined ? [] : [`${min} or more${unit}`]
}

const boundsOf = (schema: Schema): string[] => [
  ...(schema.exclusiveMinimum === undefined ? [] : [`more than ${schema.exclusiveMinimum}`]),
  ...span(schema.minimum, schema.maximum, ''),
  ...span(schema.minLength, schema.maxLength, 'characters'),
  ...span(schema.minItems, schema.maxItems, 'items'),
  ...span(undefined, schema.maxProperties, 'entries'),
  ...(schema.pattern === undefined ? [] : [`matches \`${schema.pattern}\``]),
  ...(schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``]),
]

const aboutOf = ({ description, anyOf = [] }: Schema): string =>
  description ?? anyOf.map((part) => aboutOf(part)).find((about) => about !== '') ?? ''

/** The object whose fields follow those of the field itself: its own, that of its items, or the one that null may stand for. */
const objectIn = (schema: Schema, nameOf: NameOf): { object: Schema; suffix: string } | null => {
  if (nameOf(schema) !== null) return null
  if (schema.properties) return { object: schema, suffix: '' }
  if (schema.items) {
    const inner = objectIn(schema.items, nameOf)
    return inner && { object: inner.object, suffix: `[]${inner.suffix}` }
  }
  return schema.anyOf?.map((part) => objectIn(part, nameOf)).find((inner) => inner !== null) ?? null
}

/** One row a field, those of nested objects behind it with a dotted path. A name that ends with `?` may be absent. */
export const fieldsOf = (schema: Schema, nameOf: NameOf, before = ''): Row[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${before}${name}`
    const optional = schema.required?.includes(name) ? '' : '?'
    const inner = objectIn(field, nameOf)
    const rows = inner === null ? [] : fieldsOf(inner.object, nameOf, `${path}${inner.suffix}.`)
    const type = [`\`${typeOf(field, nameOf)}\``, ...boundsOf(field)].join(', ')
    return [[`${path}${optional}`, type, aboutOf(field)] as const, ...rows]
  })
