import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { DetachKeys } from '../src/detach-keys.ts'

const setup = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const result = { typed: '', detached: 0 }
  const keys = new DetachKeys(
    (bytes) => {
      result.typed += bytes.toString('latin1')
    },
    () => {
      result.detached++
    },
  )
  return {
    result,
    press: (text: string) => keys.push(Buffer.from(text, 'latin1')),
    wait: (ms: number) => t.mock.timers.tick(ms),
  }
}

test('Ctrl-] then d detaches, in one read or two', (t) => {
  const { result, press } = setup(t)
  press('ls\x1dd')
  press('\x1d')
  press('d')
  assert.deepEqual(result, { typed: 'ls', detached: 2 })
})

test('Ctrl-] twice types one', (t) => {
  const { result, press } = setup(t)
  press('\x1d\x1dd')
  press('\x1d')
  press('\x1dd')
  assert.deepEqual(result, { typed: '\x1dd\x1dd', detached: 0 })
})

test('Ctrl-] and another key types both at once', (t) => {
  const { result, press } = setup(t)
  press('\x1dx')
  assert.equal(result.typed, '\x1dx')
})

test('after a second Ctrl-] counts as typed, and d is only d', (t) => {
  const { result, press, wait } = setup(t)
  press('\x1d')
  wait(999)
  assert.equal(result.typed, '')
  wait(1)
  assert.equal(result.typed, '\x1d')
  press('d')
  assert.deepEqual(result, { typed: '\x1dd', detached: 0 })
})

test('the keys work when the program turned on kitty keys or modifyOtherKeys', (t) => {
  const { result, press } = setup(t)
  press('\x1b[93;5u')
  press('\x1b[93;5:3u')
  press('d')
  press('\x1b[93;5:1u\x1b[100;1:1u')
  press('\x1b[27;5;93~d')
  assert.equal(result.detached, 3)
  press('\x1b[93;5u\x1b[93;5u')
  assert.equal(result.typed, '\x1b[93;5:3u\x1b[93;5u')
})

test('bytes of any value pass as they are', (t) => {
  const { result, press } = setup(t)
  const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
    .join('')
    .replace('\x1d', '')
  press(all)
  assert.equal(result.typed, all)
})
