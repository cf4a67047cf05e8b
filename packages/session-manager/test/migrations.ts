/** What a move between tmux and a cluster promises, as sentences; run on real ones, with programs that are killed in the middle. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastClient } from '@holdfast/client'
import { HoldfastError } from '@holdfast/protocol'
import { parseStat } from '@holdfast/runtime/process-table'
import { HybridSessions } from '../src/hybrid/hybrid-sessions.ts'
import { type ManagedSession, SessionManager, type Side } from '../src/index.ts'
import { TmuxSessions } from '../src/tmux/tmux-sessions.ts'

export interface Places {
  url: string
  key: string
  socket: string
  stateDir: string
}

const LIMIT = { timeout: 180_000 }
const OTHER: Readonly<Record<Side, Side>> = { local: 'cluster', cluster: 'local' }
const SIDES = ['local', 'cluster'] as const

const until = async <T>(what: string, look: () => Promise<T | false> | T | false): Promise<T> => {
  for (const end = Date.now() + 30_000; Date.now() < end; await delay(20)) {
    const found = await look()
    if (found !== false) return found
  }
  throw new Error(`not within 30 s: ${what}`)
}

/** A zombie is none: tmux may take its time to hear of an end. */
const isAlive = (pid: number): boolean => {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.state !== 'Z'
  } catch {
    return false
  }
}

/** A command that can be counted: each start leaves its process and what it was started as. */
const counted = () => {
  const file = join(mkdtempSync(join(realpathSync(tmpdir()), 'hf-move-')), 'starts')
  const script = (how: string) => `echo "$$ ${how} $PWD $SECRET" >>${file}; echo started-${how}; exec sleep 1000`
  const text = () => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return ''
    }
  }
  const starts = () => text().match(/^\d+ (first|again) .*$/gm) ?? []
  return {
    body: { command: 'sh', args: ['-c', script('first')], resume: ['sh', '-c', script('again')] },
    text,
    starts,
    running: () => starts().filter((line) => isAlive(Number.parseInt(line, 10))),
  }
}

const sideOf = ({ info }: ManagedSession): Side => (info.runtime === 'tmux' ? 'local' : 'cluster')

