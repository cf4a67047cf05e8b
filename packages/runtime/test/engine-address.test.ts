/** Engines behind TLS and SSH: reached with the right keys, refused with others, and never trusted by name alone. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createEngine } from 'node:http'
import { createServer as createTlsEngine } from 'node:https'
import { type AddressInfo, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { NodeEngine } from '@holdfast/protocol'
import ssh2 from 'ssh2'
import { dockerRuntime, engineName } from '../src/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'hf-test-'))
after(() => rmSync(dir, { recursive: true }))
const file = (name: string) => join(dir, name)
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port
const listening = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return portOf(server)
}
const ping = (engine: NodeEngine) =>
  dockerRuntime({ cluster: 'far', node: 'n', hostsDir: dir, engine, guardImage: 'none' }).ping()

/** A certificate of its own authority, or one that `ca` signs. */
const certificate = (name: string, ca?: string): void => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`]
  if (ca === undefined) openssl('req', '-x509', ...key, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '1')
  else {
    writeFileSync(file('san'), 'subjectAltName=IP:127.0.0.1')
    openssl('req', ...key, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    const signing = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', '1', '-extfile', 'san']
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing)
  }
}

test('an engine behind TLS is asked with our certificate, and only if its authority is the one named', async (t) => {
  certificate('ca')
  certificate('other')
  certificate('engine', 'ca')
  certificate('we', 'ca')
  const pem = (name: string) => readFileSync(file(name))
  const tls = { ca: pem('ca.pem'), cert: pem('engine.pem'), key: pem('engine.key'), requestCert: true }
  const engine = createTlsEngine(tls, (_request, response) => void response.end('OK'))
  const port = await listening(engine)
  t.after(() => engine.close())
  const ours = { host: '127.0.0.1', port, ca: file('ca.pem'), cert: file('we.pem'), key: file('we.key') }
  await ping({ tls: ours })
  await assert.rejects(ping({ tls: { ...ours, ca: file('other.pem') } }), { code: 'RUNTIME_UNAVAILABLE' })
  const stranger = { ...ours, cert: file('other.pem'), key: file('other.key') }
  await assert.rejects(ping({ tls: stranger }), { code: 'RUNTIME_UNAVAILABLE' })
  assert.throws(() => ping({ tls: { ...ours, key: file('nothing') } }), /key or certificate: ENOENT/)
  assert.equal(engineName({ tls: ours }), `tls:127.0.0.1:${port}`)
})

test('an engine behind SSH is asked through dial-stdio, and only if the server has the key named', async (t) => {
  const socket = file('engine.sock')
  const engine = createEngine((_request, response) => void response.end('OK')).listen(socket)
  await once(engine, 'listening')
  const serverKey = ssh2.utils.generateKeyPairSync('ed25519')
  const ourKey = ssh2.utils.generateKeyPairSync('ed25519')
  writeFileSync(file('id'), ourKey.private)
  const parsed = ssh2.utils.parseKey(ourKey.public)
  const commands: string[] = []
  const server = new ssh2.Server({ hostKeys: [serverKey.private] }, (client) => {
    client.on('error', () => {}) // the other end refuses our key in one of the tests
    client.on('authentication', (auth) => {
      const known =
        !(parsed instanceof Error) && auth.method === 'publickey' && auth.key.data.equals(parsed.getPublicSSH())
      if (known) auth.accept()
      else auth.reject(['publickey'])
    })
    client.on('session', (accept) =>
      accept().on('exec', (acceptCommand, _reject, { command }) => {
        commands.push(command)
        const stream = acceptCommand()
        stream.pipe(connect(socket)).pipe(stream)
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    engine.close()
  })
  const key = ssh2.utils.parseKey(serverKey.public)
  assert.ok(!(key instanceof Error))
  const hash = createHash('sha256').update(key.getPublicSSH()).digest('base64').replace(/=+$/, '')
  const ssh = { host: '127.0.0.1', port: portOf(server), user: 'hf', keyFile: file('id'), hostKey: `SHA256:${hash}` }
  await ping({ ssh })
  assert.deepEqual(commands, ['docker system dial-stdio'])
  const other = { ...ssh, hostKey: `SHA256:${'A'.repeat(43)}` }
  await assert.rejects(ping({ ssh: other }), { code: 'RUNTIME_UNAVAILABLE' })
  assert.equal(commands.length, 1)
  assert.equal(engineName({ ssh }), `ssh:hf@127.0.0.1:${portOf(server)}`)
})
