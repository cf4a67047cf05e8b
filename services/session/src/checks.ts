/**
 * Does a value fit its schema, and what is wrong if not: the only file of a host that uses TypeBox, which takes 1.6 MB.
 * So a bundle has plain functions in its place, made by scripts/compiled-checks.mjs, and loads this file at the first fault.
 */
import { Value } from 'typebox/value'
import { SCHEMAS, type SchemaName } from './schemas.ts'

export const known = (name: string): name is SchemaName => Object.hasOwn(SCHEMAS, name)

export const fits = (name: SchemaName, value: unknown): boolean => Value.Check(SCHEMAS[name], value)

/** The first thing that is wrong, such as "env.PATH must be string". */
export const fault = (name: SchemaName, value: unknown): string => {
  const [first] = Value.Errors(SCHEMAS[name], value)
  const where = first?.instancePath.slice(1).replaceAll('/', '.')
  return `${where ? `${where} ` : ''}${first?.message ?? 'is malformed'}`
}
