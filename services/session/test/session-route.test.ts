/** The host's HTTP interface: claim, status, automation, screen, watch, stop. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import type { HostStatus, Resources, ScreenJson } from '@holdfast/protocol'
import { claimOf, eventually, grant, HOST_ID, isAlive, SESSION, shell, startHost, type TestHost } from './harness.ts'

test('an empty host says so, and that it is ready', async (t) => {
  const host = await startHost(t)
  for (const path of ['/healthz', '/readyz']) assert.equal((await host.call('GET', path, undefined, '')).status, 200)
  const { claim, hostId, protocol } = await host.status()
  assert.deepEqual({ claim, hostId, protocol }, { claim: null, hostId: HOST_ID, protocol: 'holdfast.v1' })
  const reply = await host.call('POST', '/input', { text: 'x' })
  assert.deepEqual([reply.status, reply.json().code], [503, 'SESSION_STARTING'])
})

test('a claim starts the session once; the answer keeps its environment to itself', async (t) => {
  const host = await startHost(t)
  const claim = shell('echo started; cat', { env: { SECRET: 'hush' } })
  const status = await host.claim(claim)
  assert.equal(status.claim?.session, SESSION)
  assert.equal(JSON.stringify(status).includes('hush'), false)
  const again = await host.claim(claim)
  assert.equal(again.epoch, status.epoch)
  const other = await host.call(
    'POST',
    '/claim',
    { ...claim, session: 'local-other' },
    grant({ session: 'local-other' }),
  )
  assert.deepEqual([other.status, other.json().code], [409, 'STALE'])
  const newer = await host.call('POST', '/claim', { ...claim, fence: 2 }, grant({ fence: 2 }))
  assert.deepEqual([newer.status, newer.json().code], [409, 'STALE'])
  const mixed = await host.call('POST', '/claim', claim, grant({ session: 'local-other' }))
  assert.deepEqual([mixed.status, mixed.json().code], [403, 'FORBIDDEN'])
})

test('a host can be warmed up as often as one likes, and serves its session all the same', async (t) => {
  const host = await startHost(t)
  const warm = () => host.call('POST', '/warm-up', {})
  assert.deepEqual([(await warm()).status, (await warm()).status], [200, 200])
  await host.claim(shell('echo $((6 * 7)); cat'))
  assert.equal((await warm()).status, 200)
  const { met } = (await host.call('POST', '/wait', { until: 'text', text: '42', timeoutMs: 30_000 })).json()
  assert.equal(met, true)
})

const impossible: [string, Partial<ReturnType<typeof shell>>, string][] = [
  ['a command that is not in PATH', { command: 'no-such-command' }, 'COMMAND_NOT_FOUND'],
  ['a path that does not exist', { command: '/no/such/command' }, 'COMMAND_NOT_FOUND'],
  ['a file that is not executable', { command: '/etc/passwd' }, 'COMMAND_NOT_FOUND'],
  ['a directory', { command: '/usr' }, 'COMMAND_NOT_FOUND'],
  ['a command that another PATH hides', { command: 'bash', env: { PATH: '/nowhere' } }, 'COMMAND_NOT_FOUND'],
  ['a directory that does not exist', { cwd: '/no/such/place' }, 'CWD_NOT_FOUND'],
  ['a file as directory', { cwd: '/etc/passwd' }, 'CWD_NOT_FOUND'],
]
test('what cannot be started leaves the host empty, and says why', async (t) => {
  const host = await startHost(t)
  for (const [what, more, code] of impossible) {
    const reply = await host.call('POST', '/claim', claimOf('cat', [], more))
    assert.deepEqual([reply.status, reply.json().code], [422, code], what)
  }
  assert.equal((await host.status()).claim, null)
  await host.claim(shell('cat'))
})

test('a paste comes without control characters, and in brackets where the program asks for them', async (t) => {
  const host = await startHost(t)
  const show = (count: number) => `head -c ${count} | od -An -c -w100 | tr -s ' '`
  await host.claim(
    shell(`stty raw -echo; echo plain; ${show(10)}; printf '\\033[?2004hbrack''eted\\n'; ${show(22)}`, { cols: 200 }),
  )
  const screen = async () => (await host.call('GET', '/screen')).text
  const paste = 'a\x1b[201~\x03\u009bb\r\nc\n'
  for (const [mark, seen] of [
    ['plain', String.raw`a [ 2 0 1 ~ b \r c \r`],
    ['bracketed', String.raw`033 [ 2 0 0 ~ a [ 2 0 1 ~ b \r c \r 033`],
  ] as const) {
    await eventually(mark, async () => (await screen()).includes(mark))
    assert.equal((await host.call('POST', '/input', { paste })).status, 200)
    await eventually(`what came of a paste that is ${mark}`, async () => (await screen()).includes(seen))
  }
})

test('bodies that are wrong are refused, naming the place', async (t) => {
  const host = await startHost(t)
  const claim = await host.call('POST', '/claim', { ...shell('cat'), cols: 1_000_000 })
  assert.deepEqual([claim.status, claim.json().code], [400, 'BAD_REQUEST'])
  assert.match(String(claim.json().detail), /cols/)
  await host.claim(shell('cat'))
  const wrong: [string, unknown][] = [
    ['/input', '{'],
    ['/input', {}],
    ['/input', { text: 'a', base64: 'YQ==' }],
    ['/input', { text: 'a', paste: 'b' }],
    ['/input', { base64: 'not base64!' }],
    ['/resize', { cols: 0, rows: 10 }],
    ['/resize', { cols: 80, rows: -1 }],
    ['/signal', { name: 'NOSUCH' }],
    ['/signal', { name: 'kill' }],
    ['/wait', { until: 'never' }],
    ['/wait', { until: 'text' }],
    ['/wait', { until: 'text', text: '(' }],
    ['/stop', { graceMs: -1 }],
  ]
  for (const [path, body] of wrong) {
    const reply = await host.call('POST', path, body)
    assert.deepEqual([reply.status, reply.json().code], [400, 'BAD_REQUEST'], `${path} ${JSON.stringify(body)}`)
  }
  assert.equal((await host.call('POST', '/input', { text: 'x'.repeat(5 * 1024 * 1024) })).status, 413)
  assert.equal((await host.call('GET', '/screen?format=png')).status, 400)
  assert.equal((await host.call('GET', '/screen?scrollback=-1')).status, 400)
  assert.equal((await host.call('GET', '/nothing')).status, 404)
  assert.equal((await host.call('DELETE', '/status')).status, 404)
})

test('automation: input, wait for text, idle, prompt and exit', async (t) => {
  const host = await startHost(t)
  await host.claim(claimOf('bash', ['--norc', '-i'], { env: { PS1: 'prompt> ' } }))
  const wait = async (body: object) => (await host.call('POST', '/wait', body)).json()
  assert.deepEqual(await wait({ until: 'prompt' }), { met: true })
  await host.call('POST', '/input', { text: 'echo number=$((6 * 7)); sleep 1; echo la""ter\n' })
  assert.deepEqual(await wait({ until: 'text', text: '^number=\\d+$' }), { met: true, text: 'number=42' })
  // Without marks it is a guess, by silence: longer than bash takes from one command to the next, shorter than the job.
  assert.deepEqual(await wait({ until: 'prompt', idleMs: 700 }), { met: true })
  assert.match(
    (await host.call('GET', '/screen')).text,
    /later\nprompt>\n$/,
    'not at its prompt while a job is in front',
  )
  assert.deepEqual(await wait({ until: 'idle', idleMs: 50 }), { met: true })
  assert.deepEqual(await wait({ until: 'text', text: 'never', timeoutMs: 30 }), { met: false })
  await host.call('POST', '/input', { base64: Buffer.from('exit 7\n').toString('base64') })
  const ending = { exitCode: 7, signal: null }
  assert.deepEqual(await wait({ until: 'exit' }), { met: true, ...ending })
  assert.deepEqual(await wait({ until: 'exit' }), { met: true, ...ending })
  assert.deepEqual(await wait({ until: 'text', text: 'never' }), { met: false, ...ending })
  for (const [path, body] of [
    ['/input', { text: 'x' }],
    ['/resize', { cols: 9, rows: 9 }],
  ] as const) {
    assert.equal((await host.call('POST', path, body)).json().code, 'SESSION_ENDED')
  }
})

test('the screen in every format, with the lines above it, also after the end', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('seq 1 100; printf "\\e]2;a title\\a\\e[1;31mbold <red>\\e[0m"', { rows: 10 }))
  await eventually('the end', async () => (await host.status()).exit !== null)
  const screen = (query: string) => host.call('GET', `/screen?${query}`)
  const text = await screen('format=text')
  assert.equal(text.type, 'text/plain; charset=utf-8')
  assert.equal(text.text, `${[92, 93, 94, 95, 96, 97, 98, 99, 100].join('\n')}\nbold <red>\n`)
  assert.equal((await screen('scrollback=20')).text.split('\n')[0], '72')
  assert.equal((await screen('scrollback=1000')).text.split('\n')[0], '1')
  const json = (await screen('format=json')).json() as unknown as ScreenJson
  assert.deepEqual(
    { ...json, lines: json.lines.length },
    { cols: 80, rows: 10, cursor: { x: 10, y: 9 }, title: 'a title', alternate: false, lines: 10 },
  )
  assert.ok((await screen('format=ansi')).text.includes('\x1b[31;1mbold <red>'))
  const html = await screen('format=html')
  assert.equal(html.type, 'text/html; charset=utf-8')
  assert.match(html.text, /font-weight: bold;'>bold &lt;red>/)
})

test('ansi shows the alternate screen alone, without entering it', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('echo below; printf "\\e[?1049h\\e[H\\e[?1000habove"; cat'))
  await eventually('output', async () => (await host.call('GET', '/screen')).text.includes('above'))
  assert.equal((await host.call('GET', '/screen?format=ansi')).text, 'above')
})

const watch = (host: TestHost): { lines: HostStatus[]; end: () => void } => {
  const lines: HostStatus[] = []
  const headers = { authorization: `Bearer ${grant()}` }
  const outgoing = request({ socketPath: host.address, path: '/watch', headers, agent: false }, (response) => {
    let rest = ''
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() ?? ''
      for (const line of parts) lines.push(JSON.parse(line))
    })
    response.on('error', () => {})
  })
  outgoing.on('error', () => {})
  outgoing.end()
  return { lines, end: () => outgoing.destroy() }
}

test('a watch tells the state at once and every change of it', async (t) => {
  const host = await startHost(t)
  const { lines, end } = watch(host)
  t.after(end)
  await eventually('a first line', () => lines.length === 1)
  assert.equal(lines[0]?.claim, null)
  await host.claim(shell('printf "\\e]2;hello\\a"; read; exit 6'))
  await eventually('the claim', () => lines.at(-1)?.claim?.session === SESSION)
  await eventually('the title', () => lines.at(-1)?.title === 'hello')
  const view = (await host.view()).attach({ cols: 77, rows: 7 })
  await eventually('the viewer and its size', () => lines.at(-1)?.viewers === 1 && lines.at(-1)?.cols === 77)
  view.type('\n')
  await eventually('the exit', () => lines.at(-1)?.exit?.exitCode === 6)
  await view.closed
  await eventually('the viewer gone', () => lines.at(-1)?.viewers === 0)
  assert.ok(lines.length < 15, `${lines.length} lines`)
})

test('what a session uses is told: all its processes, what they hold and what they have computed', async (t) => {
  const host = await startHost(t)
  // Grows by 64 MiB and by half a second of CPU time, in a process of its own.
  const program =
    'const b = Buffer.alloc(64 << 20, 1); while (process.cpuUsage().user < 5e5); console.log("grown"); process.stdin.once("data", () => process.exit(b.length - b.length))'
  await host.claim(shell(`echo begun; read a; ${process.execPath} -e '${program}'; true`))
  const view = (await host.view()).attach()
  await view.shows('begun')
  const resources = async () => (await host.call('GET', '/resources')).json() as unknown as Resources
  const before = await resources()
  assert.ok(before.processes >= 2 && before.memoryBytes > 0, JSON.stringify(before))
  view.type('\n')
  await view.shows('grown')
  const after = await resources()
  assert.ok(after.processes === before.processes + 1, JSON.stringify({ before, after }))
  assert.ok(after.memoryBytes - before.memoryBytes >= 64 << 20, JSON.stringify({ before, after }))
  assert.ok(after.cpuMs - before.cpuMs >= 400, JSON.stringify({ before, after }))
  view.type('\n')
  await view.gets('exit')
  const late = await host.call('GET', '/resources')
  assert.deepEqual([late.status, late.json().code], [409, 'SESSION_ENDED'])
})

test('stop ends everything: what ignores HUP and TERM, and what left the session', async (t) => {
  const host = await startHost(t)
  const script =
    'trap "" HUP TERM; setsid sh -c "trap \'\' HUP TERM; echo daemon=\\$\\$; while :; do sleep 1; done" & echo shell=$$; wait; wait'
  await host.claim(shell(script))
  const view = (await host.view()).attach()
  await view.shows(/daemon=\d+/)
  await view.shows(/shell=\d+/)
  const reply = await host.call('POST', '/stop', { graceMs: 50 })
  assert.deepEqual((reply.json() as unknown as HostStatus).exit?.signal, 'KILL')
  for (const name of ['daemon', 'shell']) {
    const pid = Number(new RegExp(`${name}=(\\d+)`).exec(view.text)?.[1])
    assert.equal(isAlive(pid), false, name)
  }
  assert.equal((await view.gets('exit')).signal, 'KILL')
  assert.equal((await host.call('POST', '/stop', {})).status, 200, 'stopping again changes nothing')
})
