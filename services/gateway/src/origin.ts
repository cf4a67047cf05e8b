/** Which web pages may connect: those the gateway serves itself and those on a list. */
import type { IncomingHttpHeaders } from 'node:http'
import { HoldfastError } from '@holdfast/protocol'

const hostOf = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).host : undefined)

/** `new URL().host` drops a default port and lowers the case; the Host header is brought to the same form. */
const sameHost = (origin: string, host: string | undefined): boolean => {
  const wanted = hostOf(origin)
  if (wanted === undefined || wanted === '' || host === undefined) return false
  return wanted === hostOf(`${new URL(origin).protocol}//${host}`)
}

/**
 * Throws ORIGIN_FORBIDDEN. A request without Origin passes: no browser opens a WebSocket without one (RFC 6455 §4.1);
 * `required` is for requests that a cookie authenticates, where that is not enough.
 */
export const checkOrigin = (headers: IncomingHttpHeaders, allowed: readonly string[], required = false): void => {
  const { origin, host } = headers
  if (origin === undefined && !required) return
  if (origin !== undefined && (allowed.includes(origin) || sameHost(origin, host))) return
  throw new HoldfastError('ORIGIN_FORBIDDEN', `the origin ${origin?.slice(0, 200) ?? '(none)'} is not allowed`)
}
