/** The Docker engine, its plugins and our images: found, else installed and built. Nothing is pulled in tests or with HOLDFAST_AIRGAP=1. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onPath, run, step, succeeds } from './progress.mjs'
import { apt, node24, root } from './setup.mjs'

export const dockerAnswers = () => succeeds('docker', ['version'])

const waitForDocker = async () => {
  for (let i = 0; i < 150; i++) {
    if (dockerAnswers()) return
    await new Promise((done) => setTimeout(done, 200))
  }
  throw new Error('dockerd does not answer after 30 s; its log: /var/log/holdfast-dockerd.log')
}

/** A running engine: Debian's if there is none; live-restore, so that sessions outlive a restart of dockerd. */
export const dockerEngine = async () => {
  if (dockerAnswers()) return
  if (!onPath('dockerd') || !onPath('iptables')) await apt('docker.io', 'iptables', 'iproute2')
  await step('starting the Docker engine', async () => {
    // A pid file left by a machine that went down stops a daemon from starting when that pid is in use again.
    const left = { dockerd: '/var/run/docker.pid', containerd: '/var/run/docker/containerd/containerd.pid' }
    for (const [name, file] of Object.entries(left)) if (!succeeds('pidof', [name])) rmSync(file, { force: true })
    const log = openSync('/var/log/holdfast-dockerd.log', 'a')
    spawn('dockerd', ['--live-restore'], { detached: true, stdio: ['ignore', log, log] }).unref()
    await waitForDocker()
  })
}

/** `docker compose` and `docker buildx`: bookworm has neither as a plugin, so the packages of Debian's next releases are unpacked. */
export const dockerPlugins = async () => {
  if (succeeds('docker', ['compose', 'version']) && succeeds('docker', ['buildx', 'version'])) return
  if (process.getuid?.() !== 0) throw new Error('please install the Docker plugins "compose" and "buildx"')
  await step('installing docker compose and buildx', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'holdfast-'))
    try {
      await run('bash', [join(root, 'scripts/docker-plugins.sh'), dir])
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
}

const hasImage = (name) => succeeds('docker', ['image', 'inspect', name])

const pulled = async (from, to) => {
  try {
    await step(`pulling ${from}`, async () => {
      await run('timeout', ['120', 'docker', 'pull', '-q', from])
      await run('docker', ['tag', from, to])
    })
    return true
  } catch {
    process.stderr.write('! no registry in reach: base images are built from packages\n')
    return false
  }
}

const buildDebian = async (dir) => {
  if (hasImage('holdfast/debian:bookworm')) return
  if (!onPath('mmdebstrap')) await apt('mmdebstrap')
  await step('building a Debian base image from packages', async () => {
    const tar = join(dir, 'base.tar')
    const without = ['doc', 'man', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`)
    const args = [
      '--mode=root',
      '--variant=minbase',
      '--include=ca-certificates',
      ...without,
      '--aptopt=Acquire::Languages "none"',
    ]
    await run('mmdebstrap', [...args, 'bookworm', tar])
    await run('docker', ['import', '-c', 'CMD ["bash"]', tar, 'holdfast/debian:bookworm'])
  })
}

/** The certificates this machine trusts: behind a proxy with its own, npm, curl and git must work in containers too. */
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

/** Puts npm's own `node` and `npm` packages into a build context. */
const nodeContext = async (dir) => {
  cpSync(node24, join(dir, 'node'))
  cpSync(CERTIFICATES, join(dir, 'ca-certificates.crt'))
  await run('npm', ['pack', '--silent', 'npm@11', '--pack-destination', dir])
  const tarball = readdirSync(dir).find((name) => name.startsWith('npm-') && name.endsWith('.tgz'))
  mkdirSync(join(dir, 'npm'))
  await run('tar', ['-xzf', join(dir, tarball), '-C', join(dir, 'npm'), '--strip-components=1'])
}

const BASES = {
  'holdfast/node:24': { official: 'node:24-bookworm-slim', file: 'debian-node.Dockerfile', context: nodeContext },
  'holdfast/redis:7': { official: 'redis:7', file: 'debian-redis.Dockerfile' },
  'holdfast/prometheus:2': { official: 'prom/prometheus:v2.55.1', file: 'debian-prometheus.Dockerfile' },
}

/** Base images under our own names: what is here already, else pulled (if allowed), else built from Debian's and npm's packages. */
export const baseImages = async ({ mayPull }) => {
  let registry = mayPull
  for (const [name, { official, file, context }] of Object.entries(BASES)) {
    if (hasImage(name)) continue
    if (registry) registry = await pulled(official, name)
    if (registry) continue
    const dir = mkdtempSync(join(tmpdir(), 'holdfast-'))
    try {
      await buildDebian(dir)
      await step(`building ${name} from packages`, async () => {
        const contextDir = join(dir, 'context')
        mkdirSync(contextDir)
        await context?.(contextDir)
        await run('docker', ['build', '-q', '-t', name, '-f', join(root, 'images', file), contextDir])
      })
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
}

/** holdfast/session and holdfast/service from this checkout. */
export const ourImages = async () => {
  for (const target of ['session', 'service']) {
    const args = [
      'build',
      '-q',
      '-t',
      `holdfast/${target}`,
      '--target',
      target,
      '--build-arg',
      'NODE_IMAGE=holdfast/node:24',
    ]
    await step(`building holdfast/${target}`, () =>
      run('docker', [...args, '-f', join(root, 'images/Dockerfile'), root]),
    )
  }
}
