import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { DEFAULT_DETACH_KEYS, DetachKeys, parseDetachKeys } from '../src/detach-keys.ts'

const setup = (t: TestContext, keysText = DEFAULT_DETACH_KEYS) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const result = { typed: '', detached: 0, status: 0 }
  const keys = new DetachKeys(parseDetachKeys(keysText), {
    type: (bytes) => {
      result.typed += bytes.toString('latin1')
    },
    detach: () => {
      result.detached++
    },
    status: () => {
      result.status++
    },
  })
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
  assert.deepEqual(result, { typed: 'ls', detached: 2, status: 0 })
})

test('Ctrl-] twice types one', (t) => {
  const { result, press } = setup(t)
  press('\x1d\x1dd')
  press('\x1d')
  press('\x1dd')
  assert.deepEqual(result, { typed: '\x1dd\x1dd', detached: 0, status: 0 })
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
  assert.deepEqual(result, { typed: '\x1dd', detached: 0, status: 0 })
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

test('Ctrl-] then s asks for the status and types nothing', (t) => {
  const { result, press } = setup(t)
  press('a\x1dsb')
  assert.deepEqual(result, { typed: 'ab', detached: 0, status: 1 })
})

test('other keys detach where they are asked for', (t) => {
  const { result, press } = setup(t, 'C-a,x')
  press('\x1dd\x01\x01')
  assert.deepEqual(result, { typed: '\x1dd\x01', detached: 0, status: 0 })
  press('\x1b[97;5ux')
  assert.equal(result.detached, 1)
  assert.equal(parseDetachKeys('ctrl-\\,d').hint, 'Ctrl-\\ then d detaches')
  for (const text of ['', 'a,b', 'C-a', 'C-a,', 'C-ab,c', 'C-ü,d', 'C-a,s', 'C-!,d'])
    assert.throws(() => parseDetachKeys(text), /detach keys are written C-x,y/, text)
})
