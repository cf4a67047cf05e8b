/** The error table: each row makes sense by itself and beside the others that share its close code. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closeIsRetryable, ERRORS, type ErrorCode, type ErrorRow, HoldfastError, problem } from '../src/index.ts'

const ROWS = Object.entries<ErrorRow>(ERRORS) as [ErrorCode, ErrorRow][]

/** RFC 6455 §7.4.1: of the codes below 4000 only these may be sent by an endpoint for such reasons. */
const STANDARD_CLOSE = [1002, 1008, 1009, 1011, 1012]

test('every row has an HTTP error status, a close code that may be sent, and a sentence', () => {
  for (const [code, row] of ROWS) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    assert.ok(Number.isInteger(row.http) && row.http >= 400 && row.http <= 599, code)
    assert.ok(STANDARD_CLOSE.includes(row.ws) || (row.ws >= 4000 && row.ws <= 4999), `${code} ${row.ws}`)
    assert.match(row.meaning, /^[A-Z].*\.$/s, code)
  }
})

test('trouble on our side may be retried, a mistake of the caller may not, but for being late or too many', () => {
  for (const [code, { http, retryable }] of ROWS) {
    if (http === 507) continue // not before somebody has made room (RFC 4918 §11.5)
    assert.equal(retryable, http >= 500 || http === 408 || http === 429, code)
  }
})

test('close codes of ours carry the HTTP status they stand for', () => {
  for (const [code, { http, ws }] of ROWS) {
    if (![4401, 4403, 4404, 4408, 4429].includes(ws)) continue
    assert.equal(ws - 4000, http, code)
  }
})

test('codes that share a close code agree on whether a client comes again', () => {
  for (const [code, { ws, retryable }] of ROWS) assert.equal(closeIsRetryable(ws), retryable, code)
})

test('the close codes of the protocol’s page mean what it says', () => {
  const again = [1001, 1005, 1006, 1011, 1012, 1015, 4408, 4429, 4503, 4999]
  const never = [1000, 1002, 1008, 1009, 4401, 4403, 4404, 4409, 4410]
  for (const code of again) assert.equal(closeIsRetryable(code), true, String(code))
  for (const code of never) assert.equal(closeIsRetryable(code), false, String(code))
})

test('an error carries its row and its cause, and becomes problem details', () => {
  const cause = new Error('ECONNREFUSED')
  const error = new HoldfastError('STORE_UNAVAILABLE', 'Redis is away', { cause })
  assert.deepEqual([error.statusCode, error.closeCode, error.retryable, error.cause], [503, 4503, true, cause])
  const { type, title, ...rest } = problem(error)
  assert.match(type, /\/STORE_UNAVAILABLE$/)
  assert.equal(title, ERRORS.STORE_UNAVAILABLE.meaning)
  assert.deepEqual(rest, { status: 503, detail: 'Redis is away', code: 'STORE_UNAVAILABLE', retryable: true })
})
