/** The sessions' files in volume claims, which outlive the pods: made, told of, removed. */
import type { V1PersistentVolumeClaim } from '@kubernetes/client-node'
import { KUBE_MS, type KubeApi, unlessStatus } from './kubernetes-api.ts'
import { kubeNews } from './kubernetes-news.ts'
import { type PodPlace, podName } from './kubernetes-pod.ts'
import { type Listing, listAll } from './kubernetes-pods.ts'
import type { PodAnswer } from './kubernetes-status.ts'
import { awaitGone } from './kubernetes-wait.ts'
import { LABEL, readLabels, sealedLabels } from './labels.ts'
import { type HostSpec, RuntimeRefused, type UnusedWorkspace } from './runtime.ts'

/** `workspace`: the id of the host that had it first. */
export interface Workspaces {
  /** The claim for the host's workspace, unless it is there. */
  make(spec: HostSpec): Promise<void>
  /** Removing what is absent succeeds. */
  remove(workspace: string): Promise<void>
  unused(): Promise<UnusedWorkspace[]>
  /** As `Runtime.removeWorkspace`. */
  removeUnused(workspace: string): Promise<void>
}

type ClaimAnswer = Pick<PodAnswer, 'metadata'>

const PATH = 'persistentvolumeclaims'
const DEFAULT_MB = 10_240
const REMOVE_MS = 30_000

/** Labels and annotations as those of a pod: whose the files are. */
export const claimBody = (
  { hostId, workspace = hostId, labels }: HostSpec,
  { cluster, settings }: PodPlace,
): V1PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: {
    name: podName(cluster, workspace),
    labels: { [LABEL.cluster]: cluster },
    annotations: sealedLabels(cluster, workspace, labels),
  },
  spec: {
    accessModes: ['ReadWriteOnce'],
    ...(settings.storageClassName === undefined ? {} : { storageClassName: settings.storageClassName }),
    resources: { requests: { storage: `${settings.workspaceMb ?? DEFAULT_MB}Mi` } },
  },
})

const claimsOf = ({ spec }: PodAnswer): string[] =>
  (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [])

export const claimedWorkspaces = (api: KubeApi, place: PodPlace & Listing): Workspaces => {
  const { cluster } = place
  const news = kubeNews(api, PATH, place)
  const taken = async (): Promise<ReadonlySet<string>> =>
    new Set((await listAll<PodAnswer>(api, 'pods', place)).flatMap(claimsOf))
  const remove = async (workspace: string): Promise<void> => {
    const name = podName(cluster, workspace)
    const call = {
      what: `delete claim ${name}`,
      method: 'DELETE',
      path: `${PATH}/${name}`,
      ms: KUBE_MS.change,
    } as const
    if ((await unlessStatus([404], api.ask(call))) === null) return
    await awaitGone(api, { news, name }, REMOVE_MS, 'a pod has it, or its storage does not let it go')
  }
  return {
    remove,
    make: async (spec) => {
      const body = claimBody(spec, place)
      const what = `make claim ${body.metadata?.name}`
      await unlessStatus([409], api.ask({ what, method: 'POST', path: PATH, body, ms: KUBE_MS.change }))
    },
    unused: async () => {
      // Claims first: one whose pod is made after the list of pods is then not among them.
      const claims = await listAll<ClaimAnswer>(api, PATH, place)
      const used = await taken()
      return claims.flatMap(({ metadata: { name, annotations = {}, creationTimestamp } }) => {
        const workspace = annotations[LABEL.host] ?? ''
        if (used.has(name) || name !== `hf-${cluster}-${workspace}`) return []
        return [{ workspace, labels: readLabels(annotations), createdAt: new Date(creationTimestamp).toISOString() }]
      })
    },
    removeUnused: async (workspace) => {
      const isTaken = (await taken()).has(podName(cluster, workspace))
      if (isTaken) throw new RuntimeRefused(`the workspace ${workspace} is a host's`)
      await remove(workspace)
    },
  }
}
