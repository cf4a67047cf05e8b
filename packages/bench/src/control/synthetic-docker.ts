/** The part of Docker's Engine API (v1.41) that the Docker runtime uses, over containers that exist in memory only. */
import { randomBytes } from 'node:crypto'
import { rmSync, symlinkSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { ContainerCreateOptions } from 'dockerode'
import { SyntheticHost, textOf } from './synthetic-host.ts'

interface Container {
  id: string
  name: string
  body: ContainerCreateOptions
  state: 'created' | 'running' | 'exited'
  createdMs: number
  /** While it runs. */
  host: SyntheticHost | null
}

export interface Answer {
  status: number
  body?: unknown
}

/** As in a container, where the host listens; the runtime mounts the host's directory over it. */
const SOCKET_DIR = '/run/holdfast'
/** 128 + SIGTERM: it ends as it is told. */
const STOPPED = 143

const refusal = (status: number, message: string): Answer => ({ status, body: { message } })
const noContainer = (name: string): Answer => refusal(404, `No such container: ${name}`)

export class SyntheticDocker {
  readonly #containers = new Map<string, Container>()
  readonly #volumes = new Set<string>()
  readonly #hosts = new Map<string, SyntheticHost>()
  readonly #hostSocket: string

  /** All hosts listen on the one socket; each has a link to it where its own would be. */
  constructor(hostSocket: string) {
    this.#hostSocket = hostSocket
  }

  host(hostId: string): SyntheticHost | undefined {
    return this.#hosts.get(hostId)
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine')
    const [, kind, name = '', action = ''] = pathname.split('/')
    if (pathname === '/_ping') return { status: 200, body: 'OK' }
    if (pathname === '/images/json') return { status: 200, body: [] }
    if (pathname === '/containers/create') {
      return this.#create(searchParams.get('name') ?? '', JSON.parse(await textOf(request)))
    }
    if (pathname === '/containers/json') return { status: 200, body: this.#list(searchParams.get('filters') ?? '{}') }
    // Only those without a container are asked for.
    if (pathname === '/volumes') return { status: 200, body: { Volumes: [] } }
    if (kind === 'volumes') return this.#volume(name, request.method === 'DELETE')
    const container = kind === 'containers' ? this.#containers.get(name) : undefined
    if (container === undefined) return noContainer(name)
    if (request.method === 'DELETE') return this.#remove(container)
    if (action === 'json') return { status: 200, body: inspected(container) }
    if (action === 'start') return this.#start(container)
    if (action === 'stop') return this.#stop(container)
    if (action === 'logs') return { status: 200, body: Buffer.alloc(0) }
    return refusal(501, `not synthesised: ${request.method} ${pathname}`)
  }

  #create(name: string, body: ContainerCreateOptions): Answer {
    if (this.#containers.has(name)) return refusal(409, `Conflict. The container name "/${name}" is already in use`)
    const id = randomBytes(32).toString('hex')
    this.#containers.set(name, { id, name, body, state: 'created', createdMs: Date.now(), host: null })
    for (const { Type, Source } of body.HostConfig?.Mounts ?? []) if (Type === 'volume') this.#volumes.add(Source)
    return { status: 201, body: { Id: id, Warnings: [] } }
  }

  #start(container: Container): Answer {
    if (container.state === 'running') return { status: 304 }
    const { hostId, key } = envOf(container)
    container.state = 'running'
    container.host = new SyntheticHost(hostId, key)
    this.#hosts.set(hostId, container.host)
    symlinkSync(this.#hostSocket, socketOf(container))
    return { status: 204 }
  }

  #stop(container: Container): Answer {
    if (container.state !== 'running') return { status: 304 }
    container.state = 'exited'
    container.host?.die()
    this.#hosts.delete(envOf(container).hostId)
    rmSync(socketOf(container), { force: true })
    return { status: 204 }
  }

  #remove(container: Container): Answer {
    this.#stop(container)
    this.#containers.delete(container.name)
    return { status: 204 }
  }

  #volume(name: string, remove: boolean): Answer {
    if (!this.#volumes.has(name)) return refusal(404, `get ${name}: no such volume`)
    if (remove) this.#volumes.delete(name)
    return remove ? { status: 204 } : { status: 200, body: { Name: name, Driver: 'local' } }
  }

  #list(filters: string): unknown[] {
    const { label = [] } = JSON.parse(filters) as { label?: string[] }
    const wanted = label.map((text) => text.split('='))
    return [...this.#containers.values()]
      .filter(({ body: { Labels = {} } }) =>
        wanted.every(([key = '', value]) => (value === undefined ? key in Labels : Labels[key] === value)),
      )
      .map(listed)
  }
}

const envOf = ({ body }: Container): { hostId: string; key: string } => {
  const value = (name: string) => body.Env?.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
  return { hostId: value('HOLDFAST_HOST_ID'), key: value('HOLDFAST_HOST_KEY') }
}

const socketOf = ({ body }: Container): string => {
  const mount = body.HostConfig?.Mounts?.find(({ Target }) => Target === SOCKET_DIR)
  return join(mount?.Source ?? '', 'host.sock')
}

const inspected = ({ id, name, body, state, createdMs }: Container): object => ({
  Id: id,
  Name: `/${name}`,
  Created: new Date(createdMs).toISOString(),
  State: { Status: state, ExitCode: state === 'exited' ? STOPPED : 0, OOMKilled: false },
  Config: { Image: body.Image, Env: body.Env, Labels: body.Labels },
  HostConfig: body.HostConfig,
  Mounts: [],
})

const listed = ({ id, name, body, state, createdMs }: Container): object => ({
  Id: id,
  Names: [`/${name}`],
  Image: body.Image,
  Created: Math.floor(createdMs / 1000),
  Labels: body.Labels,
  State: state,
  Status: state === 'exited' ? `Exited (${STOPPED}) 1 second ago` : state === 'running' ? 'Up 1 second' : 'Created',
  HostConfig: { NetworkMode: body.HostConfig?.NetworkMode },
  Mounts: body.HostConfig?.Mounts,
})
