/** The manifests of k8s/ as kustomize renders them, and the schemas of the current Kubernetes for each object. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type {
  KubernetesObject,
  V1Deployment,
  V1Job,
  V1NetworkPolicy,
  V1PodTemplateSpec,
  V1StatefulSet,
} from '@kubernetes/client-node'
import { dumpYaml, loadYaml } from '@kubernetes/client-node'
import { parse, parseAllDocuments, stringify } from 'yaml'

export const K8S = join(import.meta.dirname, '../../../../k8s')

const kustomize = (dir: string) => spawnSync('kubectl', ['kustomize', dir], { encoding: 'utf8', timeout: 60_000 })

export const whyNoKustomize =
  kustomize(join(K8S, 'overlays/local')).error === undefined ? false : 'no kubectl, whose kustomize renders k8s/'

/** All objects of the kustomization in a directory. Throws what kustomize says. */
export const rendered = (dir: string): KubernetesObject[] => {
  const { status, stdout, stderr } = kustomize(dir)
  if (status !== 0) throw new Error(stderr)
  return parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject)
}

/** All objects of an overlay, with optional components of k8s/components added. Throws what kustomize says. */
export const render = (overlay: string, components: string[] = []): KubernetesObject[] => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-k8s-'))
  const from = (path: string) => relative(dir, join(K8S, path))
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [from(`overlays/${overlay}`)],
    components: components.map((name) => from(`components/${name}`)),
  }
  try {
    writeFileSync(join(dir, 'kustomization.yaml'), JSON.stringify(kustomization))
    return rendered(dir)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

export const nameOf = ({ kind, metadata }: KubernetesObject): string =>
  `${kind} ${metadata?.namespace ?? ''}/${metadata?.name}`

const ofKind = <T extends KubernetesObject>(objects: KubernetesObject[], kind: string): T[] =>
  objects.filter((object): object is T => object.kind === kind)

export const deployments = (objects: KubernetesObject[]) => ofKind<V1Deployment>(objects, 'Deployment')
export const networkPolicies = (objects: KubernetesObject[]) => ofKind<V1NetworkPolicy>(objects, 'NetworkPolicy')

/** Everything that makes pods. */
export const workloads = (
  objects: KubernetesObject[],
): (KubernetesObject & { spec: { template: V1PodTemplateSpec } })[] =>
  [...deployments(objects), ...ofKind<V1StatefulSet>(objects, 'StatefulSet'), ...ofKind<V1Job>(objects, 'Job')].map(
    (object) => {
      if (object.spec === undefined) throw new Error(`${nameOf(object)} has no spec`)
      return { ...object, spec: object.spec }
    },
  )

const PACKAGES: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
}

type Model = new (object: KubernetesObject) => { validate(): void }

/** Why the current release would not take it as it is meant; null when it would. */
export const flawOf = async (object: KubernetesObject): Promise<string | null> => {
  const { apiVersion = '', kind = '' } = object
  const extension = PACKAGES[apiVersion.split('/')[0] ?? '']
  try {
    const module: Record<string, Model> = await import(`${extension ?? 'kubernetes-models'}/${apiVersion}/${kind}`)
    const model = module[kind]
    if (model === undefined) throw new Error(`there is no ${kind}`)
    new model(object).validate()
  } catch (error) {
    return `${nameOf(object)}: ${(error as Error).message}`
  }
  // Those schemas let a misspelt field pass. The client library drops what it does not know.
  const known: unknown = extension === undefined ? parse(dumpYaml(loadYaml(stringify(object)))) : object
  return sorted(known) === sorted(object) ? null : `${nameOf(object)} has fields that are none`
}

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
