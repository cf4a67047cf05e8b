/** Brings what the commands need onto this machine: packages, Node 24, native parts, Redis, a browser. Each does nothing when it is there. */
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onPath, run, step } from './progress.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules/.bin')
const nodeBin = join(root, 'node_modules/node/bin')
/** The Node 24 that npm's package `node` brings, whatever runs this script. */
export const node24 = join(root, 'node_modules/node/bin/node')
export const withNode24 = { ...process.env, PATH: `${nodeBin}:${bin}:${process.env.PATH}` }

let updated = false
/** Installs Debian packages without starting their services. Needs root; says what to run otherwise. */
export const apt = async (...packages) => {
  const names = packages.join(' ')
  if (!onPath('apt-get')) throw new Error(`please install: ${names} (this machine has no apt-get)`)
  if (process.getuid?.() !== 0) throw new Error(`please run as root: apt-get install ${names}`)
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await step(`installing ${names}`, async () => {
    if (ours) {
      writeFileSync(policy, '#!/bin/sh\nexit 101\n')
      chmodSync(policy, 0o755)
    }
    try {
      const options = ['-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']
      if (!updated) await run('apt-get', [...options, 'update'], { env })
      updated = true
      await run('apt-get', [...options, 'install', '-y', '--no-install-recommends', ...packages], { env })
    } finally {
      if (ours) rmSync(policy, { force: true })
    }
  })
}

/** npm packages at the versions of the lock file, and Node 24 from npm's `node`. Their install scripts are not run. */
export const packages = async () => {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules/.holdfast-lock')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    // Not `npm ci`: it refuses the lock file where a mirror lacks the optional packages of other platforms.
    const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
    await step('installing npm packages', () => run('npm', args, { cwd: root }))
    writeFileSync(stamp, lock)
  }
  if (!existsSync(node24)) {
    const cwd = join(root, 'node_modules/node')
    await step('installing Node 24', () => run(process.execPath, ['installArchSpecificPackage.js'], { cwd }))
  }
}

/** node-pty and the shim that holds a session's terminal, compiled here: neither is published for Linux. */
export const native = async () => {
  if (!onPath('g++')) await apt('g++', 'libc6-dev')
  await step('compiling the terminal parts', () => run(node24, [join(root, 'scripts/native.mjs')], { cwd: root }))
}

/** Services and console as they are deployed, built again when a source changed (turbo decides). */
export const bundles = () =>
  step('building services and console', () => run(join(bin, 'turbo'), ['run', 'build'], { cwd: root, env: withNode24 }))

export const redisServer = async () => {
  if (!onPath('redis-server')) await apt('redis-server')
}

export const tmuxProgram = async () => {
  if (!onPath('tmux')) await apt('tmux')
}

export const chromium = async () => {
  if (!onPath('chromium')) await apt('chromium', 'fonts-dejavu-core')
}

/** Tells this installation's containers and records from those of another on the same machine; made once for a data folder. */
export const clusterId = (dir) => {
  const path = join(dir, 'cluster')
  if (!existsSync(path)) writeFileSync(path, randomBytes(4).toString('hex'))
  return readFileSync(path, 'utf8')
}
