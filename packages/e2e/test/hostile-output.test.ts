/** What a program may print to break a terminal, through the whole path: the host stays small, and its session usable. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { SUBPROTOCOL } from '@holdfast/protocol'
import { Attachment } from '../../client/src/attachment.ts'
import { defaultSocket } from '../../client/src/node-socket.ts'
import { eventually, type HostProcess, Line, residentMib } from './support/line.ts'

/** The screen with its scrollback, the replay buffer, and V8's slack under load. */
const MAX_GROWTH_MIB = 150

/** Perl programs: what they print goes through the terminal as it is. */
const hostile: Record<string, string> = {
  'huge and countless CSI parameters': `for $f (split //, "ABCDEFGHJKLMPSTXZ\`abdefghlmnqrst") {
     print "\\e[999999999$f", "\\e[4294967296;18446744073709551616$f", "\\e[", "9;" x 50000, $f }`,
  'a million columns and lines': `print "\\e[1000000;1000000HX\\e[1000000CX\\e[1000000BX\\e[1000000@\\e[1000000L\\e[1000000b" for 1..500`,
  'an OSC of 100 MB': `print "\\e]0;"; print "x" x 1e6 for 1..100; print "\\a"`,
  'an OSC that never ends, then text': `print "\\e]52;c;"; print "QUJD" x 250000 for 1..20; print "\\e\\\\"`,
  'a DCS of 20 MB': `print "\\eP1;2;3q"; print "#0;2;0;0;0~~\\$-" x 80000 for 1..20; print "\\e\\\\"`,
  'escapes inside escapes': `print "\\e[\\e]\\eP\\e_\\e^\\eX" x 200000, "\\e\\\\"`,
  'a hundred thousand accents on one letter': `binmode STDOUT, ":utf8"; print "a", "\\x{301}" x 100000, "\\n" for 1..5`,
  'direction overrides, joiners and wide characters': `binmode STDOUT, ":utf8"; print "\\x{202e}\\x{200d}\\x{1f468}\\x{fe0f}\\x{20e3}" x 100000`,
  'bytes that are no UTF-8, and NULs': `print "\\xff\\xfe\\xc0\\x80\\xed\\xa0\\x80\\xf8\\x88\\x80\\x80\\x80\\0" x 200000`,
  'every title, mode, margin and screen switch in turn': `for (1..20000) {
     print "\\e]0;$_\\a\\e[?1049h\\e[?1049l\\e[$_;1r\\e[?\${_}h\\e[?\${_}l\\e7\\e8\\e[22t\\eH" }`,
  'queries without end': `system "stty raw -echo"; print "\\e[c\\e[6n\\e[>q\\e]11;?\\a\\e[?1\\$p" for 1..20000; system "stty sane"`,
}

describe('hostile output', () => {
  let line: Line
  let host: HostProcess
  let view: Attachment
  let tail = ''
  /** What the shell says of itself; answers that are echoed after it may be long. */
  const said = new Set<string>()
  before(async () => {
    line = await Line.start()
    host = await line.session('sh', [])
    const url = `ws://127.0.0.1:${line.port}/v1/sessions/${host.session}/attach`
    const dial = async () => defaultSocket(url, [SUBPROTOCOL], { authorization: `Bearer ${line.key}` })
    view = new Attachment(dial, {
      cols: 80,
      rows: 24,
      onOutput: (bytes, parsed) => {
        tail = (tail + Buffer.from(bytes).toString('latin1')).slice(-bytes.length - 'done-1000000'.length)
        for (const [word] of tail.matchAll(/(?:sum|done)-\d{7}/g)) said.add(word)
        parsed()
      },
    })
  })
  after(async () => {
    view.detach()
    await line.stop()
  })

  let mark = 1_000_000
  /** The shell answers, and a fresh screen shows it; again while answers to the queries of before still come in between. */
  const isUsable = (): Promise<void> =>
    eventually('the screen shows what the shell answers', async () => {
      const sum = `sum-${++mark}`
      view.write(`\x03\x15\nstty sane; printf '\\033c'; echo sum-$((${mark} + 0))\n`)
      await eventually('the shell answers', () => said.has(sum))
      return (await host.call('GET', '/screen?format=text')).includes(sum)
    })

  for (const [what, program] of Object.entries(hostile)) {
    test(`${what}: the host stays small and goes on`, async (t) => {
      await isUsable()
      const before = residentMib(host.pid)
      let peak = 0
      const watch = setInterval(() => {
        peak = Math.max(peak, residentMib(host.pid) - before)
      }, 20)
      try {
        const done = `done-${mark}`
        view.write(`perl -e '${program.replaceAll('\n', ' ')}'; printf '\\033\\\\\\033c%s\\n' don''e-${mark}\n`)
        await eventually('it is all printed', () => said.has(done), 180)
        await isUsable()
      } finally {
        clearInterval(watch)
      }
      t.diagnostic(`peak growth ${peak.toFixed(1)} MiB`)
      assert.ok(peak < MAX_GROWTH_MIB, `the host grew by ${peak} MiB`)
    })
  }
})
