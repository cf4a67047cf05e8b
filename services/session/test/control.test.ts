/** Who controls a session, which size it has, and what only the controller may say: windows, focus, colours. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Claim, HostMessage } from '@holdfast/protocol'
import { eventually, shell, startHost, type TestHost, type View } from './harness.ts'

const sizeOf = async (host: TestHost): Promise<string> => {
  const { cols, rows } = await host.status()
  return `${cols}x${rows}`
}
const becomes = (host: TestHost, size: string) => eventually(`size ${size}`, async () => (await sizeOf(host)) === size)

/** Tells the host something that has an answer: whatever was sent before has been taken then. */
const settled = async (view: View): Promise<void> => {
  const id = `after ${view.messages.length}`
  view.send({ type: 'ping', id })
  await eventually('a pong', () => view.messages.some((message) => message.type === 'pong' && message.id === id))
}

const leave = async (view: View): Promise<void> => {
  view.socket.close()
  await view.closed
}

const start = async (t: TestContext, more: Partial<Claim> = {}, script = 'stty -echo; echo ready; cat') => {
  const host = await startHost(t)
  await host.claim(shell(script, more))
  const join = async (client: string, cols?: number, rows?: number, mode: 'rw' | 'ro' = 'rw'): Promise<View> => {
    const view = (await host.view({ mode })).attach({ client, cols, rows })
    await view.shows('ready')
    return view
  }
  return { host, join }
}

test('latest: the latest claimant controls, by take and release, and everyone is told', async (t) => {
  const { host, join } = await start(t)
  const first = await join('first', 100, 30)
  const second = await join('second', 60, 20)
  assert.equal(first.find('attached')?.controller, 'first')
  assert.equal(second.find('attached')?.controller, 'second')
  await becomes(host, '60x20')
  const told = (who: string | null) => eventually(`control of ${who}`, () => first.find('control')?.controller === who)
  await told('second')
  first.send({ type: 'control', action: 'take' })
  await told('first')
  await eventually('the other one to know', () => second.find('control')?.controller === 'first')
  await becomes(host, '100x30')
  first.send({ type: 'control', action: 'release' })
  await told('second')
  await becomes(host, '60x20')
  second.send({ type: 'control', action: 'release' })
  await told(null)
  assert.equal(await sizeOf(host), '60x20', 'with nobody in control the last size stays')
})

test('latest: only the window of the controller counts, and a new size of another one is no claim', async (t) => {
  const { host, join } = await start(t)
  const idle = await join('idle', 100, 30)
  const busy = await join('busy', 60, 20)
  await becomes(host, '60x20')
  idle.send({ type: 'resize', cols: 101, rows: 31 })
  await settled(idle)
  busy.send({ type: 'resize', cols: 61, rows: 21 })
  await becomes(host, '61x21')
  assert.equal(idle.find('control')?.controller, 'busy')
  await leave(busy)
  await becomes(host, '101x31')
  await eventually('control', () => idle.find('control')?.controller === 'idle')
})

test('control goes to the latest of the remaining claimants, never to a view that only looks', async (t) => {
  const { host, join } = await start(t)
  const looker = await join('looker', 10, 5, 'ro')
  assert.equal(looker.find('attached')?.controller, null)
  const views = [await join('a', 70, 17), await join('b', 71, 18), await join('c', 72, 19)]
  views[0]?.send({ type: 'control', action: 'take' })
  for (const [who, size] of [
    ['a', '70x17'],
    ['c', '72x19'],
    ['b', '71x18'],
  ] as const) {
    await eventually(`control of ${who}`, () => looker.find('control')?.controller === who)
    await becomes(host, size)
    await leave(views['abc'.indexOf(who)] as View)
  }
  await eventually('nobody in control', () => looker.find('control')?.controller === null)
  assert.equal(await sizeOf(host), '71x18', 'the last size stays')
})

test('smallest: the least columns and the least rows of all that may type', async (t) => {
  const { host, join } = await start(t, { sizePolicy: 'smallest' })
  const wide = await join('wide', 120, 20)
  await becomes(host, '120x20')
  const tall = await join('tall', 90, 50)
  await becomes(host, '90x20')
  await join('looker', 10, 5, 'ro')
  const silent = await join('silent')
  wide.send({ type: 'control', action: 'take' })
  await settled(wide)
  assert.equal(await sizeOf(host), '90x20')
  tall.send({ type: 'resize', cols: 130, rows: 15 })
  await becomes(host, '120x15')
  await leave(tall)
  await becomes(host, '120x20')
  await leave(wide)
  await settled(silent)
  assert.equal(await sizeOf(host), '120x20', 'who told no size does not count')
})

test('fixed: no window changes the size, the API does', async (t) => {
  const { host, join } = await start(t, { sizePolicy: 'fixed', cols: 77, rows: 22 })
  const view = await join('one', 120, 20)
  assert.deepEqual([view.find('attached')?.cols, view.find('attached')?.rows], [77, 22])
  view.send({ type: 'resize', cols: 10, rows: 10 })
  view.send({ type: 'control', action: 'take' })
  await settled(view)
  assert.equal(await sizeOf(host), '77x22')
  await host.call('POST', '/resize', { cols: 78, rows: 23 })
  await becomes(host, '78x23')
})

