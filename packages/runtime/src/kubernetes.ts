/** Session hosts as pods of one namespace of a Kubernetes cluster (1.20 or newer). */
import { HoldfastError, type NodeKubernetes } from '@holdfast/protocol'
import { KUBE_MS, type KubeApi, KubeRefusal, kubeApi, unlessStatus } from './kubernetes-api.ts'
import { applyPolicies } from './kubernetes-network.ts'
import { kubeNews, type News, type NewsTimes } from './kubernetes-news.ts'
import { ASSIGNMENT, podBody, podName, USE_LABEL } from './kubernetes-pod.ts'
import { cordonedWorkers, listAll, preemptionOf, readPod } from './kubernetes-pods.ts'
import { DELETED, hostOfPod, infoOf, isTrouble, NO_ADDRESS, obstacleOf, type PodAnswer } from './kubernetes-status.ts'
import { awaitGone, awaitOne } from './kubernetes-wait.ts'
import { claimedWorkspaces, type Workspaces } from './kubernetes-workspace.ts'
import { type HostInfo, type HostSpec, ImageMissing, type Runtime, RuntimeRefused } from './runtime.ts'

export interface KubernetesOptions {
  cluster: string
  node: string
  settings: NodeKubernetes
  /** How many times the cores of the cluster may be promised to sessions. */
  cpuOvercommit: number
  /** Pods in one answer of a list; default 500. Fewer in tests. */
  pageSize?: number
  /** Of the watches; shorter in tests. */
  newsTimes?: NewsTimes
}

interface Engine {
  api: KubeApi
  options: KubernetesOptions
  /** Of the pods. */
  news: News
  /** Resolves when the network policies are in place. */
  guarded(): Promise<void>
  /** Null where files go with their pod. */
  workspaces: Workspaces | null
}

/** How long a create waits for the pod to run; one that takes longer, such as for its image, is waited for by the next. */
const START_MS = 30_000
/** How long a remove waits for the worker's word that nothing of the pod runs any more. */
const REMOVE_MS = 30_000
/** From KILL to the worker's word. */
const STOP_SLACK_MS = 20_000

const ours = ({ options }: Engine, hostId: string, pod: PodAnswer): HostInfo => {
  if (hostOfPod(pod, options.cluster) === hostId) return infoOf(pod, hostId, options.node)
  throw new RuntimeRefused(`a pod named "${pod.metadata.name}" is there that is not ours`)
}

const inspect = async (engine: Engine, hostId: string): Promise<HostInfo | null> => {
  const pod = await readPod(engine.api, podName(engine.options.cluster, hostId))
  if (pod === null) return null
  const info = ours(engine, hostId, pod)
  const preempted = info.reason === DELETED ? await preemptionOf(engine.api, pod) : null
  return preempted === null ? info : { ...info, reason: `Preempted: ${preempted}` }
}

/**
 * `graceS`: 1 is the least that waits for the worker's word; 0 frees the name at once, and is for a pod in which nothing runs yet.
 */
const deletePod = async ({ api }: Engine, name: string, graceS: 0 | 1, uid?: string): Promise<void> => {
  const body = { gracePeriodSeconds: graceS, ...(uid === undefined ? {} : { preconditions: { uid } }) }
  const call = { what: `delete pod ${name}`, method: 'DELETE', path: `pods/${name}`, body, ms: KUBE_MS.change } as const
  await unlessStatus([404, 409], api.ask(call)) // 409: another pod has the name by now
}

type Start = { info: HostInfo } | { obstacle: Error; uid: string } | { gone: true }

/** What has come of a start so far; undefined while it goes on. */
const startOf = (engine: Engine, spec: HostSpec, pod: PodAnswer | null): Start | undefined => {
  if (pod === null) return { gone: true }
  const info = ours(engine, spec.hostId, pod)
  if (info.state !== 'created' && (info.address !== NO_ADDRESS || info.state === 'exited')) return { info }
  const obstacle = obstacleOf(pod)
  const { uid } = pod.metadata
  if (obstacle?.kind === 'image')
    return { uid, obstacle: new ImageMissing(spec.image, { cause: new Error(obstacle.message) }) }
  if (obstacle?.kind === 'refused') return { uid, obstacle: new RuntimeRefused(obstacle.message) }
  return undefined
}

const awaitStart = async (engine: Engine, spec: HostSpec, name: string): Promise<HostInfo> => {
  let waits = 'it is not scheduled'
  const start = await awaitOne(engine.api, { news: engine.news, name }, START_MS, (pod) => {
    waits = (pod && obstacleOf(pod)?.message) ?? waits
    return startOf(engine, spec, pod)
  })
  if (start === undefined) {
    throw new HoldfastError('RUNTIME_UNAVAILABLE', `${name} does not run after ${START_MS / 1000} s: ${waits}`)
  }
  if ('gone' in start) throw new HoldfastError('RUNTIME_UNAVAILABLE', `Kubernetes has ${name} no more, which was made`)
  if ('info' in start) return start.info
  await deletePod(engine, name, 0, start.uid)
  throw start.obstacle
}

