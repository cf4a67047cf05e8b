/** A pod as anybody would make it, timed: until its container runs, and until its first output is read. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ended } from '../services.ts'
import type { Undo } from '../undo.ts'

export const kubectl = (...args: string[]): string => execFileSync('kubectl', args, { encoding: 'utf8' }).trim()

/** The address at which kubectl passes on requests, with the credentials of the kubeconfig. */
export const startProxy = async (undo: Undo): Promise<string> => {
  const child: ChildProcess = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'ignore'] })
  undo.add(() => ended(child))
  if (child.stdout === null) throw new Error('kubectl proxy has no output')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return `http://${/127\.0\.0\.1:\d+/.exec(line)?.[0]}`
}

/** With what a session's pod has, and nothing that only a session host needs. */
const podOf = (name: string, image: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image,
        imagePullPolicy: 'Never',
        command: ['echo', 'first'],
        resources: { requests: { memory: '512Mi', cpu: '100m' }, limits: { memory: '512Mi', cpu: '2' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  },
})

const chunks = async function* (response: Response): AsyncGenerator<string> {
  if (!response.ok || response.body === null) throw new Error(`the API server answers ${response.status}`)
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) yield chunk
}

/** Until the API server says that the container runs or has run, as watched. */
const untilRunning = async (pods: string, name: string): Promise<void> => {
  const heard = await fetch(`${pods}?watch=true&timeoutSeconds=60&fieldSelector=metadata.name=${name}`)
  let rest = ''
  for await (const chunk of chunks(heard)) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (/"containerStatuses":.*"(running|terminated)":/.test(line)) return
  }
  throw new Error('the pod does not run')
}

export interface BareStart {
  runningMs: number
  outputMs: number
}

export const startBarePod = async (
  proxy: string,
  namespace: string,
  image: string,
  name: string,
): Promise<BareStart> => {
  const pods = `${proxy}/api/v1/namespaces/${namespace}/pods`
  const begin = performance.now()
  const headers = { 'content-type': 'application/json' }
  const made = await fetch(pods, { method: 'POST', headers, body: JSON.stringify(podOf(name, image)) })
  if (!made.ok) throw new Error(`the API server answers ${made.status}: ${await made.text()}`)
  await untilRunning(pods, name)
  const runningMs = performance.now() - begin
  const log = chunks(await fetch(`${pods}/${name}/log?follow=true`))
  if ((await log.next()).done) throw new Error('the pod printed nothing')
  const outputMs = performance.now() - begin
  await log.return(undefined)
  await fetch(`${pods}/${name}?gracePeriodSeconds=0`, { method: 'DELETE' })
  return { runningMs, outputMs }
}