/** `places` are there when the tests run. */
export const migrations = (places: () => Places, skip: string | false): void => {
  const manager = (on: Side = 'local') => new SessionManager({ mode: 'hybrid', ...places(), policy: () => on })
  /** All that there is on both sides, whatever it is called. */
  const everything = async (label: string): Promise<string[]> => {
    const { url, key, socket } = places()
    const query = { label: [label] }
    const [here, there] = await Promise.all([
      new TmuxSessions({ socket }).listSessions(query),
      new HoldfastClient({ url, key }).listSessions(query),
    ])
    return [...here.sessions, ...there.sessions].map(({ id }) => id)
  }
  let count = 0
  const check = (title: string, body: (label: string, stop: AbortController) => Promise<void>): void => {
    test(title, { skip, ...LIMIT }, async () => {
      const stop = new AbortController()
      try {
        await body(`m${process.pid}-${count++}`, stop)
      } finally {
        stop.abort()
      }
    })
  }

  for (const from of SIDES) {
    const to = OTHER[from]
    check(
      `${from} to ${to}: everything goes along, the command goes on by its recipe, the id stays`,
      async (label, stop) => {
        const { body, text: written, starts, running } = counted()
        const cwd = realpathSync(tmpdir())
        const env = { SECRET: `it's "$x\`\\\n#two lines` }
        const labels = { test: label, other: 'a b' }
        const wide = { cols: 91, rows: 17 }
        const session = await manager(from).create({ ...body, ...wide, cwd, env, labels, name: `name ${label}` })
        await session.wait({ until: 'text', text: 'started-first' })
        for (let line = 1; line < 40; line++) await session.input(`line ${line}\r`)
        await session.wait({ until: 'text', text: 'line 39' })
        const steps: string[] = []
        const told: string[] = []
        const hearing = (async () => {
          for await (const event of manager().events(stop.signal))
            if (event.type === 'session') told.push(event.session.id)
            else if (event.type === 'removed') told.push(event.id)
        })().catch(() => {})

        const moved = await manager().migrate(session.id, { to, onStep: (step) => steps.push(step) })
        assert.equal(moved.id, session.id)
        assert.equal(sideOf(moved), to)
        const { name, cols, rows, labels: kept, command, args, resume } = moved.info
        assert.deepEqual([name, cols, rows, kept, moved.info.cwd], [`name ${label}`, 91, 17, labels, cwd])
        assert.deepEqual({ command, args, resume }, body)
        await moved.wait({ until: 'text', text: 'started-again' })
        const text = await moved.screen('text', 100)
        assert.match(text, /^started-first\nline 1\n[\s\S]*line 39\n[\s\S]*── resumed .* ──\nstarted-again\n/)
        assert.equal(starts().length, 2)
        assert.ok(written().endsWith(` again ${cwd} ${env.SECRET}\n`), written())
        assert.equal(running().length, 1)
        assert.ok(steps.length >= 3, steps.join())

        // Any other program of this user finds it by the same id, once.
        const other = manager()
        assert.deepEqual(
          (await other.list({ labels: { test: label } })).map(({ id }) => id),
          [session.id],
        )
        assert.equal((await everything(`test=${label}`)).length, 1)
        const found = await other.get(session.id)
        await found.input('typed\r')
        await found.wait({ until: 'text', text: 'typed' })
        const again = await other.migrate(session.id, { to })
        assert.deepEqual([again.id, starts().length], [session.id, 2], 'it is there already')

        const back = await other.migrate(session.id, { to: from })
        assert.deepEqual([back.id, sideOf(back)], [session.id, from])
        await back.wait({ until: 'text', text: /typed[\s\S]*started-again/ })
        await until('one of it runs', () => starts().length === 3 && running().length === 1)
        assert.match(await back.screen('text', 100), /^started-first\n/)
        await back.kill()
        await assert.rejects(other.get(session.id), { code: 'SESSION_NOT_FOUND' })
        await until('its end is told', () => told.at(-1) === session.id)
        stop.abort()
        await hearing
        assert.deepEqual(
          [...new Set(told)].filter((id) => id !== session.id),
          [],
          'nothing else is told of',
        )
        assert.deepEqual([await everything(`test=${label}`), running()], [[], []])
      },
    )

    check(`${from} to ${to}: what cannot be there is refused, and nothing is ended`, async (label) => {
      const { body, running } = counted()
      const labels = { test: label }
      const session = await manager(from).create({ ...body, labels, cwd: '/' })
      const before = await until('it runs', () => running().length === 1 && running())
      await assert.rejects(manager().migrate(session.id, { to, cwd: '/no/such/place' }), {
        code: 'CWD_NOT_FOUND',
        message: /it stays where it is: .*\/no\/such\/place/,
      })
      assert.deepEqual([running(), await everything(`test=${label}`)], [before, [session.id]])
      const bare = await manager(from).create({ ...body, labels, resume: ['no-such-program'] })
      await assert.rejects(manager().migrate(bare.id, { to }), { code: 'COMMAND_NOT_FOUND' })
      assert.equal((await bare.refresh()).phase, 'running')
      assert.equal((await everything(`test=${label}`)).length, 2)
      await bare.kill()
      await session.kill()
      await assert.rejects(manager().migrate(session.id, { to }), { code: 'SESSION_NOT_FOUND' })
    })

    for (const point of POINTS)
      check(`${from} to ${to}, killed ${point}: never two run, and a second try does the rest`, async (label) => {
        const { body, starts, running } = counted()
        const session = await manager(from).create({ ...body, labels: { test: label }, cwd: '/' })
        await until('it runs', () => running().length === 1)
        await killedAt(point, { id: session.id, to, ...places() })
        assert.ok(running().length <= 1, running().join())
        const listed = await manager().list({ labels: { test: label } })
        assert.deepEqual(
          listed.map(({ id }) => id),
          [session.id],
          'it is in the list, once',
        )
        const moved = await manager().migrate(session.id, { to })
        assert.deepEqual([moved.id, sideOf(moved), moved.info.labels], [session.id, to, { test: label }])
        await until('it runs there', () => starts().length === 2 && running().length === 1)
        assert.match(running()[0] ?? '', / again /)
        assert.equal((await everything(`test=${label}`)).length, 1)
        await moved.kill()
        assert.deepEqual([await everything(`test=${label}`), running()], [[], []])
      })
  }

  check('killed after a move that was killed in the middle, all of it goes', async (label) => {
    const { body, running } = counted()
    const session = await manager().create({ ...body, labels: { test: label }, cwd: '/' })
    await until('it runs', () => running().length === 1)
    await killedAt('before deleteSession', { id: session.id, to: 'cluster', ...places() })
    assert.equal((await everything(`test=${label}`)).length, 2)
    await manager()
      .get(session.id)
      .then((found) => found.kill())
    assert.deepEqual([await everything(`test=${label}`), running()], [[], []])
  })

  check('two programs do not move a session at once', async (label) => {
    const { body, starts, running } = counted()
    const session = await manager().create({ ...body, labels: { test: label }, cwd: '/' })
    await until('it runs', () => running().length === 1)
    const tries = await Promise.allSettled(SIDES.map(() => manager().migrate(session.id, { to: 'cluster' })))
    assert.deepEqual(tries.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    await until('it runs there', () => starts().length === 2 && running().length === 1)
    await session.kill()
  })

  check('a create that is repeated gets the session where it is by then', async (label) => {
    const { body, starts } = counted()
    const options = { idempotencyKey: label }
    const made = { ...body, labels: { test: label }, cwd: '/' }
    const session = await manager().create(made, options)
    await until('it runs', () => starts().length === 1)
    await manager().migrate(session.id, { to: 'cluster' })
    await until('it runs there', () => starts().length === 2)
    const again = await manager().create(made, options)
    assert.deepEqual([again.id, sideOf(again)], [session.id, 'cluster'])
    await session.kill()
    const next = await manager().create(made, options)
    assert.equal(sideOf(next), 'local', 'what was killed is made anew')
    await next.kill()
  })

  check('a shell becomes the shell of the other side, in its own directory', async (label) => {
    const session = await manager().create({ labels: { test: label }, env: { PS1: '$ ' } })
    const moved = await manager().migrate(session.id, { to: 'cluster' })
    assert.deepEqual([moved.info.command, moved.info.args], ['bash', ['-l']])
    await moved.input('echo here-$((6 * 7))\r')
    assert.ok((await moved.wait({ until: 'text', text: 'here-42' })).met, await moved.screen())
    await moved.kill()
  })

  check('a suspended session moves as it was left', async (label) => {
    const { url, key } = places()
    const { body, starts, running } = counted()
    const env = { SECRET: 'hush' }
    const session = await manager('cluster').create({ ...body, env, labels: { test: label }, cwd: '/' })
    await until('it runs', () => starts().length === 1)
    await session.wait({ until: 'text', text: 'started-first' })
    await new HoldfastClient({ url, key }).suspendSession(session.id)
    assert.equal(running().length, 0)
    const moved = await manager().migrate(session.id, { to: 'local' })
    await moved.wait({ until: 'text', text: 'started-again' })
    assert.match(await moved.screen('text', 100), /^started-first\n── resumed .*\nstarted-again\n/)
    assert.match(running()[0] ?? '', / again \/ hush$/)
    await moved.kill()
  })

  check('when the source does not end, the target goes and the source goes on', async (label) => {
    const { url, key, socket, stateDir } = places()
    const { body, running } = counted()
    class Broken extends TmuxSessions {
      override async deleteSession(): Promise<void> {
        throw new HoldfastError('RUNTIME_UNAVAILABLE', 'tmux went to lunch')
      }
    }
    const session = await manager().create({ ...body, labels: { test: label }, cwd: '/' })
    const before = await until('it runs', () => running().length === 1 && running())
    const cluster = new HoldfastClient({ url, key })
    const hybrid = new HybridSessions({ local: new Broken({ socket }), cluster, policy: () => 'local', stateDir })
    await assert.rejects(hybrid.migrate(session.id, { to: 'cluster' }), { message: 'tmux went to lunch' })
    assert.deepEqual([running(), await everything(`test=${label}`)], [before, [session.id]])
    await session.kill()
  })

  check('what has a limit of time stays in the cluster, and other modes move nothing', async (label) => {
    const session = await manager().create({ command: 'cat', ttlSeconds: 600, labels: { test: label } })
    await assert.rejects(manager().migrate(session.id, { to: 'local' }), {
      code: 'BAD_REQUEST',
      message: /limit of time/,
    })
    await assert.rejects(new SessionManager({ mode: 'simple' }).migrate(session.id, { to: 'local' }), {
      code: 'BAD_REQUEST',
      message: /only in mode "hybrid"/,
    })
    await session.kill()
  })
}

/** The calls of a move, each before and after it was made. */
const POINTS = [
  'before createSession',
  'after createSession',
  'before deleteSession',
  'after deleteSession',
  'before signal',
  'after signal',
  'after updateSession',
] as const

/** Another program moves the session and is killed at this point. */
const killedAt = async (point: string, { id, to, ...places }: Places & { id: string; to: Side }): Promise<void> => {
  const script = `
    const { HybridSessions } = await import('${import.meta.resolve('../src/hybrid/hybrid-sessions.ts')}')
    const { TmuxSessions } = await import('${import.meta.resolve('../src/tmux/tmux-sessions.ts')}')
    const { HoldfastClient } = await import('@holdfast/client')
    const { id, to, point, url, key, socket, stateDir } = JSON.parse(process.argv[1])
    const [when, name] = point.split(' ')
    const stop = () => { console.log('there'); setInterval(() => {}, 1000); return new Promise(() => {}) }
    const stopping = (api) => new Proxy(api, { get: (_, call) => async (...given) => {
      if (call === name && when === 'before') await stop()
      const answer = await api[call](...given)
      return call === name ? stop() : answer
    } })
    const sides = { local: stopping(new TmuxSessions({ socket })), cluster: stopping(new HoldfastClient({ url, key })) }
    await new HybridSessions({ ...sides, policy: () => to, stateDir }).migrate(id, { to })`
  const given = JSON.stringify({ id, to, point, ...places })
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, given], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['ended'])])
  assert.equal(String(said), 'there\n', point)
  child.kill('SIGKILL')
  await once(child, 'exit')
}
