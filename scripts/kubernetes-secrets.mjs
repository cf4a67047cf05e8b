/** Puts what a new installation keeps secret into the Secret "holdfast" of the namespace of its own pod, unless it is there. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSecrets } from './secrets.mjs'

const account = (name) => readFileSync(`/var/run/secrets/kubernetes.io/serviceaccount/${name}`, 'utf8')
const CREATED = 201
const THERE_ALREADY = 409

const dir = mkdtempSync(join(tmpdir(), 'secrets-'))
makeSecrets(dir)
const files = ['master.key', 'api.key', 'keys.json'].map((name) => [name, readFileSync(join(dir, name), 'utf8').trim()])
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'holdfast', labels: { 'app.kubernetes.io/part-of': 'holdfast' } },
  stringData: { ...Object.fromEntries(files), 'redis.password': randomBytes(32).toString('hex') },
}

const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
const answer = await fetch(`${server}/api/v1/namespaces/${account('namespace')}/secrets`, {
  method: 'POST',
  headers: { authorization: `Bearer ${account('token')}`, 'content-type': 'application/json' },
  body: JSON.stringify(secret),
  signal: AbortSignal.timeout(10_000),
})
if (![CREATED, THERE_ALREADY].includes(answer.status)) {
  throw new Error(`the Secret could not be made: HTTP ${answer.status} ${await answer.text()}`)
}
console.log(answer.status === CREATED ? 'the Secret "holdfast" is made' : 'the Secret "holdfast" is there already')
