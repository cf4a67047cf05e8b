/** Output and input arrive exactly once while gateway, orchestrator and Redis are killed under them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { dockerIsMissing, type Stack, startStack, until } from './support/stack.ts'
import { sha256, type Viewer, view } from './support/viewer.ts'

const LINES = 62_500
/** 80 bytes a line with the carriage return that the terminal adds: 5 MB. */
const line = (n: number): string => `${String(n).padStart(8, '0')} ${'abcdefghij'.repeat(6)}123456789\r\n`
/** 40 kB at a time, about 250 kB/s, so that there is time for outages; and it ends when it is told, however long those take. */
const NUMBERS = `stty -echo; pad=abcdefghij; pad=$pad$pad$pad$pad$pad$pad; for ((i=1; i<=${LINES}; i++)); do printf '%08d %s123456789\\n' $i $pad; ((i % 500)) || sleep 0.16; done; read -r`
const expected = Buffer.from(Array.from({ length: LINES }, (_, i) => line(i + 1)).join(''))

/** The whole stream fits: however slowly a busy machine starts a gateway again, nothing is skipped. */
const KEEPS_ALL = '- {name: keeps-all, image: holdfast/session, command: [bash], limits: {replayBytes: 8388608}}\n'

const runtimes = [
  { runtime: 'docker', skip: dockerIsMissing },
  { runtime: 'process', skip: false },
] as const

for (const { runtime, skip } of runtimes) {
  describe(`${runtime}: the stream survives what happens to the services`, { skip }, () => {
    let stack: Stack
    before(async () => {
      stack = await startStack(runtime, { moreTemplates: KEEPS_ALL })
    })
    after(() => stack.destroy())

    /** Streams 5 MB out and typed tokens in, with `disturb` on the way, and compares both ends. */
    const survives = async (disturb: (stream: Viewer) => Promise<void>) => {
      const output = await stack.client.createSession({ template: 'keeps-all', command: 'bash', args: ['-c', NUMBERS] })
      const typed = Buffer.from(Array.from({ length: 400 }, (_, i) => `token-${String(i).padStart(5, '0')};`).join(''))
      const reader = `stty raw -echo; printf ready; head -c ${typed.length} | sha256sum`
      const input = await stack.client.createSession({ command: 'bash', args: ['-c', reader] })
      const stream = view(stack.client, output.id)
      const keyboard = view(stack.client, input.id)
      await keyboard.waitFor(/ready/)
      let sent = 0
      const typing = setInterval(() => {
        if (sent >= typed.length) return
        keyboard.attachment.write(typed.subarray(sent, sent + 12))
        sent += 12
      }, 40)
      try {
        await disturb(stream)
        stream.attachment.write('\n')
        const end = await stream.attachment.ended
        assert.deepEqual(end, { kind: 'ended', exitCode: 0, signal: null })
        await keyboard.waitFor(/[0-9a-f]{64}/, 60_000)
      } finally {
        clearInterval(typing)
        keyboard.attachment.detach()
      }
      assert.equal(stream.snapshots(), 0, 'the stream was continued, never replaced by a snapshot')
      assert.equal(stream.bytes().length, expected.length)
      assert.equal(sha256(stream.bytes()), sha256(expected))
      assert.match(keyboard.text(), new RegExp(sha256(typed)), 'every typed byte arrived once, in order')
      return { stream, keyboard }
    }

    test('the gateway is killed five times', async () => {
      const { stream } = await survives(async ({ states, bytes }) => {
        const isAttached = () => states.at(-1)?.kind === 'attached'
        for (let kill = 1; kill <= 5; kill++) {
          await until(`${kill} MB`, () => isAttached() && bytes().length > kill * 700_000, 60_000)
          const before = states.length
          await stack.crash('gateway')
          // Else the next one might hit a gateway that nobody is attached to yet.
          await until('that is noticed', () => states.slice(before).some(({ kind }) => kind === 'waiting'))
        }
      })
      assert.ok(stream.states.filter(({ kind }) => kind === 'waiting').length >= 5, 'the client noticed each kill')
    })

    test('the orchestrator is killed', async () => {
      await survives(async ({ bytes }) => {
        for (const enough of [500_000, 2_000_000, 3_500_000]) {
          await until(`${enough} bytes`, () => bytes().length > enough, 60_000)
          await stack.crash('orchestrator')
        }
      })
    })

    if (runtime === 'docker') {
      test('Redis is stopped for 20 s and started again', async () => {
        await survives(async ({ bytes }) => {
          await until('the first megabyte', () => bytes().length > 1_000_000, 60_000)
          await stack.compose('stop', 'redis')
          const begin = Date.now()
          await assert.rejects(stack.client.listSessions(), { code: 'STORE_UNAVAILABLE' })
          // The promise of the API is a second; the rest is for a busy machine.
          assert.ok(Date.now() - begin < 3000, 'the answer came within a second')
          await new Promise((done) => setTimeout(done, 20_000 - (Date.now() - begin)))
          await stack.compose('start', 'redis')
        })
        const again = await until('creating works again', () =>
          stack.client.createSession({ command: 'true' }).catch(() => undefined),
        )
        assert.ok(['running', 'exited'].includes(again.phase), again.phase)
      })
    }
  })
}
