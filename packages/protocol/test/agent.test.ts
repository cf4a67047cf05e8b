/** Verdicts on pictures of what coding agents show. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type AgentState,
  agentOf,
  checkDetectors,
  DETECTORS,
  type Detector,
  detectorSchema,
  programNames,
  type Sight,
} from '@holdfast/protocol'
import { Check } from 'typebox/value'

const sight = (lines: string, more: Partial<Sight> = {}): Sight => ({
  lines: [...lines.split('\n'), '', ''],
  quietMs: 5_000,
  job: ['bash'],
  leads: true,
  shell: null,
  ...more,
})

const RULER = '─'.repeat(40)
const BOX = `${RULER}\n❯ \n${RULER}\n  ? for shortcuts`
const PICTURES: [tool: string, argv: string[], state: AgentState, lines: string][] = [
  ['claude-code', ['claude'], 'idle', `⏺ All tests pass.\n\n${BOX}`],
  ['claude-code', ['claude'], 'busy', `✽ Tempering… (12s · ↓ 2k tokens)\n\n${BOX}`],
  ['claude-code', ['node', '/usr/bin/claude', '--resume'], 'busy', `· Working… (3s · esc to interrupt)\n${BOX}`],
  [
    'claude-code',
    ['claude'],
    'waiting',
    'Do you want to make this edit to a.ts?\n❯ 1. Yes\n  2. Yes, allow all\n  3. No (esc)',
  ],
  [
    'claude-code',
    ['claude'],
    'waiting',
    '✳ Editing… (esc to interrupt)\nDo you want to proceed?\n❯ 1. Apply\n  2. Skip',
  ],
  ['claude-code', ['claude'], 'waiting', 'Enter a name:\n  Esc to cancel'],
  ['codex', ['codex'], 'busy', '• Working (4s • esc to interrupt)\n\n› Ask Codex to do anything'],
  [
    'codex',
    ['codex'],
    'waiting',
    'Would you like to run this command?\n› 1. Yes, proceed (y)\n  2. No\nPress enter to confirm or esc to cancel',
  ],
  ['codex', ['/usr/lib/codex'], 'idle', '• Done.\n\n› Ask Codex to do anything\n  100% context left'],
  [
    'gemini',
    ['node', '/usr/local/bin/gemini'],
    'busy',
    '⠏ Thinking about it (esc to cancel, 3s)\n│ > Type your message │',
  ],
  ['gemini', ['gemini'], 'waiting', '│ Allow execution of: ls? │\n│ ● 1. Yes, allow once │'],
  ['gemini', ['gemini'], 'idle', '✦ Here it is.\n│ > Type your message │'],
]
for (const [tool, job, state, lines] of PICTURES) {
  test(`${tool} that is ${state} is seen to be: ${lines.split('\n')[0]}`, () => {
    const agent = agentOf(sight(lines, { job }), DETECTORS)
    assert.deepEqual([agent.name, agent.state], [tool, state], agent.evidence)
    assert.match(agent.detector, new RegExp(`^${tool}@\\d+$`))
    assert.ok(agent.evidence.length > 0 && agent.evidence.length <= 120)
  })
}

const [, ...SCREENS] = readFileSync(join(import.meta.dirname, 'agent-screens.txt'), 'utf8').split(/^=== /m)
for (const screen of SCREENS) {
  const [, tool = '', state, what] = /^(\S+) (\S+): (.*)/.exec(screen) ?? []
  test(`the real ${tool} is seen to be ${state}: ${what}`, () => {
    const job = ['node', `/usr/bin/${tool === 'claude-code' ? 'claude' : tool}`]
    const agent = agentOf(sight(screen.slice(screen.indexOf('\n') + 1), { job }), DETECTORS)
    assert.deepEqual([agent.name, agent.state], [tool, state], agent.evidence)
    assert.match(agent.evidence, /^[^\s│].*[^\s│]$/)
  })
}

test('what a transcript says further up is not what the tool shows now', () => {
  const old = `✽ Tempering… (esc to interrupt)\n${'⏺ later\n'.repeat(20)}${BOX}`
  assert.equal(agentOf(sight(old, { job: ['claude'] }), DETECTORS).state, 'idle')
})

test('a tool that writes and shows no sign is busy, and idle a second later', () => {
  const job = ['claude']
  assert.equal(agentOf(sight(BOX, { job, quietMs: 300 }), DETECTORS).state, 'busy')
  assert.equal(agentOf(sight(BOX, { job, quietMs: 1_000 }), DETECTORS).state, 'idle')
})

test('of other programs the shell tells: by its marks, else by what is in front and writes', () => {
  const of = (more: Partial<Sight>, lines = '$ ') => agentOf(sight(lines, more), DETECTORS)
  assert.equal(of({ shell: { atPrompt: true, command: null }, quietMs: 0 }).state, 'idle')
  const runs = of({ shell: { atPrompt: false, command: 'make -j8' }, leads: false, job: ['make'] })
  assert.deepEqual([runs.state, runs.evidence, runs.detector], ['busy', 'runs make -j8', 'shell@1'])
  assert.equal(of({ quietMs: 10 }).state, 'idle', 'who types at a prompt is no work')
  const script = { job: ['bash', '-c', 'make; make test'] }
  assert.equal(of({ ...script, quietMs: 10 }).state, 'busy')
  assert.equal(of(script).state, 'idle')
  assert.equal(of({ leads: false, job: ['/usr/bin/vim', 'x'] }).evidence, 'vim runs in front')
  for (const question of [
    'Continue? [y/N]',
    'Password for git:',
    'Are you sure (yes/no/[fingerprint])?',
    'Press any key',
  ]) {
    assert.equal(of({ leads: false, job: ['apt'] }, question).state, 'waiting', question)
    assert.equal(of({ leads: false, job: ['apt'], quietMs: 100 }, question).state, 'busy', 'not while it writes')
  }
})

test('names of programs: what an interpreter runs counts, too', () => {
  assert.deepEqual(programNames(['/usr/bin/node', '--no-warnings', '/opt/gemini.js', 'x']), ['node', 'gemini'])
  assert.deepEqual(programNames(['-bash']), ['bash'])
  assert.deepEqual(programNames(['vim', 'claude']), ['vim'])
  assert.deepEqual(programNames([]), [''])
})

test('further detectors are data, and come before ours', () => {
  const mine: Detector = {
    name: 'mine',
    version: 7,
    command: '^claude$',
    rules: [{ state: 'waiting', text: '^name>' }],
  }
  assert.ok([mine, ...DETECTORS].every((detector) => Check(detectorSchema, detector)))
  const agent = agentOf(sight('name>', { job: ['claude'] }), [mine, ...DETECTORS])
  assert.deepEqual([agent.detector, agent.state, agent.evidence], ['mine@7', 'waiting', 'name>'])
  checkDetectors([mine, ...DETECTORS])
  assert.throws(() => checkDetectors([{ ...mine, command: '(' }]), { code: 'BAD_REQUEST', message: /"mine"/ })
  assert.equal(Check(detectorSchema, { ...mine, rules: [{ state: 'asleep', text: 'x' }] }), false)
})
