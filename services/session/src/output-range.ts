/** Part of the output by its offsets, as far as the replay buffer holds it. */
import { HoldfastError, MAX_OUTPUT_BYTES } from '@holdfast/protocol'
import type { Stream } from './stream.ts'

export interface OutputRange {
  from: number
  /** Behind the last byte. */
  to: number
  /** What is held of it will do. */
  partial: boolean
}

const offsetOf = (name: string, text: string): number => {
  const offset = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(offset)) throw new HoldfastError('BAD_REQUEST', `${name} is an offset in bytes`)
  return offset
}

/** `end`: length of the output so far, which `to` is by default. Throws BAD_REQUEST. */
export const outputRange = (query: URLSearchParams, end: number): OutputRange => {
  const from = offsetOf('from', query.get('from') ?? '0')
  const to = offsetOf('to', query.get('to') ?? String(end))
  const partial = query.get('partial') ?? 'false'
  if (partial !== 'true' && partial !== 'false') throw new HoldfastError('BAD_REQUEST', 'partial is true or false')
  if (from > end || to > end) throw new HoldfastError('BAD_REQUEST', `the output has ${end} bytes so far`)
  if (from > to) throw new HoldfastError('BAD_REQUEST', 'from is behind to')
  return { from, to, partial: partial === 'true' }
}

/** `from`: of the first of the bytes, later than asked for only in a partial answer. Throws OUTPUT_GONE and TOO_LARGE. */
export const readOutput = (stream: Stream, { from, to, partial }: OutputRange): { from: number; bytes: Buffer } => {
  const size = to - (partial ? Math.max(from, stream.state.start) : from)
  if (size > MAX_OUTPUT_BYTES) throw new HoldfastError('TOO_LARGE', `an answer has at most ${MAX_OUTPUT_BYTES} bytes`)
  const bytes = stream.read(from, to, partial)
  if (bytes !== null) return { from: to - bytes.length, bytes }
  throw new HoldfastError('OUTPUT_GONE', `of the output only what follows byte ${stream.state.start} is still held`)
}
