/** Every failure Holdfast names: one row is one code, with its HTTP status, WebSocket close code and whether a retry can help. */

export interface ErrorRow {
  /** HTTP status of the problem+json answer (RFC 9457). */
  readonly http: number
  /** WebSocket close code (RFC 6455 §7.4; 4000–4999 are ours). */
  readonly ws: number
  /** True when the same request may succeed later without a change by the caller. */
  readonly retryable: boolean
  /** One sentence for the documentation: what happened and what to do. */
  readonly meaning: string
}

export const ERRORS = {
  BAD_REQUEST: {
    http: 400,
    ws: 1008,
    retryable: false,
    meaning: 'The request or message is malformed; the message says which part.',
  },
  UNSUPPORTED_PROTOCOL: {
    http: 400,
    ws: 1002,
    retryable: false,
    meaning: 'None of the offered WebSocket subprotocols is `holdfast.v1` or `raw`.',
  },
  UNAUTHENTICATED: {
    http: 401,
    ws: 4401,
    retryable: false,
    meaning: 'No valid API key, ticket or grant came with the request.',
  },
  FORBIDDEN: { http: 403, ws: 4403, retryable: false, meaning: 'The caller is known but may not do this.' },
  FILE_DENIED: {
    http: 403,
    ws: 1008,
    retryable: false,
    meaning: 'The user of the session may not read or write this file.',
  },
  ORIGIN_FORBIDDEN: {
    http: 403,
    ws: 4403,
    retryable: false,
    meaning: 'The page that opened the connection is not in the list of allowed origins.',
  },
  READ_ONLY: {
    http: 403,
    ws: 4403,
    retryable: false,
    meaning: 'A read-only attachment may not type, resize, signal or take control.',
  },
  NOT_FOUND: { http: 404, ws: 4404, retryable: false, meaning: 'There is nothing at this address.' },
  SESSION_NOT_FOUND: { http: 404, ws: 4404, retryable: false, meaning: 'No session of the caller has this id.' },
  FILE_NOT_FOUND: {
    http: 404,
    ws: 1008,
    retryable: false,
    meaning: 'The session has no file or directory of this path.',
  },
  NODE_NOT_FOUND: { http: 404, ws: 4404, retryable: false, meaning: 'No node has this id.' },
  ATTACH_TIMEOUT: {
    http: 408,
    ws: 4408,
    retryable: true,
    meaning: 'The first message, `attach`, did not come within its time.',
  },
  KICKED: {
    http: 409,
    ws: 4409,
    retryable: false,
    meaning: 'The attachment was ended on purpose, or the same client attached again; do not reconnect.',
  },
  SESSION_ENDED: {
    http: 409,
    ws: 4410,
    retryable: false,
    meaning: 'The session has ended and its host is gone; `screen` still shows its last screen.',
  },
  SESSION_SUSPENDED: {
    http: 409,
    ws: 4411,
    retryable: false,
    meaning: 'The session is suspended; attach again, or resume it, to wake it.',
  },
  IDEMPOTENCY_CONFLICT: {
    http: 409,
    ws: 1008,
    retryable: false,
    meaning: 'The Idempotency-Key was used before with another body.',
  },
  FILE_EXISTS: {
    http: 409,
    ws: 1008,
    retryable: false,
    meaning: 'The session has a file of this path already; `overwrite=true` replaces it.',
  },
  NODE_EXISTS: { http: 409, ws: 1008, retryable: false, meaning: 'A node of this id is there already.' },
  NODE_IN_USE: {
    http: 409,
    ws: 1008,
    retryable: false,
    meaning: 'The node still has sessions; drain it, and remove it when they have ended.',
  },
  STALE: {
    http: 409,
    ws: 4410,
    retryable: false,
    meaning: 'The caller acts on an older incarnation, fence or store epoch than the current one.',
  },
  OUTPUT_GONE: {
    http: 410,
    ws: 1008,
    retryable: false,
    meaning: 'The replay buffer no longer holds all of that output; `partial=true` answers with the rest of it.',
  },
  TOO_LARGE: { http: 413, ws: 1009, retryable: false, meaning: 'The body or message is above its size limit.' },
  UNKNOWN_TEMPLATE: {
    http: 422,
    ws: 1008,
    retryable: false,
    meaning: 'No template has this name; `GET /v1/templates` lists them.',
  },
  COMMAND_NOT_FOUND: {
    http: 422,
    ws: 1008,
    retryable: false,
    meaning: 'The command does not exist or cannot be run in the session.',
  },
  CWD_NOT_FOUND: {
    http: 422,
    ws: 1008,
    retryable: false,
    meaning: 'The working directory does not exist in the session.',
  },
  TOO_MANY: {
    http: 429,
    ws: 4429,
    retryable: true,
    meaning: 'A limit on sockets or requests of this caller is reached.',
  },
  QUOTA_EXCEEDED: {
    http: 429,
    ws: 4429,
    retryable: true,
    meaning: 'The tenant’s live sessions use all that its quota allows; end one, or ask an operator for more.',
  },
  INTERNAL: {
    http: 500,
    ws: 1011,
    retryable: true,
    meaning: 'A bug in Holdfast; the log has the details under the same request id.',
  },
  DRAINING: {
    http: 503,
    ws: 1012,
    retryable: true,
    meaning: 'This replica is going down; connect again, another one answers.',
  },
  SESSION_STARTING: { http: 503, ws: 4503, retryable: true, meaning: 'The session is not running yet.' },
  STORE_UNAVAILABLE: {
    http: 503,
    ws: 4503,
    retryable: true,
    meaning: 'Redis does not answer; running sessions go on.',
  },
  RUNTIME_UNAVAILABLE: {
    http: 503,
    ws: 4503,
    retryable: true,
    meaning: 'The container engine does not answer; running sessions go on.',
  },
  ORCHESTRATOR_UNAVAILABLE: {
    http: 503,
    ws: 4503,
    retryable: true,
    meaning: 'The orchestrator does not answer; running sessions go on.',
  },
  HOST_UNREACHABLE: {
    http: 503,
    ws: 4503,
    retryable: true,
    meaning: 'The session host does not answer on its address.',
  },
  DISK_FULL: { http: 507, ws: 1008, retryable: false, meaning: 'The session has no room left for the file.' },
  TIMEOUT: {
    http: 504,
    ws: 4503,
    retryable: true,
    meaning: 'What was waited for did not happen within the time given.',
  },
} as const satisfies Record<string, ErrorRow>