const create = async (engine: Engine, spec: HostSpec): Promise<HostInfo> => {
  const { api, options } = engine
  const body = podBody(spec, options)
  const name = podName(options.cluster, spec.hostId)
  await engine.guarded()
  await engine.workspaces?.make(spec)
  // 409: it is there already, and waited for as if it were new.
  await unlessStatus(
    [409],
    api.ask({ what: `create pod ${name}`, method: 'POST', path: 'pods', body, ms: KUBE_MS.change }),
  )
  return awaitStart(engine, spec, name)
}

/**
 * To the host: of the pod's processes that have no parent it is the one that is neither the first, the pod's init, nor this shell.
 * `$0` is the signal.
 */
const SIGNAL_HOST = `for at in /proc/[0-9]*; do
  pid=\${at#/proc/}
  if [ $pid = 1 ] || [ $pid = $$ ]; then continue; fi
  while read -r key value; do
    if [ "$key" = PPid: ] && [ "$value" = 0 ]; then kill -s $0 $pid; fi
  done <$at/status
done 2>/dev/null; true`

/**
 * From inside, where that can be: the pod's image may ask for another signal than TERM, and a grace is fixed when a pod is made. A
 * pod without a shell, or without room for one more process, is ended by its worker when its time is over. It is not deleted,
 * which would take the exit code and the log away. Source: PodSpec.activeDeadlineSeconds, the one limit that may be set later.
 */
const signalHost = async ({ api }: Engine, name: string, signal: 'TERM' | 'KILL'): Promise<void> => {
  const what = `stop ${name}`
  const command = ['/bin/sh', '-c', SIGNAL_HOST, signal]
  await api.run({ what, pod: name, command, ms: KUBE_MS.change }).catch(async () => {
    const body = { spec: { activeDeadlineSeconds: 1 } }
    const type = 'application/merge-patch+json'
    const patch = { what, method: 'PATCH', path: `pods/${name}`, body, type, ms: KUBE_MS.change } as const
    await unlessStatus([404], api.ask(patch))
  })
}

const stop = async (engine: Engine, hostId: string, graceMs: number): Promise<void> => {
  if ((await inspect(engine, hostId))?.state !== 'running') return
  const name = podName(engine.options.cluster, hostId)
  let isOver = false
  const ended = (ms: number) =>
    awaitOne(engine.api, { news: engine.news, name }, ms, (pod) => {
      isOver = pod?.status?.phase === 'Failed'
      return pod === null || ours(engine, hostId, pod).state !== 'running' || undefined
    })
  /** Whichever comes first: the shell that gives the signal may go with the pod before it has answered. */
  const endedBy = (signal: 'TERM' | 'KILL', ms: number) => {
    const end = ended(ms)
    return Promise.race([end, signalHost(engine, name, signal).then(() => end)])
  }
  if (graceMs > 0 && (await endedBy('TERM', graceMs))) return
  // Workers before 1.22 end a pod whose time is over, but do not say so of its container.
  if ((await endedBy('KILL', STOP_SLACK_MS)) || isOver) return
  throw new HoldfastError('RUNTIME_UNAVAILABLE', `${name} did not end within ${(graceMs + STOP_SLACK_MS) / 1000} s`)
}

/** What has ended is gone as soon as it is deleted; of what runs the worker's word is waited for, some ten seconds. */
const removePod = async (engine: Engine, hostId: string): Promise<void> => {
  const found = await inspect(engine, hostId)
  if (found === null) return
  if (found.state === 'running') await stop(engine, hostId, 0).catch(() => {}) // the delete says why, if it fails, too
  const name = podName(engine.options.cluster, hostId)
  await deletePod(engine, name, 1)
  await awaitGone(engine.api, { news: engine.news, name }, REMOVE_MS, 'its worker does not say that it has ended')
}

/** The files go last: as long as the pod is there, an interrupted removal is gone on with. */
const remove = async (engine: Engine, hostId: string, workspace: string | null): Promise<void> => {
  await removePod(engine, hostId)
  if (workspace !== null) await engine.workspaces?.remove(workspace)
}

/** The server tests and sets at once, so of any number of writers one comes first. */
const assign = async (engine: Engine, hostId: string, labels: Readonly<Record<string, string>>): Promise<void> => {
  const name = podName(engine.options.cluster, hostId)
  const pod = await readPod(engine.api, name)
  const notFound = new HoldfastError('NOT_FOUND', 'the warm host is gone')
  if (pod === null) throw notFound
  const path = `/metadata/annotations/${ASSIGNMENT}`
  const value = JSON.stringify(labels)
  const body = [
    { op: 'test', path: '/metadata/uid', value: pod.metadata.uid },
    { op: 'test', path, value: '' },
    { op: 'replace', path, value },
    { op: 'add', path: `/metadata/labels/${USE_LABEL}`, value: 'session' },
  ]
  const type = 'application/json-patch+json'
  const patching = engine.api.ask({
    what: `assign ${name}`,
    method: 'PATCH',
    path: `pods/${name}`,
    body,
    type,
    ms: KUBE_MS.change,
  })
  if ((await unlessStatus([404, 422], patching)) !== null) return
  const now = await readPod(engine.api, name)
  if (now?.metadata.uid !== pod.metadata.uid) throw notFound
  if (now.metadata.annotations?.[ASSIGNMENT] !== value)
    throw new RuntimeRefused(`the warm host ${hostId} is another session's`)
}

