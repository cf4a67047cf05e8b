/** Commands that end at once deliver every byte before `exit`. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { dockerIsMissing, type Stack, startStack } from './support/stack.ts'
import { sha256, view } from './support/viewer.ts'

const RUNS = 100
const AT_ONCE = 4
const expected = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `${i + 1}\r\n`).join(''))

describe('fast commands', { skip: dockerIsMissing }, () => {
  let stack: Stack
  before(async () => {
    stack = await startStack('docker')
  })
  after(() => stack.destroy())

  const runOne = async (): Promise<void> => {
    const session = await stack.client.createSession({ command: 'seq', args: ['1', '20000'] })
    const viewer = view(stack.client, session.id)
    assert.deepEqual(await viewer.attachment.ended, { kind: 'ended', exitCode: 0, signal: null })
    assert.equal(viewer.bytes().length, expected.length)
    assert.equal(sha256(viewer.bytes()), sha256(expected))
    await stack.client.deleteSession(session.id)
  }

  test(`${RUNS} times seq 1 20000, every byte before exit`, async () => {
    let left = RUNS
    const worker = async () => {
      while (left-- > 0) await runOne()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  })
})
