/** How dockerode is told to reach an engine: by Unix socket, by TCP with certificates, or through SSH. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { HoldfastError, type NodeEngine } from '@holdfast/protocol'
import Docker from 'dockerode'
import { unprinted } from './engine-agent.ts'

const TLS_PORT = 2376
const SSH_PORT = 22

const read = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new HoldfastError('BAD_REQUEST', `the engine's key or certificate: ${(error as Error).message}`)
  }
}

/** As `ssh-keygen -lf` prints it. */
const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** All fields are said, also the empty ones, because dockerode takes what is missing from a DOCKER_HOST of the environment. */
const optionsOf = ({ socket, tls, ssh }: NodeEngine): Docker.DockerOptions & { agent?: Agent } => {
  if (tls !== undefined) {
    const { host, port = TLS_PORT } = tls
    const files = { ca: read(tls.ca), cert: read(tls.cert), key: read(tls.key) }
    return { host, port, protocol: 'https', ...files, agent: unprinted(new TlsAgent({ keepAlive: false })) }
  }
  if (ssh !== undefined) {
    const { host, port = SSH_PORT, user: username, keyFile, hostKey } = ssh
    const hostVerifier = (key: Buffer): boolean => fingerprint(key) === hostKey
    return { host, port, username, protocol: 'ssh', sshOptions: { privateKey: read(keyFile), hostVerifier } }
  }
  return { socketPath: socket, host: undefined, protocol: 'http', agent: unprinted(new Agent({ keepAlive: false })) }
}

/** Throws BAD_REQUEST when a key or certificate cannot be read. Nothing is connected yet. */
export const connect = (engine: NodeEngine): Docker => new Docker(optionsOf(engine))

/** For people: `unix:/path`, `tls:host:port`, `ssh:user@host:port` or `kubernetes:context/namespace`. */
export const engineName = ({ socket, tls, ssh, kubernetes }: NodeEngine): string => {
  if (kubernetes !== undefined) return `kubernetes:${kubernetes.context ?? ''}/${kubernetes.namespace}`
  if (tls !== undefined) return `tls:${tls.host}:${tls.port ?? TLS_PORT}`
  if (ssh !== undefined) return `ssh:${ssh.user}@${ssh.host}:${ssh.port ?? SSH_PORT}`
  return `unix:${socket}`
}