/** Of all that is heard of pods what their sessions should know: that they are gone, are to go, have ended, or are out of sight. */
const follow = ({ news, options }: Engine, changed: (hostId: string) => void, signal: AbortSignal): void => {
  const prefix = `hf-${options.cluster}-`
  const unfollow = news.follow((name, pod) => {
    const matters = pod === null || isTrouble(pod)
    if (matters && name.startsWith(prefix)) changed(name.slice(prefix.length))
  })
  signal.addEventListener('abort', unfollow, { once: true })
}

const list = async ({ api, options }: Engine): Promise<HostInfo[]> => {
  const [pods, cordoned] = await Promise.all([listAll<PodAnswer>(api, 'pods', options), cordonedWorkers(api)])
  return pods.flatMap((pod) => {
    const hostId = hostOfPod(pod, options.cluster)
    if (hostId === null) return []
    const info = infoOf(pod, hostId, options.node)
    const worker = pod.spec?.nodeName ?? ''
    return [cordoned.has(worker) ? { ...info, leaves: worker } : info]
  })
}

/** The port is the host's as long as it runs, and its pod ends with it: there is nothing that a session could take over. */
const seal = async (engine: Engine, hostId: string): Promise<void> => {
  if ((await inspect(engine, hostId)) === null)
    throw new HoldfastError('NOT_FOUND', `there is no session host ${hostId}`)
}

/** The last so many bytes are in the last so many lines. */
const tail = async ({ api, options }: Engine, hostId: string, maxBytes: number): Promise<string> => {
  const name = podName(options.cluster, hostId)
  let last: Buffer = Buffer.alloc(0)
  const query = { container: 'host', tailLines: maxBytes }
  const reading = api.read(
    { what: `read the log of ${name}`, path: `pods/${name}/log`, query, ms: KUBE_MS.query },
    (chunk) => {
      last = Buffer.concat([last, chunk]).subarray(-maxBytes)
      return undefined
    },
  )
  await unlessStatus([400, 404], reading) // 400: it has not begun, or its log went with its worker
  return last.toString('utf8')
}

/** With the rights that all else needs. Throws RUNTIME_UNAVAILABLE also when they are missing. */
const ping = async ({ api, options }: Engine): Promise<void> => {
  try {
    await api.ask({ what: 'answer a ping', path: 'pods', query: { limit: 1 }, ms: KUBE_MS.ping })
  } catch (error) {
    if (!(error instanceof KubeRefusal)) throw error
    const message = `namespace ${options.settings.namespace}: ${error.message}`
    throw new HoldfastError('RUNTIME_UNAVAILABLE', message, { cause: error })
  }
}

/** Throws BAD_REQUEST when the kubeconfig cannot be read. */
export const kubernetesRuntime = (options: KubernetesOptions): Runtime => {
  const api = kubeApi(options.settings)
  let guarding: Promise<void> | undefined
  const apply = (): Promise<void> => {
    const applied = applyPolicies(api, options.cluster)
    guarding = applied
    applied.catch(() => {
      guarding = undefined
    })
    return applied
  }
  const workspaces = options.settings.storageClassName === undefined ? null : claimedWorkspaces(api, options)
  const news = kubeNews(api, 'pods', options, options.newsTimes)
  const engine: Engine = { api, options, news, guarded: () => guarding ?? apply(), workspaces }
  return {
    kind: 'kubernetes',
    node: options.node,
    create: (spec) => create(engine, spec),
    address: async (hostId) => (await inspect(engine, hostId))?.address ?? NO_ADDRESS,
    seal: (hostId) => seal(engine, hostId),
    assign: (hostId, labels) => assign(engine, hostId, labels),
    list: () => list(engine),
    follow: async (changed, signal) => follow(engine, changed, signal),
    inspect: (hostId) => inspect(engine, hostId),
    stop: (hostId, graceMs) => stop(engine, hostId, graceMs),
    remove: (hostId, workspace = hostId) => remove(engine, hostId, workspace),
    ...(workspaces === null ? {} : { unusedWorkspaces: workspaces.unused, removeWorkspace: workspaces.removeUnused }),
    tail: (hostId, maxBytes) => tail(engine, hostId, maxBytes),
    report: async () => ({ pressure: null, images: null, bridgePorts: null }),
    ping: () => ping(engine),
    prepare: apply,
  }
}
