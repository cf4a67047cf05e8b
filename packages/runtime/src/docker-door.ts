/** The door's container on a node elsewhere, and the volume with the directories of the node's session hosts. */
import { createHash } from 'node:crypto'
import type Docker from 'dockerode'
import { BOUNDED_LOG } from './docker-container.ts'
import { call, createContainer, DEADLINE_MS, unless } from './docker-engine.ts'
import { ImageMissing } from './runtime.ts'

export interface DoorOptions {
  cluster: string
  /** Has the door's program. */
  image: string
  /** `<IP>:<port>` of the node on which it listens. */
  listen: string
  /** Hex key of its orders. */
  key: string
}

const HOSTS_DIR = '/run/holdfast/hosts'
const CONFIG_LABEL = 'dev.holdfast.door'
const MEMORY_BYTES = 512 * 1024 * 1024

const volumeName = (cluster: string): string => `hf-${cluster}-hosts`

const bodyOf = ({ cluster, image, listen, key }: DoorOptions): Docker.ContainerCreateOptions => ({
  Image: image,
  Cmd: ['node', '/opt/holdfast/gateway/door.mjs'],
  User: '0:0', // the folders of sessions become root's
  Env: [`HOLDFAST_DOOR_LISTEN=${listen}`, `HOLDFAST_DOOR_KEY=${key}`, `HOLDFAST_HOSTS_DIR=${HOSTS_DIR}`],
  HostConfig: {
    // The node's own address is the one that is private; a published port would be open on all of them.
    NetworkMode: 'host',
    CapDrop: ['ALL'],
    CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'],
    SecurityOpt: ['no-new-privileges'],
    ReadonlyRootfs: true,
    Init: true,
    Memory: MEMORY_BYTES,
    PidsLimit: 64,
    Mounts: [{ Type: 'volume', Source: volumeName(cluster), Target: HOSTS_DIR }] as never,
    LogConfig: BOUNDED_LOG,
    RestartPolicy: { Name: 'unless-stopped' },
  },
})

/** Changes with everything that the container is made of. */
const fingerprint = (body: Docker.ContainerCreateOptions, imageId: string): string =>
  createHash('sha256')
    .update(JSON.stringify([body, imageId]))
    .digest('hex')

/** Where the engine keeps the directories of the session hosts; the volume is made when it is not there. */
export const hostsVolume = async (docker: Docker, cluster: string): Promise<string> => {
  const name = volumeName(cluster)
  await call('make the volume of the session hosts', DEADLINE_MS.change, (abortSignal) =>
    docker.createVolume({ Name: name, abortSignal } as Docker.VolumeCreateOptions),
  )
  const inspecting = call('inspect a volume', DEADLINE_MS.query, (abortSignal) =>
    docker.getVolume(name).inspect({ abortSignal }),
  )
  return (await inspecting).Mountpoint
}

/** Makes and starts the door, replaces one that is of another image or address; running it again changes nothing. */
export const ensureDoor = async (docker: Docker, options: DoorOptions): Promise<void> => {
  const name = `hf-${options.cluster}-door`
  const looking = call('inspect an image', DEADLINE_MS.query, () => docker.getImage(options.image).inspect())
  const image = await unless([404], looking)
  if (image === null) throw new ImageMissing(options.image)
  const body = bodyOf(options)
  const wanted = fingerprint(body, image.Id)
  const inspecting = call(`inspect ${name}`, DEADLINE_MS.query, (abortSignal) =>
    docker.getContainer(name).inspect({ abortSignal }),
  )
  const found = await unless([404], inspecting)
  if (found !== null && found.Config.Labels[CONFIG_LABEL] !== wanted) {
    const removing = call(`remove ${name}`, DEADLINE_MS.change, (abortSignal) =>
      docker.getContainer(name).remove({ force: true, abortSignal }),
    )
    await unless([404, 409], removing)
  }
  if (found?.Config.Labels[CONFIG_LABEL] !== wanted) {
    // 409: another orchestrator was first.
    await unless([409], createContainer(docker, name, { ...body, Labels: { [CONFIG_LABEL]: wanted } }))
  }
  const starting = call(`start ${name}`, DEADLINE_MS.change, (abortSignal) =>
    docker.getContainer(name).start({ abortSignal }),
  )
  await unless([304], starting)
}
