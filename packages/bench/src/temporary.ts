/** A Holdfast of this run's own: started as a user starts it, on a free port, and taken down without a trace. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastClient } from '@holdfast/client'
import { docker, lines, removeLabelled } from './docker.ts'
import { naming, processes } from './processes.ts'
import type { Undo } from './undo.ts'

const root = join(import.meta.dirname, '../../..')

/** Containers of the services and of sessions, volumes and networks, by the cluster's id. */
const removeCluster = (data: string): void => {
  const file = join(data, 'docker/cluster')
  if (!existsSync(file)) return
  const cluster = readFileSync(file, 'utf8')
  const project = `label=com.docker.compose.project=holdfast-${cluster}`
  const sessions = `label=dev.holdfast.cluster=${cluster}`
  removeLabelled(project)
  removeLabelled(sessions)
  for (const id of lines(docker('volume', 'ls', '-q', '--filter', `name=^hf-${cluster}-`)))
    docker('volume', 'rm', '-f', id)
}

/** Services and session hosts without containers all have the data folder in their environment or arguments. */
const killProcesses = (data: string): void => {
  for (const { pid } of naming(processes(), `${data}/`)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  // The group: while it still starts, what it has called must not go on making containers.
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
  await once(child, 'exit')
}

/** Ends what may still run; the services go first, so that nothing makes new hosts meanwhile. */
const endSessions = async (config: string): Promise<void> => {
  if (!existsSync(config)) return
  const client = new HoldfastClient(JSON.parse(readFileSync(config, 'utf8')))
  const { sessions } = await client.listSessions({ limit: 200 })
  for (const { id } of sessions) await client.deleteSession(id).catch(() => undefined)
}

/** What warm starts are measured with, beside the templates that everyone has. */
export const WARM_TEMPLATE = 'warm'
const WARM = `
- name: ${WARM_TEMPLATE}
  image: holdfast/session
  command: [bash, -l]
  network: false
  pool: { size: 2 }
`

/** Resolves with the path of its client.json. */
export const startTemporary = async (undo: Undo): Promise<string> => {
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const config = join(data, 'client.json')
  undo.add(() => rmSync(data, { recursive: true, force: true }))
  writeFileSync(join(data, 'templates.yaml'), readFileSync(join(root, 'templates.yaml'), 'utf8') + WARM)
  undo.add(() => removeCluster(data))
  undo.add(() => killProcesses(data))
  const args = [join(root, 'scripts/start.mjs'), '--port', '0', '--data', data]
  // A group of its own: Ctrl-C reaches only us, and we stop it in order.
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  undo.add(() => stop(child))
  undo.add(() => endSessions(config).catch(() => undefined))
  await new Promise<void>((done, fail) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (/^url: /m.test(text)) done()
    })
    child.once('error', fail)
    child.once('exit', (code, signal) => fail(new Error(`npm start ended with ${code ?? signal}`)))
  })
  return config
}
