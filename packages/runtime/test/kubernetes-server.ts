/** An API server that answers as a test says, with a certificate of its own. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'

/** Goes with the tests. */
export const dir = mkdtempSync(join(tmpdir(), 'hf-test-'))
after(() => rmSync(dir, { recursive: true }))
const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem']
const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1']
execFileSync('openssl', ['req', '-x509', ...key, ...names], { cwd: dir, stdio: 'ignore' })

/** Of a server on this port. */
export const kubeconfigFor = (port: number): string => {
  const file = join(dir, `${port}.json`)
  const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority': join(dir, 'cert.pem') }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'k', cluster }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    'current-context': 'c',
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

export type Serve = (request: IncomingMessage, response: ServerResponse) => void

/** A Status object. */
export const answering = (status: number, message: string): Serve => {
  const body = JSON.stringify({ kind: 'Status', message })
  return (_request, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

/** Closed at the latest with the test. */
export const apiServer = async (t: TestContext, serve: Serve): Promise<{ kubeconfig: string; close(): void }> => {
  const server = createServer(
    { key: readFileSync(join(dir, 'key.pem')), cert: readFileSync(join(dir, 'cert.pem')) },
    serve,
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  t.after(close)
  return { kubeconfig: kubeconfigFor((server.address() as AddressInfo).port), close }
}
