/** Where the compiled session leader lies. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { HoldfastError } from '@holdfast/protocol'

/** Beside the bundle, or where scripts/native.mjs puts it. */
const BUILT = ['./build/hold', '../build/hold'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** Throws BAD_REQUEST when there is none: without it no session could start. */
export const findHold = (configured: string): string => {
  const found = (configured === '' ? BUILT : [configured]).find((path) => existsSync(path))
  if (found !== undefined) return found
  const places = configured || BUILT.join(' or ')
  throw new HoldfastError('BAD_REQUEST', `no session leader at ${places}; "node scripts/native.mjs" builds it`)
}
