/** Words on the page: command lines, ages, phases, the status line, addresses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinCommand, splitCommand } from '../src/command-line.ts'
import { parseRoute } from '../src/route.ts'
import { canReattach, linkLine } from '../src/terminal/view-state.ts'
import { mebibytesText, percentText } from '../src/units.ts'
import { ageText, phaseText, troubleText } from '../src/wording.ts'
import { fakeSession } from './fake-session.ts'

const ID = 'local-7f3k9m2q4x8v1a'

test('a command line splits as in a shell', () => {
  const cases: [string, string[]][] = [
    ['', []],
    ['  htop ', ['htop']],
    ['bash -lc "echo $HOME; ls"', ['bash', '-lc', 'echo $HOME; ls']],
    [`printf '%s\\n' "a \\"b\\"" c\\ d`, ['printf', '%s\\n', 'a "b"', 'c d']],
    [`env A= '' ""`, ['env', 'A=', '', '']],
    [`a'b'"c"d`, ['abcd']],
  ]
  for (const [text, words] of cases) assert.deepEqual(splitCommand(text), words, text)
  assert.throws(() => splitCommand(`echo 'oops`), /single quote is not closed/)
  assert.throws(() => splitCommand('echo "oops'), /double quote is not closed/)
})

test('a joined command line splits into the same words', () => {
  const words = ['sh', '-c', `it's "quoted" $x`, '', 'a\\b', 'two\nlines']
  assert.deepEqual(splitCommand(joinCommand(words)), words)
})

test('an age is told in its largest whole unit', () => {
  const at = Date.parse('2026-11-22T12:00:00Z')
  const age = (seconds: number): string => ageText('2026-11-22T12:00:00Z', at + seconds * 1000)
  assert.deepEqual([-5, 0, 59, 60, 3599, 3600, 86_400 * 3].map(age), [
    'now',
    'now',
    '59 s',
    '1 min',
    '59 min',
    '1 h',
    '3 d',
  ])
})

test('a phase says how a session ended, a trouble line what is wrong with it', () => {
  assert.deepEqual(phaseText(fakeSession({ id: ID })), { tone: 'good', text: 'running' })
  assert.deepEqual(phaseText(fakeSession({ id: ID, phase: 'exited', exitCode: 0 })), {
    tone: 'quiet',
    text: 'exited 0',
  })
  assert.deepEqual(phaseText(fakeSession({ id: ID, phase: 'exited', exitCode: 3 })), { tone: 'bad', text: 'exited 3' })
  const killed = fakeSession({ id: ID, phase: 'exited', exitCode: null, signal: 'KILL' })
  assert.equal(phaseText(killed).text, 'killed by KILL')
  assert.equal(troubleText(fakeSession({ id: ID })), null)
  assert.equal(troubleText(fakeSession({ id: ID, phase: 'failed', reason: 'image-missing: x' })), 'image-missing: x')
  const unreachable = { type: 'Reachable', status: 'False', reason: '', since: '' } as const
  assert.equal(troubleText(fakeSession({ id: ID, conditions: [unreachable] })), 'not reachable')
  assert.equal(troubleText(fakeSession({ id: ID, phase: 'exited', conditions: [unreachable] })), null)
})

const FACTS = { readOnly: false, waitingInput: null, behind: 0, unacknowledged: 0, waking: null }

test('the status line tells each state of the link', () => {
  const text = (link: Parameters<typeof linkLine>[0], readOnly = false): string =>
    linkLine(link, { ...FACTS, readOnly }, 10_000).text
  assert.equal(text({ kind: 'connecting' }), 'Connecting…')
  assert.equal(text({ kind: 'attached', resume: 'delta', controller: null }), 'Attached')
  assert.equal(text({ kind: 'attached', resume: 'delta', controller: null }, true), 'Attached, read-only')
  const waiting = { kind: 'waiting', reason: 'the gateway is restarting' } as const
  assert.equal(text({ ...waiting, dueAtMs: 12_100 }), 'Reconnecting in 3 s: the gateway is restarting')
  assert.equal(text({ ...waiting, dueAtMs: 9000 }), 'Reconnecting now: the gateway is restarting')
  const attached = { kind: 'attached', resume: 'delta', controller: null } as const
  const told = (facts: Partial<typeof FACTS>, link: Parameters<typeof linkLine>[0] = attached): string =>
    linkLine(link, { ...FACTS, ...facts }, 10_000).text
  assert.equal(told({ behind: 300 * 1024 }), 'Behind by 300 KB')
  assert.equal(told({ behind: 1000 }), 'Attached')
  assert.equal(told({ unacknowledged: 1 }), 'Not confirmed yet: 1 byte of input')
  assert.match(told({ unacknowledged: 5 }, { ...waiting, dueAtMs: 0 }), /; 5 bytes of input are kept$/)
  const waking = { ...FACTS, waking: 'Starting' as never }
  assert.equal(linkLine({ ...waiting, dueAtMs: 12_100 }, waking, 10_000).text, 'Starting; next try in 3 s')
  assert.equal(
    linkLine({ kind: 'connecting' }, { ...FACTS, waking: 'Waking the session' as never }, 0).text,
    'Waking the session',
  )
  assert.equal(text({ kind: 'ended', exitCode: 3, signal: null }), 'Ended with exit code 3')
  assert.equal(text({ kind: 'ended', exitCode: null, signal: 'KILL' }), 'Ended by signal KILL')
  assert.match(text({ kind: 'closed', code: 4409, reason: 'kicked' }), /not reconnecting: kicked$/)
  assert.equal(text({ kind: 'closed', code: 4999, reason: '' }), 'Closed with code 4999')
  assert.match(text({ kind: 'over', end: 'ended with exit code 0' }), /^Ended with exit code 0\. /)
})

test('only a closed link to a living session can be attached again', () => {
  assert.ok(canReattach({ kind: 'closed', code: 4409, reason: '' }))
  assert.ok(!canReattach({ kind: 'closed', code: 4404, reason: '' }))
  assert.ok(!canReattach({ kind: 'ended', exitCode: 0, signal: null }))
})

test('memory and CPU are told in few digits', () => {
  assert.deepEqual([0, 0.5722, 90, 1536].map(mebibytesText), ['0 MiB', '0.572 MiB', '90 MiB', '1.5 GiB'])
  assert.deepEqual([0, 0.004, 1.996].map(percentText), ['0 %', '0 %', '200 %'])
})

test('addresses name pages', () => {
  assert.deepEqual(parseRoute(''), { page: 'sessions' })
  assert.deepEqual(parseRoute('#/new'), { page: 'new', fields: new URLSearchParams() })
  assert.deepEqual(parseRoute(`#/s/${ID}`), { page: 'terminal', layout: [[ID]] })
  assert.deepEqual(parseRoute('#/s/a.b+c'), { page: 'terminal', layout: [['a', 'b'], ['c']] })
  assert.deepEqual(parseRoute(`#/w/${ID}/tck`), { page: 'shared', session: ID, ticket: 'tck' })
  for (const bad of ['#/s/', '#/s/../x', '#/s/<b>', '#/s/a+a', '#/s/a..b', '#/w/a', '#/what'])
    assert.equal(parseRoute(bad).page, 'unknown', bad)
})
