/** Checks data against a TypeBox schema and says in sentences everything that is wrong with it. */
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

interface SchemaError {
  keyword: string
  instancePath: string
  params: object
  message: string
}

const place = (instancePath: string): string => instancePath.slice(1).replaceAll('/', '.') || '(the whole)'

/** The alternatives of a union of literals arrive as one error each; a reader wants one list. */
const sentences = (errors: readonly SchemaError[]): string[] => {
  const found: string[] = []
  const choices = new Map<string, string[]>()
  for (const { keyword, instancePath, params, message } of errors) {
    const at = place(instancePath)
    if (keyword === 'boolean' || keyword === 'anyOf') continue
    if (keyword === 'additionalProperties') {
      const names = (params as { additionalProperties: string[] }).additionalProperties
      found.push(`${at}: unknown ${names.length > 1 ? 'properties' : 'property'} ${names.join(', ')}`)
    } else if (keyword === 'required') {
      found.push(`${at}: lacks ${(params as { requiredProperties: string[] }).requiredProperties.join(', ')}`)
    } else if (keyword === 'const') {
      const allowed = String((params as { allowedValue: unknown }).allowedValue)
      choices.set(at, [...(choices.get(at) ?? []), allowed])
    } else found.push(`${at}: ${message}`)
  }
  for (const [at, allowed] of choices) found.push(`${at}: must be one of ${allowed.join(', ')}`)
  return [...new Set(found)]
}

/** Returns a function that gives the list of what is wrong: empty when the data fits. */
export const checker = (schema: TSchema): ((data: unknown) => string[]) => {
  const compiled = Compile(schema)
  return (data) => {
    if (compiled.Check(data)) return []
    const wrong = sentences(compiled.Errors(data) as SchemaError[])
    return wrong.length > 0 ? wrong : ['does not fit its schema']
  }
}
