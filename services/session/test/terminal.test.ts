/** The terminal as programs see it: bytes, size, signals, queries. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimOf, eventually, shell, startHost } from './harness.ts'

/** Asks the terminal with a sequence and prints the answer, visibly. */
const ask = (query: string, length: number): string =>
  `stty raw -echo; printf '${query}'; read -rN ${length} answer; stty sane; printf 'answer:%q\\n' "$answer"; cat`

const queries: [string, string, string][] = [
  ['DA1', '\\e[c', '\x1b[?1;2c'],
  ['the cursor position', '\\e[5;7H\\e[6n', '\x1b[5;7R'],
  ['a mode', '\\e[?2004h\\e[?2004$p', '\x1b[?2004;1$y'],
  ['XTVERSION', '\\e[>q', '\x1bP>|holdfast.v1\x1b\\'],
  ['the foreground colour', '\\e]10;?\\e\\\\', '\x1b]10;rgb:ffff/ffff/ffff\x1b\\'],
  ['the background colour', '\\e]11;?\\a', '\x1b]11;rgb:0000/0000/0000\x1b\\'],
  ['a palette colour', '\\e]4;1;?\\a', '\x1b]4;1;rgb:cccc/0000/0000\x1b\\'],
  ['a colour of the cube', '\\e]4;208;?\\a', '\x1b]4;208;rgb:ffff/8787/0000\x1b\\'],
]
for (const [what, query, wanted] of queries) {
  test(`a program that asks for ${what} is answered with nobody attached`, async (t) => {
    const host = await startHost(t)
    await host.claim(shell(ask(query, wanted.length)))
    let shown = ''
    await eventually('an answer', async () => {
      shown = (await host.call('GET', '/screen')).text
      return /answer:.*'$/m.test(shown)
    })
    const quoted = /answer:\$'(.*)'/.exec(shown)?.[1] ?? shown
    assert.equal(quoted.replaceAll('\\E', '\x1b').replaceAll('\\\\', '\\'), wanted)
  })
}

for (const views of [0, 1, 3]) {
  test(`queries are answered exactly once with ${views} clients attached`, async (t) => {
    const host = await startHost(t)
    // Whatever arrives until nothing has come for a while, with a query of its own behind the three asked for.
    const script = `stty raw -echo; printf ready; read -rN 1; printf '\\e[c\\e[6n\\e]11;?\\a\\e[5n'
      answer=; while [ "\${answer%0n}" = "$answer" ]; do read -rN 1 key; answer+=$key; done
      read -rN 1 -t 0.3 key && answer+=more; stty sane; printf 'answer:%q\\n' "$answer"; cat`
    await host.claim(shell(script))
    await eventually('the program', async () => (await host.call('GET', '/screen')).text.includes('ready'))
    for (let i = 0; i < views; i++) await (await host.view()).attach({ client: `c${i}` }).gets('attached')
    await host.call('POST', '/input', { text: 'x' })
    let shown = ''
    await eventually('an answer', async () => {
      shown = (await host.call('GET', '/screen')).text
      return /answer:.*'$/m.test(shown)
    })
    assert.ok(shown.includes("answer:$'\\E[?1;2c\\E[1;6R\\E]11;rgb:0000/0000/0000\\E\\\\\\E[0n'\n"), shown)
  })
}

test('a program that asks for ever and does not read is answered later, not without end', async (t) => {
  const host = await startHost(t)
  const ask =
    'my $go = 0; $SIG{USR1} = sub { $go = 1 }; my $all = "\\e[c" x 1000; syswrite STDOUT, $all for 1 .. 200; syswrite STDOUT, "asked"; sleep 1 until $go;'
  const read = `my ($n, $buf) = (0); while (1) { my $r = ''; vec($r, 0, 1) = 1;
    last unless select($r, undef, undef, 3); $n += sysread STDIN, $buf, 65536; } syswrite STDOUT, "read=$n\\n\\e[6n";
    sysread STDIN, $buf, 100; $buf =~ s/\\e/E/; print "last=$buf\\n";`
  await host.claim(claimOf('perl', ['-e', `system "stty raw -echo"; ${ask} ${read} sleep 100`]))
  const view = (await host.view()).attach()
  await view.shows('asked')
  await host.call('GET', '/screen') // all of it is parsed for that
  view.type('x'.repeat(200_000))
  view.send({ type: 'signal', name: 'USR1' })
  await view.shows(/last=.*R/)
  const count = Number(/read=(\d+)/.exec(view.text)?.[1])
  // 64 KiB of answers, what the terminal's driver holds itself, and all of the input behind them.
  assert.ok(count > 200_000 + 60_000 && count < 200_000 + 64 * 1024 + 70_000, `${count} bytes`)
})

