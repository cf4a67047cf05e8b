/** Thousands of cuts on both hops, client to gateway and gateway to host: every byte arrives once, both ways. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Attachment, type LinkState } from '@holdfast/client'
import { FaultProxy, seeded } from '@holdfast/client/fault-proxy'
import { type AttachedMessage, SUBPROTOCOL } from '@holdfast/protocol'
import { Backoff } from '../../client/src/backoff.ts'
import { defaultSocket } from '../../client/src/node-socket.ts'
import { type HostProcess, Line } from './support/line.ts'

const SESSIONS = 6
/** On both hops of all sessions together. */
const CUTS = 3_000
const REPEATS = 12
const WEATHER = { upBytes: 4_000, downBytes: 12_000 }

/** Reads all input in raw mode and answers each line with numbered ones; ends with 7 after the line `end`. */
const PROGRAM: [command: string, args: string[]] = [
  'perl',
  [
    '-e',
    `system "stty raw -echo"; syswrite STDOUT, "ready\\n";
     while (sysread STDIN, $in, 65536, length $in) {
       while ($in =~ s/^(.*?)\\n//) { $n++; syswrite STDOUT, "$n.$_ $1\\n" for 1..${REPEATS}; exit 7 if $1 eq "end" }
     }`,
  ],
]

const answerTo = (typed: string): string => {
  const lines = typed.split('\n').slice(0, -1)
  return `ready\n${lines.flatMap((line, n) => Array.from({ length: REPEATS }, (_, k) => `${n + 1}.${k + 1} ${line}\n`)).join('')}`
}

/** One client under the weather: types lines, and keeps what each epoch printed. */
class Typist {
  readonly states: LinkState['kind'][] = []
  readonly begun: AttachedMessage[] = []
  /** Output of the present epoch, and what was typed into it. */
  output = ''
  typed = ''
  readonly attachment: Attachment
  readonly #random: (below: number) => number

  constructor(port: number, host: HostProcess, key: string, seed: number) {
    this.#random = seeded(seed)
    const url = `ws://127.0.0.1:${port}/v1/sessions/${host.session}/attach`
    const dial = async () => defaultSocket(url, [SUBPROTOCOL], { authorization: `Bearer ${key}` })
    const options = {
      onOutput: (bytes: Uint8Array, parsed: () => void) => {
        this.output += Buffer.from(bytes).toString('latin1')
        parsed()
      },
      onSnapshot: () => assert.fail('the replay buffer held all of it'),
      onState: ({ kind }: LinkState) => this.states.push(kind),
      onMessage: (message: { type: string }) => {
        if (message.type === 'attached') this.#begin(message as AttachedMessage)
      },
    }
    this.attachment = new Attachment(dial, options, new Backoff(() => 0.001))
  }

  /** A new host has taken nothing yet, so it gets what the old one did not confirm. */
  #begin(message: AttachedMessage): void {
    if (message.epoch !== this.begun.at(-1)?.epoch) {
      this.output = ''
      this.typed = this.typed.slice(this.typed.length - this.attachment.unacknowledged)
    }
    this.begun.push(message)
  }

  /** Types as long as the answers come: a backlog would let every cut hit the same large piece. */
  async typeUntil(enough: () => boolean): Promise<void> {
    for (let n = 0; !enough(); n++) {
      if (this.attachment.unacknowledged < 600) this.type(`${n} ${'x'.repeat(this.#random(60))}`)
      else await delay(1)
    }
  }

  type(line: string): void {
    this.typed += `${line}\n`
    this.attachment.write(`${line}\n`)
  }
}

describe('cuts on every hop', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9)
  const proxies: FaultProxy[] = []
  let line: Line
  let front: FaultProxy
  before(async () => {
    line = await Line.start()
    front = await FaultProxy.start({ host: '127.0.0.1', port: line.port }, { seed, weather: WEATHER })
    proxies.push(front)
  })
  after(async () => {
    await Promise.all(proxies.map((proxy) => proxy.stop()))
    await line.stop()
  })

  /** Every second host is dialled over TCP: there a reset is a real one. */
  const behindProxy = async ({ path }: HostProcess): Promise<string> => {
    const own = proxies.length % 2 === 0 ? {} : { path: `${path}.proxy` }
    const proxy = await FaultProxy.start({ path }, { seed: seed + 1e6 * proxies.length, weather: WEATHER, ...own })
    proxies.push(proxy)
    return own.path === undefined ? `tcp:127.0.0.1:${proxy.port}` : `unix:${own.path}`
  }
  const cuts = (): number => proxies.reduce((sum, { total }) => sum + total, 0)
  const summary = (): string => proxies.map(({ cuts: counts }) => [...counts.values()].join('+')).join(' ')

  test(`${CUTS} cuts: output and input arrive once, and the exit code at the end`, async (t) => {
    t.diagnostic(`seed ${seed}`)
    const replayBytes = 64 * 1024 * 1024
    const hosts = await Promise.all(
      Array.from({ length: SESSIONS }, () => line.session(...PROGRAM, { replayBytes }, behindProxy)),
    )
    const typists = hosts.map((host, n) => new Typist(front.port, host, line.key, seed + n))
    await Promise.all(typists.map((typist) => typist.typeUntil(() => cuts() >= CUTS)))
    for (const typist of typists) typist.type('end')
    for (const typist of typists) {
      assert.deepEqual(await typist.attachment.ended, { kind: 'ended', exitCode: 7, signal: null })
      assert.ok(typist.output === answerTo(typist.typed), 'the output differs')
    }
    t.diagnostic(`cuts ${cuts()}: ${summary()}; connections ${typists.map(({ begun }) => begun.length)}`)
    assert.ok(typists.every(({ begun }) => new Set(begun.map(({ epoch }) => epoch)).size === 1))
  })

  test('a new host for the session: a new epoch is told, its output is whole, and its input is what nobody confirmed', async () => {
    const replayBytes = 64 * 1024 * 1024
    const place = (fence: number, session?: string) =>
      line.session(...PROGRAM, { replayBytes, fence, ...(session === undefined ? {} : { session }) }, behindProxy)
    const old = await place(1)
    const typist = new Typist(front.port, old, line.key, seed)
    await typist.typeUntil(() => typist.begun.length >= 20)
    await old.kill()
    const before = cuts()
    const typing = typist.typeUntil(
      () => typist.begun.at(-1)?.epoch !== typist.begun[0]?.epoch && cuts() > before + 200,
    )
    await place(2, old.session)
    await typing
    typist.type('end')
    assert.deepEqual(await typist.attachment.ended, { kind: 'ended', exitCode: 7, signal: null })
    assert.ok(typist.output === answerTo(typist.typed), 'the output differs')
    const epochs = [...new Set(typist.begun.map(({ epoch }) => epoch))]
    assert.equal(epochs.length, 2)
    const first = typist.begun.find(({ epoch }) => epoch === epochs[1])
    assert.deepEqual([first?.resume, first?.offset, first?.inputOffset], ['fresh', 0, 0])
  })
})
