/** What the cluster's answers say about a session's pod. What is not said is not known: a pod out of sight has not ended. */
import { ASSIGNMENT, HOST_PORT } from './kubernetes-pod.ts'
import { LABEL, readLabels } from './labels.ts'
import type { HostInfo } from './runtime.ts'

/** Of a pod as the API server writes it, what is read here. */
export interface PodAnswer {
  metadata: {
    name: string
    uid: string
    resourceVersion: string
    creationTimestamp: string
    deletionTimestamp?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  spec?: { nodeName?: string; volumes?: { persistentVolumeClaim?: { claimName: string } }[] }
  status?: {
    phase?: string
    reason?: string
    message?: string
    podIP?: string
    conditions?: { type: string; status: string; reason?: string; message?: string }[]
    containerStatuses?: {
      state?: {
        waiting?: { reason?: string; message?: string }
        running?: object
        terminated?: { exitCode: number; reason?: string; message?: string }
      }
    }[]
  }
}

/** Null when it is none of this cluster's. */
export const hostOfPod = (pod: PodAnswer, cluster: string): string | null => {
  const { labels, annotations, name } = pod.metadata
  const hostId = annotations?.[LABEL.host]
  const ours = annotations?.[LABEL.cluster] === cluster && labels?.[LABEL.cluster] === cluster
  return ours && hostId !== undefined && name === `hf-${cluster}-${hostId}` ? hostId : null
}

const stateIn = ({ status }: PodAnswer) => status?.containerStatuses?.[0]?.state ?? {}

const isOver = (pod: PodAnswer): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'

/**
 * By the container, not by the phase: a pod whose time is over is called Failed while its processes still run. A pod that
 * never had a container, or whose eviction took the word of it away, is over when the phase says so.
 */
const stateOf = (pod: PodAnswer): HostInfo['state'] => {
  const { running, terminated } = stateIn(pod)
  if (terminated !== undefined) return 'exited'
  if (running !== undefined) return 'running'
  return isOver(pod) ? 'exited' : 'created'
}

/** Of a pod that we stopped. */
const OURS = 'DeadlineExceeded'

/** Nothing of the pod says by whom or why. */
export const DELETED = 'Deleted: the cluster was asked to remove its pod'

/** Why it ended or is to end, for people, where that is not the process's own doing; undefined when it is. */
const reasonOf = (pod: PodAnswer): string | undefined => {
  const { phase, reason, message, conditions } = pod.status ?? {}
  const isTold = phase === 'Failed' && reason !== undefined && reason !== OURS
  if (isTold) return message === undefined ? reason : `${reason}: ${message}`
  const disruption = conditions?.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True')
  if (disruption !== undefined) return `${disruption.reason}: ${disruption.message}`
  return pod.metadata.deletionTimestamp === undefined ? undefined : DELETED
}

/**
 * The worker of a running pod that is out of reach, undefined when it is heard of. The cluster takes the word of a silent worker back
 * without giving a reason; workers themselves give one. Source: node lifecycle controller, MarkPodsNotReady.
 */
const unseenOn = (pod: PodAnswer): string | undefined => {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')
  const isTakenBack = ready?.status === 'False' && ready.reason === undefined
  return stateOf(pod) === 'running' && isTakenBack ? pod.spec?.nodeName : undefined
}

/** Should its session hear of it? */
export const isTrouble = (pod: PodAnswer): boolean =>
  stateOf(pod) === 'exited' || reasonOf(pod) !== undefined || unseenOn(pod) !== undefined

const assigned = ({ metadata }: PodAnswer): Record<string, string> => {
  const text = metadata.annotations?.[ASSIGNMENT] ?? ''
  return text === '' ? {} : (JSON.parse(text) as Record<string, string>)
}

/** Port 0 takes no connections. */
export const NO_ADDRESS = 'tcp:127.0.0.1:0'

/** `tcp:<IP>:<port>`; without a pod's IP one at which nobody listens. */
const addressOf = ({ status }: PodAnswer): string => {
  const ip = status?.podIP ?? ''
  if (ip === '') return NO_ADDRESS
  return `tcp:${ip.includes(':') ? `[${ip}]` : ip}:${HOST_PORT}`
}

/** The scheduler's words while no worker has room for it. */
const unscheduled = ({ status }: PodAnswer): string | undefined => {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled')
  return scheduled?.status === 'False' ? (scheduled.message ?? 'it is not scheduled') : undefined
}

export const infoOf = (pod: PodAnswer, hostId: string, node: string): HostInfo => {
  const state = stateOf(pod)
  const terminated = state === 'exited' ? stateIn(pod).terminated : undefined
  const reason = reasonOf(pod)
  const unseen = unseenOn(pod)
  const waits = state === 'created' ? unscheduled(pod) : undefined
  return {
    hostId,
    node,
    state,
    exitCode: terminated?.exitCode ?? null,
    oomKilled: terminated?.reason === 'OOMKilled',
    address: addressOf(pod),
    labels: { ...readLabels(pod.metadata.annotations ?? {}), ...assigned(pod) },
    createdAt: new Date(pod.metadata.creationTimestamp).toISOString(),
    ...(reason === undefined ? {} : { reason }),
    ...(unseen === undefined ? {} : { unseen }),
    ...(waits === undefined ? {} : { waits }),
  }
}

export interface Obstacle {
  kind: 'image' | 'refused' | 'waits'
  /** In the cluster's words. */
  message: string
}

/** The image cannot be had. `ErrImagePull` alone may still be a hiccup: it is tried again, and called ImagePullBackOff then. */
const IMAGE: readonly string[] = ['ErrImageNeverPull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNotFound']
/** The node cannot make the container; the next try would end in the same way. */
const REFUSED: readonly string[] = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']

/** What keeps a pod from its start; null when nothing does. */
export const obstacleOf = (pod: PodAnswer): Obstacle | null => {
  const { waiting } = stateIn(pod)
  const reason = waiting?.reason ?? ''
  const message = `${reason}: ${waiting?.message ?? ''}`
  if (IMAGE.includes(reason)) return { kind: 'image', message }
  if (REFUSED.includes(reason)) return { kind: 'refused', message }
  const noRoom = unscheduled(pod)
  if (noRoom !== undefined) return { kind: 'waits', message: noRoom }
  return reason === '' ? null : { kind: 'waits', message }
}
