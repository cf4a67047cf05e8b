/** What a session cannot do: reach what is ours, get in with wrong credentials, or die of a greedy child. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { hostKey, sign } from '@holdfast/service-kit'
import { command, dockerIsMissing, type Stack, startStack } from './support/stack.ts'
import { attachStatus } from './support/upgrade.ts'
import { view } from './support/viewer.ts'

describe('isolation', { skip: dockerIsMissing }, () => {
  let stack: Stack
  before(async () => {
    stack = await startStack('docker')
  })
  after(() => stack.destroy())

  /** Every address of every service container and of another session, with the port somebody would try. */
  const targets = async (): Promise<string[]> => {
    const addresses = async (id: string) =>
      (
        await command(
          'docker',
          'inspect',
          '-f',
          '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}} {{end}}',
          id,
        )
      )
        .trim()
        .split(/\s+/)
    const found = ['169.254.169.254:80']
    for (const [service, ports] of Object.entries({
      redis: [6379],
      orchestrator: [8081, 9081],
      gateway: [8080, 9080],
    })) {
      const id = (await stack.compose('ps', '-q', service)).trim()
      for (const address of await addresses(id)) for (const port of ports) found.push(`${address}:${port}`)
    }
    return [...new Set(found.filter((target) => /^\d/.test(target)))]
  }

  /** Asks bash inside a session to connect to each target; answers the ones that accepted. */
  const reached = async (template: string, list: string[]): Promise<string[]> => {
    const attempt = `timeout 3 bash -c "exec 3<>/dev/tcp/\${t%:*}/\${t#*:}" 2>/dev/null && echo "REACHED $t"`
    const script = `for t in ${list.join(' ')}; do (${attempt}) & done; wait; echo DONE`
    const session = await stack.client.createSession({ template, command: 'bash', args: ['-c', script] })
    const viewer = view(stack.client, session.id)
    await viewer.waitFor(/DONE/, 120_000)
    return [...viewer.text().matchAll(/REACHED (\S+)/g)].map((match) => match[1] ?? '')
  }

  /** The same from the machine itself: what a session must not reach does listen. */
  const listens = (target: string): Promise<boolean> =>
    new Promise((done) => {
      const [host = '', port] = target.split(':')
      const socket = connect({ host, port: Number(port), timeout: 10_000 })
      const end = (open: boolean) => {
        socket.destroy()
        done(open)
      }
      socket
        .once('connect', () => end(true))
        .once('error', () => end(false))
        .once('timeout', () => end(false))
    })

  test('a session reaches neither Redis, the orchestrator, the gateway, a metrics port nor the metadata address', async () => {
    const list = await targets()
    assert.ok(list.length >= 6, `there is something to try: ${list.join(' ')}`)
    const open = await Promise.all(list.map(listens))
    for (const port of [6379, 8080, 8081, 9080, 9081]) {
      assert.ok(
        list.some((target, i) => target.endsWith(`:${port}`) && open[i]),
        `port ${port} listens, so that not reaching it means something`,
      )
    }
    assert.deepEqual(await reached('shell', list), [])
    assert.deepEqual(await reached('isolated', list), [])
  })

  test('a session does not reach another session', async () => {
    const listen =
      "require('net').createServer((s) => s.end('hello')).listen(7777, '0.0.0.0', () => console.log('LISTENING'))"
    const server = await stack.client.createSession({ command: 'node', args: ['-e', listen] })
    await view(stack.client, server.id).waitFor(/LISTENING/)
    const id = (await command('docker', 'ps', '-q', '--filter', `label=dev.holdfast.session=${server.id}`)).trim()
    const ip = (
      await command('docker', 'inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', id)
    ).trim()
    assert.match(ip, /^\d+\./)
    assert.deepEqual(await reached('shell', [`${ip}:7777`]), [])
    const mounted = view(
      stack.client,
      (await stack.client.createSession({ command: 'ls', args: ['-la', '/run/holdfast'] })).id,
    )
    await mounted.attachment.ended
    assert.equal([...mounted.text().matchAll(/\.sock/g)].length, 1, 'a session sees only its own socket')
  })

  test('a child that eats all memory is killed with a notice, and the session lives on', async () => {
    const session = await stack.client.createSession({ command: 'bash', args: ['--norc'], limits: { memoryMb: 192 } })
    const viewer = view(stack.client, session.id)
    viewer.attachment.write("node -e 'const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1))'\n")
    await viewer.waitFor(/out of memory/i, 60_000)
    viewer.attachment.write('echo alive-$((40 + 2))\n')
    await viewer.waitFor(/alive-42/)
    assert.equal((await stack.client.getSession(session.id)).phase, 'running')
  })

  test('forged, expired, replayed and misused credentials are refused before the upgrade', async () => {
    const { id } = await stack.client.createSession({ command: 'cat' })
    const other = await stack.client.createSession({ command: 'cat' })
    const attach = (session: string, headers: Record<string, string>) =>
      attachStatus(`${stack.url}/v1/sessions/${session}/attach`, headers)
    const ticket = async (ttlSeconds = 60) =>
      (await stack.client.createTicket(id, { mode: 'rw', ttlSeconds, uses: 1 })).ticket
    const withTicket = (text: string) => ({ 'sec-websocket-protocol': `holdfast.v1, ticket.${text}` })
    const once = await ticket()
    assert.equal(await attach(id, withTicket(once)), 101)
    assert.equal(await attach(id, withTicket(once)), 401, 'used up')
    assert.equal(await attach(id, withTicket(randomBytes(32).toString('base64url'))), 401, 'forged')
    assert.equal(await attach(other.id, withTicket(await ticket())), 403, 'of another session')
    const short = await ticket(1)
    await stack.client.wait(id, { until: 'text', text: 'never', timeoutMs: 1500 }).catch(() => undefined)
    assert.equal(await attach(id, withTicket(short)), 401, 'expired')
    const bearer = { authorization: `Bearer ${stack.key}` }
    assert.equal(await attach(id, { ...bearer, origin: 'https://evil.example' }), 403, 'a foreign page')
    assert.equal(await attach(id, { ...bearer, origin: stack.url }), 101)
    assert.equal(await attach(id, {}), 401)
    assert.equal(await attach(id, { authorization: `Bearer hf_${'x'.repeat(40)}` }), 401)
  })

  test('a session host refuses a grant for another session', async () => {
    const [a, b] = await Promise.all([
      stack.client.createSession({ command: 'cat' }),
      stack.client.createSession({ command: 'cat' }),
    ])
    const master = readFileSync(join(stack.data, 'secrets/master.key'), 'utf8').trim()
    const hostOf = async (session: string) =>
      (
        await command(
          'docker',
          'ps',
          '--filter',
          `label=dev.holdfast.session=${session}`,
          '--format',
          '{{.Label "dev.holdfast.host"}}',
        )
      ).trim()
    const [hostA, hostB] = [await hostOf(a.id), await hostOf(b.id)]
    const status = (keyOf: string, host: string, session: string): Promise<number> =>
      new Promise((done, fail) => {
        const grant = sign(
          hostKey(master, keyOf),
          { host, session, fence: 1, op: 'manage', mode: 'rw', principal: 'x' },
          30_000,
        )
        const socketPath = join(stack.data, 'docker/hosts', hostA, 'host.sock')
        request({ socketPath, path: '/status', headers: { authorization: `Bearer ${grant}` } }, (response) => {
          response.resume()
          done(response.statusCode ?? 0)
        })
          .on('error', fail)
          .end()
      })
    assert.equal(await status(hostA, hostA, a.id), 200)
    assert.equal(await status(hostA, hostA, b.id), 403, 'another session')
    assert.equal(await status(hostB, hostB, b.id), 401, "another host's key")
  })
})
