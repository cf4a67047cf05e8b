/** Viewers that do not keep up: they cost neither the command, nor another viewer, nor memory, and end on the same screen. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type Pace, PacedViewer } from './support/paced-viewer.ts'
import { type Stack, startStack } from './support/stack.ts'

const SECONDS = 60
/** Growth of these processes before this is warm-up: code, buffers, the windows of the stalled viewers. */
const WARM_UP_SECONDS = 15
const MAX_GROWTH_MB = 64
/** Within so many seconds there is more output: a busy machine leaves everybody waiting for a moment, also at the beginning and the end. */
const PAUSE_SECONDS = 5
/** A line of no round length, so that a gap in the stream moves everything behind it. */
const LINE = Array.from({ length: 997 }, (_, i) => String.fromCharCode(48 + ((i * i) % 73))).join('')
const PERIOD = Buffer.from(`${LINE}\r\n`)
const PATTERN = Buffer.concat(Array.from({ length: 200 }, () => PERIOD))
const END = 'that was all'
/** A viewer may be behind by four times this, two seconds of a flood: one that the machine leaves waiting for a moment is no slow one. */
const limits = { replayBytes: 32 * 1024 * 1024 }
const STALLED: readonly Pace[] = ['deaf', 'deaf', 'silent']
const SLOW: Pace = 10_000

const rssMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** The process of a session's host: sessions inherit nothing of its environment. */
const hostPid = (id: string): number => {
  const isHost = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`HOLDFAST_HOST_ID=${id}-`)
    } catch {
      return false
    }
  }
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isHost(name))
  assert.ok(pid !== undefined, 'the session host runs')
  return Number(pid)
}

/** What is kept of a stream that is not the pattern any more. */
const MAX_TAIL = 10_000

/** Counts output as long as it is the pattern; what comes from the first other byte on is the tail. */
const checker = () => {
  const state = { length: 0, tail: '' }
  const take = (bytes: Uint8Array): void => {
    let done = 0
    while (done < bytes.length && state.tail === '') {
      const at = state.length % PERIOD.length
      const part = bytes.subarray(done, done + PATTERN.length - at)
      const wanted = PATTERN.subarray(at, at + part.length)
      const same = wanted.equals(part) ? part.length : part.findIndex((byte, i) => byte !== wanted[i])
      state.length += same
      done += same
      if (same < part.length) break
    }
    if (state.tail.length < MAX_TAIL) state.tail += Buffer.from(bytes.subarray(done)).toString()
  }
  return { state, take }
}

interface Sample {
  host: number
  gateway: number
  length: number
}

const growth = (samples: readonly Sample[], name: 'host' | 'gateway'): number => {
  const warm = samples.slice(WARM_UP_SECONDS).map((sample) => sample[name])
  return Math.max(...warm) - (warm[0] ?? 0)
}

describe('process: viewers that do not keep up', () => {
  let stack: Stack
  before(async () => {
    stack = await startStack('process')
  })
  after(() => stack.destroy())

  /** Attaches as the fast viewer, starts the command, samples until it has ended. */
  const watchToEnd = async (id: string) => {
    const { state, take } = checker()
    let begun = false
    let snapshots = 0
    const fast = stack.client.attach(id, {
      onOutput: (bytes, parsed) => {
        // The echo of the newline that starts it.
        take(begun ? bytes : bytes.subarray(2))
        begun = true
        parsed()
      },
      onSnapshot: (_bytes, _size, parsed) => {
        snapshots++
        parsed()
      },
    })
    fast.write('\n')
    const gateway = Number(readFileSync(join(stack.data, 'process/run/gateway.pid'), 'utf8').split(' ')[0])
    const host = hostPid(id)
    const samples: Sample[] = []
    const sample = () => samples.push({ host: rssMb(host), gateway: rssMb(gateway), length: state.length })
    const timer = setInterval(sample, 1_000)
    const end = await fast.ended.finally(() => {
      clearInterval(timer)
      fast.detach()
    })
    return { state, end, snapshots, samples, offset: fast.offset }
  }

  const attach = async (t: TestContext, id: string, pace: Pace, i: number) => {
    const viewer = await PacedViewer.attach(stack.url, stack.key, id, `late-${i}`, pace)
    t.after(() => viewer.close())
    return viewer
  }

  test(`yes for ${SECONDS} s with three stalled viewers and a slow one: memory stays flat, a fast one gets every byte`, async (t) => {
    const script = `read; timeout ${SECONDS} yes '${LINE}'; printf '${END}\\n'`
    const { id } = await stack.client.createSession({
      limits,
      command: 'bash',
      args: ['-c', script],
      cols: 80,
      rows: 24,
    })
    const late = await Promise.all([...STALLED, SLOW].map((pace, i) => attach(t, id, pace, i)))
    const { state, end, snapshots, samples, offset } = await watchToEnd(id)
    t.diagnostic(
      `${(offset / 1e6 / SECONDS).toFixed(1)} MB/s; MB every 10 s: ${JSON.stringify(samples.filter((_, i) => i % 10 === 9))}`,
    )
    assert.deepEqual(end, { kind: 'ended', exitCode: 0, signal: null })
    assert.equal(snapshots, 0, 'the fast one was never skipped')
    // TERM may cut the last line anywhere.
    assert.equal(state.tail, `${END}\r\n`, `the stream differs at ${state.length}`)
    assert.ok(
      samples.every(({ length }, i) => i < PAUSE_SECONDS || length > (samples[i - PAUSE_SECONDS]?.length ?? 0)),
      'it never stood still',
    )
    for (const name of ['host', 'gateway'] as const) {
      assert.ok(
        growth(samples, name) < MAX_GROWTH_MB,
        `${name}: ${samples.map((sample) => Math.round(sample[name]))} MB`,
      )
    }
    const screen = await stack.client.screen(id, 'text')
    assert.match(screen.replaceAll('\n', ''), new RegExp(END)) // wherever the cut line leaves it, over two rows maybe
    for (const viewer of late) viewer.wake()
    for (const viewer of late) {
      assert.equal((await viewer.ended).offset, offset)
      assert.ok(viewer.snapshots >= 1, 'it was skipped ahead')
      assert.equal(await viewer.screen(), screen)
    }
  })
})
