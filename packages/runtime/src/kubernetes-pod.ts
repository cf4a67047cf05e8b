/** What a session's pod is made of: everything that is asked of the cluster, as a function of the host and the node's settings. */
import { HOST_ID, HoldfastError, type Limits, type NodeKubernetes } from '@holdfast/protocol'
import type { V1Container, V1Pod, V1PodSpec, V1Volume } from '@kubernetes/client-node'
import { LABEL, sealedLabels } from './labels.ts'
import { type HostSpec, withDefaults } from './runtime.ts'

/** Where hosts listen, each on its pod's own address. */
export const HOST_PORT = 7070
/** Label of a pod: `internet` or `none`; the network policies go by it. */
export const NETWORK_LABEL = 'dev.holdfast.network'
/** Label of a pod: `waiting` for a session, in a pool, or a `session`'s. Whoever protects sessions from disruption goes by it. */
export const USE_LABEL = 'dev.holdfast.use'
/** JSON of the labels that a warm host was assigned, '' before. */
export const ASSIGNMENT = 'dev.holdfast.assignment'
/** Between the signal and KILL where it is not ours to send them: a drain of the worker, an eviction, a delete by others. */
const GRACE_S = 10

const SESSION_UID = 1000
const HOME = '/home/dev'
const CONTAINER = 'host'

/** Of a pod by its host, and of a claim by its workspace. Throws BAD_REQUEST for an id that is none, or that no pod can have: names and labels end with a letter or digit. */
export const podName = (cluster: string, hostId: string): string => {
  if (!HOST_ID.test(hostId) || hostId.endsWith('-')) {
    throw new HoldfastError('BAD_REQUEST', `"${hostId.slice(0, 70)}" is not a host id`)
  }
  return `hf-${cluster}-${hostId}`
}

/** How the pods of a node are made. */
export interface PodPlace {
  cluster: string
  settings: NodeKubernetes
  /** How many times the cores of the cluster may be promised. */
  cpuOvercommit: number
}

/** Memory is asked for in full, since it cannot be taken back; cores are shared. */
const resources = (given: Limits, cpuOvercommit: number): V1Container['resources'] => {
  const { memoryMb, cpus } = withDefaults(given)
  const memory = `${memoryMb}Mi`
  const milli = (cores: number): string => `${Math.max(1, Math.round(cores * 1000))}m`
  return { requests: { memory, cpu: milli(cpus / cpuOvercommit) }, limits: { memory, cpu: milli(cpus) } }
}

const volumes = ({ hostId, workspace = hostId, limits }: HostSpec, { cluster, settings }: PodPlace): V1Volume[] => {
  const claim = { persistentVolumeClaim: { claimName: podName(cluster, workspace) } }
  return [
    { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: `${withDefaults(limits).tmpMb}Mi` } },
    { name: 'workspace', ...(settings.storageClassName === undefined ? { emptyDir: {} } : claim) },
  ]
}

const container = ({ hostId, hostKey, image, limits }: HostSpec, place: PodPlace): V1Container => ({
  name: CONTAINER,
  image,
  imagePullPolicy: place.settings.imagePullPolicy ?? 'IfNotPresent',
  env: [
    { name: 'HOLDFAST_HOST_ID', value: hostId },
    { name: 'HOLDFAST_HOST_KEY', value: hostKey },
    { name: 'HOLDFAST_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'HOLDFAST_LISTEN', value: `tcp:$(HOLDFAST_POD_IP):${HOST_PORT}` },
  ],
  ports: [{ name: 'host', containerPort: HOST_PORT }],
  resources: resources(limits, place.cpuOvercommit) ?? {},
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
  volumeMounts: [
    { name: 'tmp', mountPath: '/tmp' },
    { name: 'workspace', mountPath: HOME },
  ],
})

const isForPool = ({ labels }: HostSpec): boolean => labels[LABEL.pool] !== undefined

/** What the operator chose for this cluster. */
const chosen = (spec: HostSpec, { settings }: PodPlace): Partial<V1PodSpec> => {
  const { runtimeClassName, nodeSelector, imagePullSecrets } = settings
  const ofPool = isForPool(spec) ? settings.poolPriorityClassName : undefined
  const priorityClassName = ofPool ?? settings.priorityClassName
  return {
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(imagePullSecrets === undefined ? {} : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
  }
}

/** A worker out of reach is not one that is lost: its sessions stay until they are heard of again, however long that takes. */
const STAY = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
}))

const podSpec = (spec: HostSpec, place: PodPlace): V1PodSpec => ({
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: GRACE_S,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  // The pause process is the init that adopts what a session leaves behind; and a host that is not the first process can be killed.
  shareProcessNamespace: true,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: SESSION_UID,
    runAsGroup: SESSION_UID,
    fsGroup: SESSION_UID,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { [LABEL.cluster]: place.cluster } },
    },
  ],
  ...chosen(spec, place),
  tolerations: [...STAY, ...(place.settings.tolerations ?? [])],
  containers: [container(spec, place)],
  volumes: volumes(spec, place),
})

/**
 * Labels are what is selected by; whose the host is stands in annotations, whose values may be long and of any form. Throws
 * BAD_REQUEST as `podName` does.
 */
export const podBody = (spec: HostSpec, place: PodPlace): V1Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: podName(place.cluster, spec.hostId),
    labels: {
      [LABEL.cluster]: place.cluster,
      [LABEL.host]: spec.hostId,
      [NETWORK_LABEL]: spec.network ? 'internet' : 'none',
      [USE_LABEL]: isForPool(spec) ? 'waiting' : 'session',
    },
    annotations: {
      ...sealedLabels(place.cluster, spec.hostId, spec.labels),
      [ASSIGNMENT]: '',
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    },
  },
  spec: podSpec(spec, place),
})
