/** A Holdfast of the run's own whose only node is the cluster of HOLDFAST_KUBECONFIG; services run beside it, where pods are reached. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastClient } from '@holdfast/client'
import { TEMPLATE } from '../contenders/holdfast.ts'
import type { Installation } from '../installation.ts'
import { bundle, makeSecrets, startRedis, startService } from '../services.ts'
import { WARM_TEMPLATE } from '../temporary.ts'
import type { Undo } from '../undo.ts'
import { kubectl, startProxy } from './bare-pod.ts'

export const IMAGE = 'holdfast/session'
const templateOf = (name: string, more: string): string =>
  `- {name: ${name}, image: ${IMAGE}, command: [bash, -l], network: false, limits: {memoryMb: 512}${more}}\n`

export interface Stand {
  installation: Installation
  /** `kubectl proxy`. */
  proxy: string
  namespace: string
}

export const buildStand = async (undo: Undo): Promise<Stand> => {
  const kubeconfig = process.env.HOLDFAST_KUBECONFIG ?? ''
  process.env.KUBECONFIG = kubeconfig
  const cluster = `b${process.pid}`
  const namespace = `hf-bench-${process.pid}`
  kubectl('create', 'namespace', namespace)
  undo.add(() => kubectl('delete', 'namespace', namespace, '--timeout=120s'))
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  undo.add(() => rmSync(data, { recursive: true, force: true }))
  const secrets = join(data, 'secrets')
  const key = makeSecrets(secrets)
  const [nodes, templates] = [join(data, 'nodes.json'), join(data, 'templates.yaml')]
  const engine = { kubernetes: { kubeconfig, namespace, imagePullPolicy: 'Never' } }
  writeFileSync(nodes, JSON.stringify([{ id: 'pods', engine }]))
  writeFileSync(templates, templateOf(TEMPLATE, '') + templateOf(WARM_TEMPLATE, ', pool: {size: 2}'))
  const shared = {
    REDIS_URL: await startRedis(data, undo),
    HOLDFAST_CLUSTER: cluster,
    HOLDFAST_MASTER_KEY_FILE: join(secrets, 'master.key'),
  }
  bundle('orchestrator')
  bundle('gateway')
  const orchestrator = await startService(
    'orchestrator',
    data,
    {
      ...shared,
      HOLDFAST_NODES_FILE: nodes,
      HOLDFAST_TEMPLATES_FILE: templates,
      HOLDFAST_HOSTS_DIR: join(data, 'hosts'),
    },
    undo,
  )
  const asked = {
    ORCHESTRATOR_URL: `http://127.0.0.1:${orchestrator.port}`,
    HOLDFAST_KEYS_FILE: join(secrets, 'keys.json'),
  }
  const gateway = await startService('gateway', data, { ...shared, ...asked }, undo)
  const url = `http://127.0.0.1:${gateway.port}`
  const installation = { url, key, client: new HoldfastClient({ url, key }), data, gateway: null }
  return { installation, proxy: await startProxy(undo), namespace }
}
