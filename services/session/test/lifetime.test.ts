/** The host as a process of its own: its address, its end, its last words. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Claim, DeathNote } from '@holdfast/protocol'
import { eventually, grant, HOST_ID, KEY, shell } from './harness.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Running {
  child: ChildProcess
  socket: string
  log(): string
  exited: Promise<[number | null, string | null]>
}

const start = async (t: TestContext, lingerMs: number): Promise<Running> => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-main-'))
  const socket = join(directory, 'host.sock')
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: '/usr/bin:/bin',
      HOLDFAST_HOST_ID: HOST_ID,
      HOLDFAST_HOST_KEY: KEY,
      HOLDFAST_LISTEN: `unix:${socket}`,
      HOLDFAST_LINGER_MS: String(lingerMs),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let log = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  const exited = once(child, 'close') as Promise<[number | null, string | null]>
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
    rmSync(directory, { recursive: true, force: true })
  })
  await eventually('it listens', () => log.includes('listening')) // the socket is there a little before
  return { child, socket, log: () => log, exited }
}

const post = (socket: string, path: string, body: object): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${grant()}` }
    const outgoing = request({ socketPath: socket, path, method: 'POST', headers, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify(body))
  })

const claim = (socket: string, body: Claim): Promise<number> => post(socket, '/claim', body)

const deathNote = (log: string): DeathNote => JSON.parse(log.trim().split('\n').at(-1) ?? '')

test('after its linger the host leaves a note and the exit code of its session', async (t) => {
  const host = await start(t, 10)
  assert.equal(statSync(host.socket).mode & 0o666, 0o666, 'others may connect; the gate decides')
  assert.equal(await claim(host.socket, shell('echo last words; exit 5', { env: { SECRET: 'hush' } })), 200)
  assert.deepEqual(await host.exited, [5, null])
  const note = deathNote(host.log())
  assert.equal(note.holdfast, 'death-note')
  assert.equal(note.claim.session, shell('').session)
  assert.deepEqual([note.exit.exitCode, note.exit.signal, note.exit.offset], [5, null, 12])
  assert.equal(note.screen.text, 'last words\n')
  assert.match(note.screen.html, /last words/)
  assert.doesNotMatch(host.log(), /hush/)
})

test('a session ended by a signal is 128 and its number', async (t) => {
  const host = await start(t, 10)
  await claim(host.socket, shell('kill -9 $$'))
  assert.deepEqual(await host.exited, [137, null])
  assert.equal(deathNote(host.log()).exit.signal, 'KILL')
})

test('SIGTERM ends the session, then the host at once, with its note', async (t) => {
  const host = await start(t, 600_000)
  await claim(host.socket, shell('echo up; exec sleep 1000'))
  host.child.kill('SIGTERM')
  const [code] = await host.exited
  assert.ok(code === 129 || code === 143, `${code}`)
  assert.match(deathNote(host.log()).exit.signal ?? '', /^(HUP|TERM)$/)
})

test('SIGTERM during the linger ends it', async (t) => {
  const host = await start(t, 600_000)
  await claim(host.socket, shell('exit 3'))
  await eventually('the end', () => host.log().includes('session ended'))
  host.child.kill('SIGTERM')
  assert.deepEqual(await host.exited, [3, null])
  assert.equal(deathNote(host.log()).exit.exitCode, 3)
})

test('a suspended host goes at once, with a note that says so', async (t) => {
  const host = await start(t, 600_000)
  await claim(host.socket, shell('echo up; exec sleep 1000'))
  await post(host.socket, '/wait', { until: 'text', text: 'up' })
  assert.equal(await post(host.socket, '/suspend', {}), 200)
  await host.exited
  const { exit, screen } = deathNote(host.log())
  assert.deepEqual([exit.suspended, screen.text], [true, 'up\n'])
})

test('SIGTERM ends an empty host without a word', async (t) => {
  const host = await start(t, 600_000)
  host.child.kill('SIGTERM')
  assert.deepEqual(await host.exited, [0, null])
  assert.doesNotMatch(host.log(), /death-note/)
})

test('a killed host takes its session with it', async (t) => {
  const host = await start(t, 10)
  const directory = mkdtempSync(join(tmpdir(), 'hf-pid-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'pid')
  await claim(host.socket, shell(`echo $$ >${file}.new; mv ${file}.new ${file}; exec sleep 1000`))
  await eventually('the session', () => existsSync(file))
  const pid = Number(readFileSync(file, 'utf8'))
  host.child.kill('SIGKILL')
  await eventually('its end', () => {
    try {
      process.kill(pid, 0)
      return false
    } catch {
      return true
    }
  })
})

test('a host that is told nothing says what it needs', async () => {
  const child = spawn(process.execPath, [MAIN], { env: {}, stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 1)
  for (const name of ['HOLDFAST_HOST_ID', 'HOLDFAST_HOST_KEY', 'HOLDFAST_LISTEN'])
    assert.match(errors, new RegExp(name))
})