/** Names a failure; docs/operations.md says what each means and what to do. */
export type ErrorCode = keyof typeof ERRORS

/** Close codes that are no error: `closeMeaning` below has the rest from the table above. */
export const PLAIN_CLOSE = {
  1000: 'The session ended (after `exit`) or the client detached.',
} as const

/** The one error class: its code picks HTTP status and close code. Thrown by every package; `cause` keeps the original. */
export class HoldfastError extends Error {
  /** What happened, as a row of `ERRORS`. */
  readonly code: ErrorCode
  /** Milliseconds after which to try again, when whoever refused knows; undefined otherwise. Retry-After of the answer. */
  readonly retryAfterMs: number | undefined
  /** `message`: one sentence about this case. */
  constructor(code: ErrorCode, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options)
    this.name = 'HoldfastError'
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }
  /** HTTP status; read by Fastify's error handling, too. */
  get statusCode(): number {
    return ERRORS[this.code].http
  }
  /** Of the WebSocket that it ends. */
  get closeCode(): number {
    return ERRORS[this.code].ws
  }
  /** May the same call succeed later? */
  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}

/** RFC 9457 problem details, with our `code` and `retryable` as extension members. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: ErrorCode
  retryable: boolean
}

export const problem = (error: HoldfastError): Problem => ({
  type: `https://holdfast.dev/errors/${error.code}`,
  title: ERRORS[error.code].meaning,
  status: error.statusCode,
  detail: error.message,
  code: error.code,
  retryable: error.retryable,
})

/** Is a WebSocket close one after which a client should connect again? Unknown codes (network loss, 1001, 1006) are. */
export const closeIsRetryable = (code: number): boolean => {
  if (code === 1000) return false
  const rows = Object.values<ErrorRow>(ERRORS).filter((row) => row.ws === code)
  return rows.length === 0 || rows.some((row) => row.retryable)
}
