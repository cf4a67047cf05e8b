/** Schemas of everything that a host is told from outside, by name. */
import {
  CLIENT_MESSAGES,
  changeableSchema,
  claimSchema,
  colsSchema,
  inputSchema,
  resizeSchema,
  rowsSchema,
  signalSchema,
  waitSchema,
} from '@holdfast/protocol'
import { type Static, Type } from 'typebox'

const stopSchema = Type.Object(
  { graceMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 600_000 })) },
  { additionalProperties: false },
)

const leavingSchema = Type.Object(
  { why: Type.Union([Type.String({ minLength: 1, maxLength: 1_000 }), Type.Null()]) },
  { additionalProperties: false },
)

type Messages = typeof CLIENT_MESSAGES
/** Some have the name of a body. */
const messages = Object.fromEntries(
  Object.entries(CLIENT_MESSAGES).map(([type, schema]) => [`message:${type}`, schema]),
) as { [Type in keyof Messages as `message:${Type}`]: Messages[Type] }

export const SCHEMAS = {
  claim: claimSchema,
  changeable: changeableSchema,
  input: inputSchema,
  resize: resizeSchema,
  signal: signalSchema,
  stop: stopSchema,
  leaving: leavingSchema,
  wait: waitSchema,
  cols: colsSchema,
  rows: rowsSchema,
  ...messages,
}
export type SchemaName = keyof typeof SCHEMAS
/** What a value is that fits the schema of this name. */
export type Fitting<Name extends SchemaName> = Static<(typeof SCHEMAS)[Name]>
