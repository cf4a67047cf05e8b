/** An HTTP failure as a HoldfastError: problem+json of ours keeps its code, anything else gets one from its status. */
import { ERRORS, type ErrorCode, HoldfastError } from '@holdfast/protocol'

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  413: 'TOO_LARGE',
  429: 'TOO_MANY',
}

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERRORS, code)

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

/** What HTTP servers answer by themselves to a request that was cut on its way: its end came too early, or did not come. */
const CUT: readonly number[] = [400, 408]

/** A proxy between us and the gateway answers in its own words: a failure of its (5xx), or of the line, is worth a retry. */
const foreign = (status: number): HoldfastError => {
  const passes = status >= 500 || CUT.includes(status)
  const code = BY_STATUS[status] ?? (passes ? 'HOST_UNREACHABLE' : 'BAD_REQUEST')
  return new HoldfastError(code, `HTTP ${status}, without a reason`)
}

/** `retryAfter` is the header, in seconds; a date, which RFC 9110 also allows, is none of ours. */
export const readProblem = (status: number, body: string, retryAfter?: string | null): HoldfastError => {
  const answer = parse(body)
  if (typeof answer !== 'object' || answer === null || !('code' in answer) || !isCode(answer.code))
    return foreign(status)
  const detail = 'detail' in answer && typeof answer.detail === 'string' ? answer.detail : ERRORS[answer.code].meaning
  const wait = /^\d{1,6}$/.test(retryAfter ?? '') ? { retryAfterMs: Number(retryAfter) * 1000 } : {}
  return new HoldfastError(answer.code, detail, wait)
}
