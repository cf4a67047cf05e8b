/** How long Redis may take for an answer, and which of its failures mean that the store is not available. */
import { HoldfastError } from '@holdfast/protocol'
import { ReplyError } from 'ioredis'

/** Milliseconds for one call of the store, with all its round trips: STORE_UNAVAILABLE comes within a second. */
export const ANSWER_MS = 900

/** First words of error replies by a server that is up but cannot serve now. Source: Redis 7 src/server.c, shared.*err. */
const NOT_NOW =
  /^(LOADING|READONLY|OOM|MISCONF|BUSY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|NOAUTH|WRONGPASS|UNBLOCKED)\b/

/** An error that the server answered with; the server is up. */
export const isReply = (error: unknown): error is Error => error instanceof ReplyError

const isBug = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError

const unavailable = (why: string, cause?: unknown): HoldfastError =>
  new HoldfastError('STORE_UNAVAILABLE', `Redis does not answer: ${why}`, { cause })

/** What ioredis says to programmers, in words for those who use Holdfast. */
const inPlainWords = (text: string): string => {
  if (text.includes('maxRetriesPerRequest')) return 'the connection to it was lost'
  if (text.includes('enableOfflineQueue')) return 'there is no connection to it'
  return text
}

/** ioredis names lost connections, timeouts and full queues with plain Errors, so what is not known otherwise is one of them. */
const inOurWords = (error: unknown): unknown => {
  if (error instanceof HoldfastError || isBug(error)) return error
  const text = error instanceof Error ? error.message : String(error)
  if (isReply(error) && !NOT_NOW.test(text)) {
    return new HoldfastError('INTERNAL', `Redis refused a command: ${text}`, { cause: error })
  }
  return unavailable(inPlainWords(text), error)
}

/** The work's result; or STORE_UNAVAILABLE when Redis fails, or when the work takes longer than ANSWER_MS. */
export const answered = async <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(unavailable(`no answer in ${ANSWER_MS} ms`)), ANSWER_MS)
  })
  try {
    return await Promise.race([work, late])
  } catch (error) {
    throw inOurWords(error)
  } finally {
    clearTimeout(timer)
  }
}
