/** What is guessed, and when: the part that needs no terminal. That the terminal stays as it was is tested where it is drawn. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Prediction, PredictiveEcho, type Sight } from '../src/index.ts'

const COOKED = { echo: true, canonical: true }

/** One line of text with the cursor behind it. */
const at = (text: string, more: Partial<Sight> = {}): Sight => ({
  line: 0,
  column: text.length,
  cols: 80,
  open: true,
  text: (from, to) => text.slice(from, to),
  ...more,
})

class Person {
  readonly echo: PredictiveEcho
  screen = ''

  constructor(mode: Prediction, ...roundTrips: number[]) {
    this.echo = new PredictiveEcho(mode)
    this.echo.modes(COOKED)
    for (const ms of roundTrips) this.echo.roundTrip(ms)
  }

  type(text: string): this {
    this.echo.typed(new TextEncoder().encode(text), at(this.screen))
    return this
  }

  sees(text: string): this {
    this.screen += text
    this.echo.output(at(this.screen))
    return this
  }

  /** One that was echoed, and one on its way. */
  get shown(): string {
    return this.type('a').sees('a').type('b').echo.shown
  }
}

test('auto shows above 30 ms of smoothed round trip until below 20; always and never ask for none', () => {
  assert.equal(new Person('auto').shown, '')
  assert.equal(new Person('auto', 30).shown, '')
  assert.equal(new Person('auto', 31).shown, 'b')
  assert.equal(new Person('auto', 31, 25, 25, 25).shown, 'b', 'between the two it stays')
  assert.equal(new Person('auto', 10, 60).shown, '', 'one slow answer is not yet a slow line')
  const improved = new Person('auto', 31)
  assert.equal(improved.shown, 'b')
  for (let count = 0; count < 30; count++) improved.echo.roundTrip(5)
  assert.deepEqual([improved.echo.shown, improved.echo.wanted], ['', false])
  assert.equal(new Person('always', 1).shown, 'b')
  assert.equal(new Person('never', 500).shown, '')
})

test('letters of two bytes are guessed, torn ones, too; those that may be wide, and pastes, are not', () => {
  assert.equal(new Person('always').type('a').sees('a').type('é').echo.shown, 'é')
  const torn = new Person('always').type('a').sees('a')
  torn.echo.typed(Uint8Array.of(0xc3), at(torn.screen))
  assert.equal(torn.echo.shown, '')
  torn.echo.typed(Uint8Array.of(0xa9), at(torn.screen))
  assert.equal(torn.echo.shown, 'é')
  assert.equal(new Person('always').type('a').sees('a').type('漢').echo.shown, '')
  assert.equal(new Person('always').type('a').sees('a').type('x'.repeat(101)).echo.shown, '')
})

test('an echo in another place is none: another line, another column, other text', () => {
  for (const sight of [at('ax', { line: 1 }), at('ax '), at('ay'), at('', { column: 0 }), at('ax', { open: false })]) {
    const person = new Person('always').type('a').sees('a').type('x').type('y')
    assert.equal(person.echo.shown, 'xy')
    person.echo.output(sight)
    assert.equal(person.echo.shown, '')
  }
})

test('who never stops typing after Enter is guessed for as soon as that is acknowledged', () => {
  const person = new Person('always').type('a').sees('a').type('\r').type('b').type('c')
  person.screen = ''
  person.echo.output(at('', { line: 1, column: 0 }))
  person.echo.taken(2, at('', { line: 1, column: 0 }))
  person.echo.typed(new TextEncoder().encode('d'), at('', { line: 1 }))
  assert.equal(person.echo.shown, '')
  person.echo.output(at('b', { line: 1 }))
  assert.equal(person.echo.shown, 'cd')
  person.echo.overdue(3)
  assert.equal(person.echo.shown, 'cd')
  person.echo.overdue(4)
  assert.equal(person.echo.shown, '', 'the program has had it, and did not echo it')
})
