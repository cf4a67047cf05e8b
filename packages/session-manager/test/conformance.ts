/** What a session manager promises in every mode, as sentences; run against each mode on the real thing. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { CreateSession, ScreenJson, Session } from '@holdfast/protocol'
import type { ManagedSession, SessionManager, SessionStream } from '../src/index.ts'

export interface Harness {
  /** Another instance on the same sessions, as after a restart of the program. */
  make(): SessionManager
  skip: string | false
}

const SECONDS = 30

const until = async <T>(
  what: string,
  look: () => Promise<T | false | undefined> | T | false | undefined,
): Promise<T> => {
  for (const end = Date.now() + SECONDS * 1000; Date.now() < end; await delay(20)) {
    const found = await look()
    if (found !== false && found !== undefined) return found
  }
  throw new Error(`not within ${SECONDS} s: ${what}`)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const withoutEscapes = (text: string): string => text.replace(/\x1b\[[0-9;?]*[a-zA-Z]|\x1b[^[]/g, '')

/** Collects what a stream says. */
const listen = (stream: SessionStream) => {
  const heard = {
    bytes: Buffer.alloc(0),
    attached: false,
    exit: null as { exitCode: number | null; signal: string | null } | null,
  }
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('message', (message) => {
    if (message.type === 'attached') heard.attached = true
  })
  stream.on('exit', (exit) => {
    heard.exit = exit
  })
  const all = (): Buffer => {
    heard.bytes = Buffer.concat([heard.bytes, ...chunks.splice(0)])
    return heard.bytes
  }
  return { heard, all, says: (text: string) => until(`output with ${text}`, () => all().includes(text)) }
}

export const managerConformance = (mode: string, { make, skip }: Harness): void => {
  const check = (
    title: string,
    body: (manager: SessionManager, create: Create, stopped: AbortSignal) => Promise<void>,
  ): void => {
    test(`${mode}: ${title}`, { skip, timeout: 120_000 }, async () => {
      const manager = make()
      const made: ManagedSession[] = []
      const create: Create = async (body, options) => {
        const session = await manager.create(body, options)
        made.push(session)
        return session
      }
      const stop = new AbortController()
      try {
        await body(manager, create, stop.signal)
      } finally {
        stop.abort()
        await Promise.all(made.map((session) => session.kill().catch(() => {})))
      }
    })
  }
  type Create = (body?: CreateSession, options?: { idempotencyKey?: string }) => Promise<ManagedSession>
  const shell = (script: string, more: CreateSession = {}): CreateSession => ({
    command: 'bash',
    args: ['-c', script],
    ...more,
  })
  const bash: CreateSession = { command: 'bash', args: ['--norc', '--noprofile'] }

  check('a session runs what was asked for: command, arguments, directory, environment and size', async (_, create) => {
    const cwd = realpathSync(tmpdir())
    const script = 'stty size; pwd; printf "%s|" "$@" "$WORD"; echo; exec cat'
    const args = ['-c', script, 'name', 'two words', '"$x`', '']
    const session = await create({ command: 'bash', args, cwd, env: { WORD: "it's #{set}" }, cols: 97, rows: 31 })
    assert.equal(session.info.phase, 'running')
    const { met } = await session.wait({ until: 'text', text: /\|it's #\{set\}\|/ })
    assert.ok(met, await session.screen())
    const lines = (await session.screen()).split('\n')
    assert.deepEqual(lines.slice(0, 3), ['31 97', cwd, `two words|"$x\`||it's #{set}|`])
  })

  check('another instance finds a session by id, name and label, as it is', async (_, create) => {
    const name = `odd: a.b:c #{x} "q" ü ${process.pid}`
    const labels = { team: 'a b', 'app/x': `${process.pid}=1` }
    const session = await create(shell('exec cat', { name, labels }))
    const other = make()
    for (const found of [await other.get(session.id), await other.get(name)]) {
      assert.equal(found.id, session.id)
      assert.deepEqual([found.info.name, found.info.labels], [name, labels])
      assert.deepEqual([found.info.command, found.info.args], ['bash', ['-c', 'exec cat']])
    }
    const ids = async (filter: Parameters<SessionManager['list']>[0]) => (await other.list(filter)).map(({ id }) => id)
    assert.deepEqual(await ids({ labels }), [session.id])
    assert.deepEqual(await ids({ labels: { ...labels, team: 'other' } }), [])
    assert.deepEqual(await ids({ name, phase: 'running' }), [session.id])
    assert.deepEqual(await ids({ name, phase: 'exited' }), [])
  })

  check(
    'a stream shows what is there, then what comes, and takes what is typed; several see the same',
    async (_, create) => {
      const session = await create({ ...bash, env: { PS1: '$ ' } })
      await session.input('echo first-$((1 + 1))\r')
      await session.wait({ until: 'text', text: 'first-2' })
      const streams = [
        session.attach({ cols: 80, rows: 24 }),
        make()
          .get(session.id)
          .then((found) => found.attach({ mode: 'ro' })),
      ]
      const [one, two] = await Promise.all(streams)
      if (one === undefined || two === undefined) throw new Error('two streams')
      const heard = [listen(one), listen(two)]
      for (const { says } of heard) await says('first-2')
      one.write('echo second-$((2 + 2))\r')
      for (const { says } of heard) await says('second-4')
      one.destroy()
      two.destroy()
    },
  )

  check('a stream ends with the command: all output, then the exit', async (_, create) => {
    const session = await create(shell('read -r; seq 1 5000; sleep 2; exit 7'))
    const stream = session.attach()
    const { heard, all } = listen(stream)
    stream.write('\r')
    await until('the end', () => stream.readableEnded)
    assert.deepEqual(heard.exit, { exitCode: 7, signal: null })
    const numbers = Array.from(withoutEscapes(all().toString()).matchAll(/^(\d+)\r?$/gm), ([, number]) =>
      Number(number),
    )
    assert.deepEqual(
      numbers,
      Array.from({ length: 5000 }, (_, n) => n + 1),
    )
  })

  check('every byte that is typed arrives, in order', async (_, create) => {
    const session = await create(shell('stty raw -echo; echo ready; head -c 300256 | sha256sum; exec cat'))
    await session.wait({ until: 'text', text: 'ready' })
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const much = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7 + (n >> 8)) & 0xff))
    await session.input(all)
    await session.input(much)
    const hash = createHash('sha256').update(all).update(much).digest('hex')
    const { met } = await session.wait({ until: 'text', text: hash })
    assert.ok(met, await session.screen())
  })

  check(
    'what a program writes arrives byte by byte, characters cut in two and bytes that are none included',
    async (_, create) => {
      const script = String.raw`stty -onlcr; read -r; printf 'a\346'; sleep 0.2; printf '\274\242\360\237'; sleep 0.2; printf '\230\200\377\001z'; exec cat`
      const session = await create(shell(script))
      const stream = session.attach()
      const { all, heard } = listen(stream)
      await until('it is attached', () => heard.attached)
      stream.write('\r')
      const wanted = Buffer.from('61e6bca2f09f9880ff017a', 'hex')
      await until('all bytes', () => all().includes(wanted))
      stream.destroy()
    },
  )

  check(
    'a paste stands in brackets where the program asks for that, and has no control characters',
    async (_, create) => {
      const show = (count: number) => `head -c ${count} | od -An -c -w100 | tr -s ' '`
      const script = `stty raw -echo; echo plain; ${show(6)}; printf '\\033[?2004hbrack''eted\\n'; ${show(18)}; exec cat`
      const session = await create(shell(script, { cols: 150 }))
      for (const [mark, seen] of [
        ['plain', /a {1,3}\[ {1,3}b \\r c \\r/],
        ['bracketed', /033 \[ 2 0 0 ~ a \[ b \\r c \\r 033 \[ 2 0 1 ~/],
      ] as const) {
        await session.wait({ until: 'text', text: mark })
        await session.paste('a\x1b[\x03b\r\nc\n')
        const { met } = await session.wait({ until: 'text', text: seen })
        assert.ok(met, await session.screen())
      }
    },
  )

  check('keys go by their names, as the program wants to be told them', async (_, create) => {
    const show = (count: number) => `head -c ${count} | od -An -c -w100 | tr -s ' '`
    const script = `stty raw -echo; echo plain; ${show(21)}; printf '\\033[?1happ''lication\\n'; ${show(6)}; exec cat`
    const session = await create(shell(script, { cols: 150 }))
    await session.wait({ until: 'text', text: 'plain' })
    await session.sendKeys('x', 'Enter', 'C-c', 'M-b', 'Up', 'S-Left', 'F5', 'Space', 'bspace')
    const plain = /x \\r 003 033 b 033 \[ A 033 \[ 1 ; 2 D 033 \[ 1 5 ~ 177/
    assert.ok((await session.wait({ until: 'text', text: plain })).met, await session.screen())
    await session.wait({ until: 'text', text: 'application' })
    await session.sendKeys('Up', 'End')
    const { met } = await session.wait({ until: 'text', text: /033 O A 033 O F/ })
    assert.ok(met, await session.screen())
    await assert.rejects(session.sendKeys('Enter', 'Entr'), { code: 'BAD_REQUEST', message: /"Entr"/ })
  })

  check('another name and other labels: found by them, and told', async (manager, create) => {
    const label = `${mode}-${process.pid}`
    const session = await create(shell('exec cat', { name: `${label} old`, labels: { a: label, b: '1' } }))
    await session.rename(`${label} new`)
    await session.label({ b: null, c: '2' })
    assert.deepEqual([session.info.name, session.info.labels], [`${label} new`, { a: label, c: '2' }])
    const other = make()
    assert.equal((await other.get(`${label} new`)).id, session.id)
    await assert.rejects(other.get(`${label} old`), { code: 'SESSION_NOT_FOUND' })
    assert.deepEqual(
      (await other.list({ labels: { a: label, c: '2' } })).map(({ id }) => id),
      [session.id],
    )
    assert.deepEqual((await other.get(session.id)).info.args, ['-c', 'exec cat'])
    await assert.rejects(session.rename(''), { code: 'BAD_REQUEST' })
    await assert.rejects(session.label({ '': 'x' }), { code: 'BAD_REQUEST' })
    assert.equal(manager.mode, other.mode)
  })

  check('a signal goes to the job in the foreground, and the shell goes on', async (_, create) => {
    const session = await create({ ...bash, env: { PS1: '$ ' } })
    await session.input('bash -c \'echo j""ob; exec sleep 1000\'; echo status-$?\r')
    assert.ok((await session.wait({ until: 'text', text: '^job' })).met)
    await session.signal('INT')
    await session.input('echo status-$?\r')
    assert.ok((await session.wait({ until: 'text', text: 'status-130' })).met, await session.screen())
  })

  check('waits end when met, when the time is over, when given up and when the command ends', async (_, create) => {
    const session = await create({ ...bash, env: { PS1: '$ ' } })
    assert.ok((await session.wait({ until: 'prompt' })).met)
    await session.input('sleep 0.5; echo la""ter\r')
    assert.equal((await session.wait({ until: 'text', text: /la(t)er/ })).text, 'later')
    assert.ok((await session.wait({ until: 'idle', idleMs: 200 })).met)
    assert.equal((await session.wait({ until: 'text', text: 'never', timeoutMs: 100 })).met, false)
    await assert.rejects(session.wait({ until: 'text', text: '(' }), { code: 'BAD_REQUEST' })
    const giveUp = new AbortController()
    const given = session.wait({ until: 'text', text: 'never', signal: giveUp.signal })
    giveUp.abort()
    await assert.rejects(given, { name: 'AbortError' })
    const ends = session.wait({ until: 'exit' })
    await session.input('exit 3\r')
    assert.deepEqual(await ends, { met: true, exitCode: 3, signal: null })
    // What has ended is idle for good, and never at a prompt.
    assert.equal((await session.wait({ until: 'idle' })).met, true)
    assert.equal((await session.wait({ until: 'prompt' })).met, false)
    // Longer than one call of the API may take: it ends with the command all the same.
    const late = await session.wait({ until: 'text', text: 'never', timeoutMs: 3_600_000 })
    assert.deepEqual(late, { met: false, exitCode: 3, signal: null })
  })

  check('output by offset: the bytes of one command in a cluster; tmux refuses, and says why', async (_, create) => {
    const marked = "printf '\\033]133;C\\a\\033[1mtext\\n\\033]133;D;0\\a'; exec cat"
    const session = await create(shell(marked))
    assert.ok((await session.wait({ until: 'text', text: /^text/ })).met, await session.screen())
    if (session.id.startsWith('tmux-')) {
      await assert.rejects(session.output(), { code: 'BAD_REQUEST', message: /tmux .* marks of commands/ })
      return
    }
    while ((await session.refresh()).commands?.[0]?.state !== 'ended');
    const { start = 0, end } = session.info.commands?.[0] ?? {}
    const { from, bytes } = await session.output({ from: start, to: end ?? 0 })
    assert.deepEqual([from, Buffer.from(bytes).toString()], [start, '\x1b[1mtext\r\n'])
    await assert.rejects(session.output({ from: 5, to: 4 }), { code: 'BAD_REQUEST' })
  })

  check('the screen comes in four formats, with lines above it, also after the end', async (_, create) => {
    const session = await create(
      shell('for i in $(seq 1 60); do echo "line $i"; done; printf "\\033[31mred\\033[0m"; read -r', { rows: 20 }),
    )
    assert.ok((await session.wait({ until: 'text', text: 'red' })).met)
    const formats = async () => {
      assert.match(await session.screen('text', 100), /^line 1\n[\s\S]*line 60\nred/)
      assert.match(await session.screen(), /^line 42\n/)
      assert.ok((await session.screen('ansi')).includes('\x1b[31mred'))
      assert.match(await session.screen('html'), /<[^>]*>[\s\S]*red/)
      const { lines, cols, rows } = JSON.parse(await session.screen('json')) as ScreenJson
      assert.deepEqual([lines.length, cols, rows, lines.at(-1)], [20, 80, 20, 'red'])
    }
    await formats()
    await session.input('\r')
    await session.wait({ until: 'exit' })
    assert.match(await session.screen('text', 100), /^line 1\n[\s\S]*line 60\nred/)
  })

  check('the end is remembered: exit code or signal; killed, a session is gone', async (manager, create) => {
    const [code, signal] = [await create(shell('exit 9')), await create(shell('kill -KILL $$'))]
    const ended = (session: ManagedSession): Promise<Session> =>
      until('it has ended', async () => {
        const now = await session.refresh()
        return now.phase === 'exited' && now
      })
    const [first, second] = [await ended(code), await ended(signal)]
    assert.deepEqual([first.exitCode, first.signal], [9, null])
    assert.deepEqual([second.exitCode, second.signal], [null, 'KILL'])
    assert.ok(Date.parse(first.endedAt ?? '') >= Date.parse(first.createdAt) - 1000)
    await assert.rejects(code.input('x'), { code: 'SESSION_ENDED' })
    await code.kill()
    await assert.rejects(manager.get(code.id), { code: 'SESSION_NOT_FOUND' })
    await assert.rejects(code.refresh(), { code: 'SESSION_NOT_FOUND' })
  })

  check('killing ends what ignores it, too', async (_, create) => {
    const session = await create(shell('trap "" HUP TERM INT; echo $$; while :; do sleep 1; done'))
    assert.ok((await session.wait({ until: 'text', text: String.raw`^\d+` })).met)
    await session.kill()
    await assert.rejects(session.refresh(), { code: 'SESSION_NOT_FOUND' })
  })

  check(
    'a create repeated with its key, also at once, is one session; another body is a conflict',
    async (manager, create) => {
      const idempotencyKey = `key-${process.pid}-${Date.now()}`
      const body = shell('exec cat', { labels: { key: idempotencyKey } })
      const made = await Promise.all(Array.from({ length: 5 }, () => create(body, { idempotencyKey })))
      assert.equal(new Set(made.map(({ id }) => id)).size, 1)
      assert.equal((await manager.list({ labels: { key: idempotencyKey } })).length, 1)
      const reversed: CreateSession = Object.fromEntries(Object.entries(body).reverse())
      assert.equal((await manager.create(reversed, { idempotencyKey })).id, made[0]?.id, 'its keys in another order')
      await assert.rejects(manager.create({ ...body, cols: 100 }, { idempotencyKey }), { code: 'IDEMPOTENCY_CONFLICT' })
    },
  )

  check('what cannot be is refused with a reason', async (manager) => {
    await assert.rejects(manager.create({ command: 'no-such-command' }), { code: 'COMMAND_NOT_FOUND' })
    await assert.rejects(manager.create({ command: 'cat', cwd: '/no/such/place' }), { code: 'CWD_NOT_FOUND' })
    await assert.rejects(manager.create({ command: 'cat', cols: 0 }), { code: 'BAD_REQUEST' })
    await assert.rejects(manager.create({ command: 'cat', labels: { '': 'x' } }), { code: 'BAD_REQUEST' })
    await assert.rejects(manager.get('no such session'), { code: 'SESSION_NOT_FOUND' })
  })

  check('a resize is the program’s at once', async (_, create) => {
    const session = await create(shell('trap "stty size" WINCH; echo ready; while :; do sleep 0.1; done'))
    await session.wait({ until: 'text', text: 'ready' })
    await session.resize(200, 50)
    assert.ok((await session.wait({ until: 'text', text: '50 200' })).met)
    await until('it is told', async () => {
      const { cols, rows } = await session.refresh()
      return cols === 200 && rows === 50
    })
  })

  check('a coding agent is busy, asks, and is done: in lists, waits and events', async (manager, create, stopped) => {
    const seen: string[] = []
    void (async () => {
      for await (const event of manager.events(stopped))
        if (event.type === 'session' && event.session.agent)
          seen.push(`${event.session.id} ${event.session.agent.state}`)
    })().catch((error: unknown) => seen.push(String(error)))
    const script = `exec -a claude bash -c 'printf "\\342\\234\\275 Tempering... (esc to interrupt)\\n"; read -r
      printf "\\033c Do you want to proceed?\\n\\342\\235\\257 1. Yes\\n  2. No\\n"; read -r; printf "\\033c> \\n"; read -r'`
    const session = await create(shell(script, { labels: { agent: `${mode}-${process.pid}` } }))
    const is = (state: string, shown = /./) =>
      until(`it is ${state}`, async () => {
        const [listed] = await manager.list({ labels: { agent: `${mode}-${process.pid}` } })
        const agent = listed?.info.agent
        return agent?.state === state && shown.test(agent.evidence) && agent
      })
    // Before it has written it is busy, too: as the shell that it is then.
    const { name, detector } = await is('busy', /esc to interrupt/)
    assert.deepEqual([name, detector], ['claude-code', 'claude-code@2'])
    assert.equal((await session.wait({ until: 'waiting', timeoutMs: 100 })).met, false)
    const asks = session.wait({ until: 'waiting' })
    await session.sendKeys('Enter')
    assert.deepEqual(await asks, { met: true, text: '❯ 1. Yes' })
    assert.equal((await is('waiting')).name, 'claude-code')
    await until('that is told', () => seen.includes(`${session.id} waiting`))
    await session.sendKeys('Enter')
    await is('idle')
    await until('that is told, too', () => seen.includes(`${session.id} idle`))
    await session.sendKeys('Enter')
    assert.equal((await session.wait({ until: 'waiting' })).met, false)
    await until('it does nothing any more', async () => (await session.refresh()).agent === undefined)
  })

  check('events tell what begins, ends and goes', async (manager, create, stopped) => {
    const seen: string[] = []
    void (async () => {
      for await (const event of manager.events(stopped)) {
        if (event.type === 'session') seen.push(`${event.session.id} ${event.phase}`)
        if (event.type === 'removed') seen.push(`${event.id} removed`)
      }
    })().catch((error: unknown) => seen.push(String(error)))
    const before = await create(shell('exec cat'))
    await until('events flow', () => seen.includes(`${before.id} running`))
    const session = await create(shell('read -r'))
    await until('its beginning', () => seen.includes(`${session.id} running`))
    await session.input('\r')
    await until('its end', () => seen.includes(`${session.id} exited`))
    await session.kill()
    await until('its removal', () => seen.includes(`${session.id} removed`))
  })
}
