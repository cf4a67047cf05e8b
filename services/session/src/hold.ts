/** Where the compiled session leader lies. */
import { existsSync } from 'node:fs'
import { HoldfastError } from '@holdfast/protocol'
import { builtPaths } from '@holdfast/service-kit'

const BUILT = builtPaths('hold', import.meta.url)

/** Throws BAD_REQUEST when there is none: without it no session could start. */
export const findHold = (configured: string): string => {
  const found = (configured === '' ? BUILT : [configured]).find((path) => existsSync(path))
  if (found !== undefined) return found
  const places = configured || BUILT.join(' or ')
  throw new HoldfastError('BAD_REQUEST', `no session leader at ${places}; "node scripts/native.mjs" builds it`)
}
