/** The stream that `docker exec -it` attaches to: a terminal of the engine's own, without any session behind it. */
import Docker from 'dockerode'
import { docker, hasImage, removeContainer } from '../docker.ts'
import { type Contender, Outlet, Skipped } from '../line.ts'
import { TTYD_IMAGE } from './ttyd.ts'

const IMAGES = ['holdfast/session', TTYD_IMAGE]

export const dockerExec: Contender = {
  name: 'docker exec',
  async open(command, undo) {
    const image = IMAGES.find(hasImage)
    if (image === undefined) throw new Skipped(`no Docker engine, or no image ${IMAGES.join(' or ')}`)
    const id = docker('run', '-d', '--init', '--pull=never', '--network=none', image, 'sleep', '3600')
    const close = undo.add(() => removeContainer(id))
    const attach = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true }
    const exec = await new Docker()
      .getContainer(id)
      .exec({ ...attach, Cmd: [...command], ConsoleSize: [24, 80] } as never)
    const stream = await exec.start({ hijack: true, stdin: true, Tty: true })
    const outlet = new Outlet()
    stream.on('data', (bytes: Buffer) => outlet.push(bytes))
    stream.on('error', () => undefined) // the container is removed under it
    return {
      type: (text) => stream.write(text),
      outlet,
      close,
    }
  },
}