test('a change of size is told with the offset at which it took effect', async (t) => {
  const { host, join } = await start(t)
  const view = await join('one', 80, 24)
  view.send({ type: 'resize', cols: 61, rows: 21 })
  const { offset } = await view.gets('resized')
  assert.equal(offset, (await host.status()).offset)
})

test('of ten thousand sizes a program is told a few, the last one among them', async (t) => {
  const counter = `
    $count = 0; $SIG{WINCH} = sub { $count++ };
    syswrite STDOUT, "ready\\n";
    while (1) { my $r = sysread(STDIN, my $line, 100); next if !defined $r; print "winch=$count ", \`stty size </dev/tty\`; $| = 1; }`
  const host = await startHost(t)
  await host.claim({ ...shell(''), command: 'perl', args: ['-e', counter] })
  const view = (await host.view()).attach()
  await view.shows('ready')
  const begun = Date.now()
  for (let i = 0; i < 10_000; i++) view.send({ type: 'resize', cols: 50 + (i % 100), rows: 10 + (i % 30) })
  view.send({ type: 'resize', cols: 123, rows: 45 })
  await becomes(host, '123x45')
  view.type('\n')
  await view.shows('45 123')
  const count = Number(/winch=(\d+)/.exec(view.text)?.[1])
  // One each 75 ms, for as long as it takes to receive them all.
  assert.ok(count >= 1 && count < Math.max(60, (Date.now() - begun) / 75), `${count} signals`)
  const sizes = view.messages.filter((message: HostMessage) => message.type === 'resized').length
  view.send({ type: 'resize', cols: 123, rows: 45 })
  await settled(view)
  view.type('\n')
  await eventually('a second answer', () => view.text.split('winch=').length === 3)
  assert.deepEqual(view.text.match(/winch=(\d+)/g), [`winch=${count}`, `winch=${count}`], 'the same size is no change')
  assert.equal(view.messages.filter((message) => message.type === 'resized').length, sizes)
})

test('focus is reported by the controller alone; what others say of theirs is accepted and dropped', async (t) => {
  const { join } = await start(t, {}, 'stty raw -echo; printf "\\e[?1004hready"; cat -v')
  const other = await join('other')
  const controller = await join('controller')
  other.type('\x1b[I')
  other.type('<\x1b[O\x1b[I>')
  await eventually('all of it accepted', () => other.find('input-ack')?.offset === 11)
  controller.type('\x1b[I!')
  await controller.shows('!')
  assert.equal(controller.text.slice(controller.text.indexOf('ready')), 'ready<>^[[I!')
})

test('focus: plain-bytes clients are held to the same, and a hand-over reports nothing', async (t) => {
  const { host, join } = await start(t, {}, 'stty raw -echo; printf "\\e[?1004hready"; cat -v')
  const raw = await host.view({}, ['raw'])
  await raw.shows('ready')
  const controller = await join('controller')
  raw.type('\x1b[Ia')
  await controller.shows('a')
  await leave(controller)
  await eventually('the hand-over', async () => (await host.status()).viewers === 1)
  raw.type('\x1b[Ib')
  await raw.shows('b')
  assert.match(raw.text, /ready[^^]*a\^\[\[Ib$/)
})

test('programs that ask for colours are told those of the controller', async (t) => {
  const ask = `stty raw -echo; printf ready; while read -rN 1; do
    printf '\\e]10;?\\a\\e]11;?\\a\\e]12;?\\a\\e]4;1;?\\a\\e]4;2;?\\a'; done`
  const { join } = await start(
    t,
    {},
    `${ask.replace('while read -rN 1; do', 'while read -rN 1 key; do [ "$key" = "?" ] || { printf %q. "$key"; continue; };')}`,
  )
  const dark = await join('dark')
  dark.send({
    type: 'colors',
    foreground: '#eeeeee',
    background: '#101112',
    cursor: '#00ff00',
    palette: ['#000000', '#aa0000'],
  })
  const answer = async (view: View): Promise<string> => {
    const from = view.text.length
    view.type('?')
    await eventually('five answers', () => view.text.slice(from).replaceAll("$'\\E'", '').split('\\\\.').length > 5)
    return view.text.slice(from)
  }
  const colors = (text: string) => [...text.replaceAll('.', '').matchAll(/rgb:([0-9a-f/]+)/g)].map(([, color]) => color)
  assert.deepEqual(colors(await answer(dark)), [
    'eeee/eeee/eeee',
    '1010/1111/1212',
    '0000/ffff/0000',
    'aaaa/0000/0000',
    '4e4e/9a9a/0606',
  ])
  const light = await join('light')
  light.send({ type: 'colors', background: '#ffffff' })
  await settled(light)
  assert.equal(colors(await answer(light))[1], 'ffff/ffff/ffff')
  await leave(light)
  await eventually('the hand-over', () => dark.find('control')?.controller === 'dark')
  assert.equal(colors(await answer(dark))[1], '1010/1111/1212')
})
