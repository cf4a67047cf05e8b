/** The native part of the relay (native/relay.c): what it offers, where it is, and the rules it is given. */
import { ERRORS, type ErrorCode, MAX_MESSAGE_BYTES } from '@holdfast/protocol'
import { loadAddon } from '@holdfast/service-kit'
import { FINE } from './metrics.ts'

/** Lives in C; freed when nobody refers to it any more. */
export type Handle = object & { readonly __relay: unique symbol }

export interface LaneCounts {
  readonly bytes: number
  /** How often reading paused because the other side was slower. */
  readonly pauses: number
  /** Most bytes that ever waited here for the slower side. */
  readonly peakBuffered: number
}
export interface NativeHistogram {
  /** Of each bucket alone; the last is above all of them. */
  readonly counts: readonly number[]
  readonly sum: number
}
export interface Totals {
  readonly in: LaneCounts
  readonly out: LaneCounts
  readonly lagIn: NativeHistogram
  readonly lagOut: NativeHistogram
  readonly echo: NativeHistogram
}
interface Native {
  setUp(maxMessageBytes: number, drain: Buffer, oversize: Buffer, buckets: Float64Array): void
  open(clientFd: number, clientHead: Buffer, hostFd: number, hostHead: Buffer, onEnd: () => void): Handle
  drain(handle: Handle): void
  sweep(handle: Handle, now: number, idle: number): void
  state(handle: Handle): { readonly cause: number; readonly in: LaneCounts; readonly out: LaneCounts }
  totals(): Totals
}

/** An unmasked (server's) Close frame; the reason has at most 123 bytes (RFC 6455 §5.5). */
const closeFrame = (code: ErrorCode): Buffer => {
  const { ws, meaning } = ERRORS[code]
  const reason = Buffer.from(meaning).subarray(0, 123)
  const head = Buffer.from([0x88, 2 + reason.length, 0, 0])
  head.writeUInt16BE(ws, 2)
  return Buffer.concat([head, reason])
}

const load = (): Native => {
  const loaded = loadAddon<Native>('relay.node', import.meta.url)
  loaded.setUp(MAX_MESSAGE_BYTES, closeFrame('DRAINING'), closeFrame('TOO_LARGE'), Float64Array.from(FINE))
  return loaded
}

export const native: Native = load()
