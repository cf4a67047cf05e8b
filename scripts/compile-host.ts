/**
 * `node --max-semi-space-size=1 compile-host.ts DIST`: leads the built session host in DIST through the life of a session, and keeps what
 * V8 has compiled for it in DIST/host.compiled. Node's own compile cache has only what is compiled before a module runs.
 */
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Script } from 'node:vm'
import { WebSocket } from 'ws'
import type { Claim } from '../packages/protocol/src/index.ts'
import { type HostGrant, sign } from '../packages/service-kit/src/grants.ts'

const HOST = 'local-00000000000000-1'
const SESSION = 'local-00000000000000'
const KEY = '00'.repeat(32)
const LATE_MS = 20_000
const claim: Claim = {
  ...{ session: SESSION, tenant: 'build', principal: 'build', incarnation: '000000', fence: 1, name: 'build' },
  ...{ template: 'build', region: 'local', command: 'bash', args: ['-c', 'printf "\\033[1mready\\033[0m\\n"; cat'] },
  ...{ cwd: null, env: {}, cols: 80, rows: 24, sizePolicy: 'latest', clipboard: 'controller', labels: {} },
  ...{ createdAt: new Date().toISOString(), expiresAt: null, idleAction: 'stop', restart: 'never', idleSeconds: 3600 },
  ...{ replayBytes: 1024 * 1024, scrollbackLines: 1000 },
}

const dist = resolve(process.argv[2] ?? '')
const dir = mkdtempSync(join(tmpdir(), 'hf-compile-'))
const socketPath = join(dir, 's')
Object.assign(process.env, { HOLDFAST_HOST_ID: HOST, HOLDFAST_HOST_KEY: KEY, HOLDFAST_LISTEN: `unix:${socketPath}` })
process.env.LOG_LEVEL = 'error'

const headersFor = (op: HostGrant['op']) => {
  const grant: HostGrant = { host: HOST, session: SESSION, fence: 1, op, mode: 'rw', principal: 'build' }
  return { authorization: `Bearer ${sign(KEY, grant, LATE_MS)}` }
}

const call = async (method: string, path: string, body?: object): Promise<void> => {
  const asked = request({ socketPath, method, path, headers: headersFor('manage') })
  asked.end(body && JSON.stringify(body))
  const [response] = await once(asked, 'response')
  response.resume()
  if (response.statusCode !== 200) throw new Error(`${method} ${path}: ${response.statusCode}`)
}

const live = async (): Promise<void> => {
  await call('POST', '/claim', claim)
  const view = new WebSocket(`ws+unix:${socketPath}:/attach`, ['holdfast.v1'], { headers: headersFor('attach') })
  await once(view, 'open')
  const echoed = new Promise<void>((done) => {
    view.on('message', (data: Buffer, isBinary) => {
      if (isBinary && data.includes('ready')) view.send(Buffer.from('typed\n'))
      if (isBinary && data.includes('typed')) done()
    })
  })
  view.send(JSON.stringify({ type: 'attach', client: 'build', cols: 100, rows: 30, colors: { background: '#000000' } }))
  await echoed
  await call('POST', '/wait', { until: 'text', text: 'typed' })
  await call('GET', '/status')
  view.close()
  await once(view, 'close')
  await call('POST', '/stop', { graceMs: 0 })
}

const late = setTimeout(() => {
  throw new Error('the session host did not get through')
}, LATE_MS)
const script = createRequire(import.meta.url)(join(dist, 'main.cjs')) as Script
while (!existsSync(socketPath)) await delay(5)
await live()
clearTimeout(late)
writeFileSync(join(dist, 'host.compiled'), script.createCachedData())
rmSync(dir, { recursive: true })
process.exit()