test('the erase key takes whole characters: IUTF8 is on', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty -a; cat'))
  const view = (await host.view()).attach()
  await view.shows(/ iutf8/)
  assert.doesNotMatch(view.text, /-iutf8/)
})

test('bytes that are no UTF-8 pass unchanged both ways', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty raw -echo; printf ready; head -c 256'))
  const view = (await host.view()).attach()
  await view.shows('ready')
  const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  view.type(every)
  await view.gets('exit')
  assert.deepEqual(view.output.subarray(5), every)
})

test('size: set before the start, and followed', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('trap "stty size" WINCH; stty size; while :; do read -t 1; done', { cols: 97, rows: 13 }))
  await eventually('the first size', async () => (await host.call('GET', '/screen')).text.includes('13 97'))
  assert.equal((await host.call('POST', '/resize', { cols: 98, rows: 14 })).status, 200)
  await eventually('the second size', async () => (await host.call('GET', '/screen')).text.includes('14 98'))
  const { cols, rows } = await host.status()
  assert.deepEqual({ cols, rows }, { cols: 98, rows: 14 })
})

test('INT goes to the foreground job of an interactive shell, not to the shell', async (t) => {
  const host = await startHost(t)
  await host.claim(claimOf('bash', ['--norc', '-i'], { env: { PS1: '$ ' } }))
  const view = (await host.view()).attach()
  await view.shows('$ ')
  view.type(`bash -c 'trap "exit 42" INT; echo star""ted; while :; do read -t 1; done'; echo status=$?\n`)
  await view.shows('started')
  view.send({ type: 'signal', name: 'INT' })
  await view.shows('status=42')
  view.type('exit 9\n')
  assert.equal((await view.gets('exit')).exitCode, 9)
})

test('a signal right after the start reaches the command, and a signal to nobody is no disaster', async (t) => {
  const host = await startHost(t)
  await host.claim(claimOf('sleep', ['1000']))
  assert.equal((await host.call('POST', '/signal', { name: 'TERM' })).status, 200)
  await eventually('the end', async () => (await host.status()).exit?.signal === 'TERM')
  assert.equal((await host.call('POST', '/signal', { name: 'TERM' })).status, 409)
})

test('the command inherits nothing of ours, and gets a terminal it can name', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('env; echo done', { env: { COLOR: 'x', LANG: 'C' }, cwd: '/usr' }))
  const view = (await host.view()).attach()
  await view.gets('exit')
  const env = Object.fromEntries(view.text.split('\r\n').map((line) => line.split('=', 2)))
  assert.doesNotMatch(view.text, /HOLDFAST/)
  const { TERM, COLORTERM, LANG, COLOR, PWD } = env
  assert.deepEqual(
    { TERM, COLORTERM, LANG, COLOR, PWD },
    { TERM: 'xterm-256color', COLORTERM: 'truecolor', LANG: 'C', COLOR: 'x', PWD: '/usr' },
  )
})

test('children may be killed before the host when memory is short, and hold no descriptor of it', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat /proc/self/oom_score_adj; ls /proc/self/fd | wc -l'))
  const view = (await host.view()).attach()
  await view.gets('exit')
  // 0, 1, 2 and the directory that ls reads.
  assert.equal(view.text, '500\r\n4\r\n')
})

test('the nonce of the ending cannot be read from the process list', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('tr "\\0" " " </proc/$PPID/cmdline'))
  const view = (await host.view()).attach()
  await view.gets('exit')
  assert.match(view.text, /hold x{20} /)
})
