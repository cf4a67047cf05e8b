/** The manifests of k8s/: valid for the current release of Kubernetes, and what they promise. */
import assert from 'node:assert/strict'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, test } from 'node:test'
import type { KubernetesObject, V1Container, V1Role, V2HorizontalPodAutoscaler } from '@kubernetes/client-node'
import { parse, parseAllDocuments } from 'yaml'
import { deployments, flawOf, K8S, nameOf, render, rendered, whyNoKustomize, workloads } from './support/manifests.ts'

const page = (name: string): string => readFileSync(join(K8S, '../docs', name), 'utf8')
const skip = whyNoKustomize
const VARIANTS = skip
  ? {}
  : {
      local: render('local'),
      production: render('production'),
      'production with all components': render('production', ['gateway-api', 'monitoring']),
    }

const containersOf = (objects: KubernetesObject[]): [string, V1Container][] =>
  workloads(objects).flatMap((workload) =>
    (workload.spec.template.spec?.containers ?? []).map((one): [string, V1Container] => [nameOf(workload), one]),
  )

for (const [name, objects] of Object.entries<KubernetesObject[]>(VARIANTS)) {
  describe(`manifests: ${name}`, () => {
    test('the current release takes every object', async () => {
      assert.deepEqual((await Promise.all(objects.map(flawOf))).filter(Boolean), [])
    })

    test('every pod is restricted, has requests and limits, and only two kinds of pods a token', () => {
      for (const workload of workloads(objects)) {
        const { spec } = workload.spec.template
        const where = nameOf(workload)
        assert.equal(spec?.securityContext?.runAsNonRoot, true, where)
        assert.deepEqual(spec?.securityContext?.seccompProfile, { type: 'RuntimeDefault' }, where)
        assert.equal(spec?.enableServiceLinks, false, where)
        const asks = ['orchestrator', 'secrets'].includes(workload.metadata?.name ?? '')
        assert.equal(spec?.automountServiceAccountToken, asks, where)
        assert.equal(spec?.serviceAccountName, workload.metadata?.name, where)
      }
      for (const [where, { securityContext, resources }] of containersOf(objects)) {
        const wanted = {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        }
        assert.deepEqual(securityContext, wanted, where)
        for (const given of [resources?.requests, resources?.limits]) {
          assert.deepEqual(Object.keys(given ?? {}).sort(), ['cpu', 'memory'], where)
        }
      }
      for (const { kind, metadata } of objects) {
        if (kind !== 'Namespace') continue
        assert.equal(metadata?.labels?.['pod-security.kubernetes.io/enforce'], 'restricted', metadata?.name)
      }
    })

    test('services live by their process alone, and have the time that their drain takes', () => {
      const drainMs: Record<string, number> = { gateway: 5_000, orchestrator: 8_000 } // attachments.ts, engine.ts
      const lastRequestsMs = 5_000
      for (const deployment of deployments(objects)) {
        const pod = deployment.spec?.template.spec
        const [container] = pod?.containers ?? []
        const where = nameOf(deployment)
        assert.deepEqual(container?.livenessProbe?.httpGet, { path: '/healthz', port: 'http' }, where)
        assert.deepEqual(container?.readinessProbe?.httpGet, { path: '/readyz', port: 'http' }, where)
        const delayMs = Number(container?.env?.find((one) => one.name === 'DRAIN_DELAY_MS')?.value)
        const unseenMs = 2 * 1000 * (container?.readinessProbe?.periodSeconds ?? 10)
        assert.ok(delayMs > unseenMs, `${where}: load balancers hear of it before the drain`)
        const neededMs = delayMs + (drainMs[deployment.metadata?.name ?? ''] ?? Number.NaN) + lastRequestsMs
        assert.ok((pod?.terminationGracePeriodSeconds ?? 0) * 1000 >= 2 * neededMs, where)
        assert.equal(deployment.spec?.strategy?.rollingUpdate?.maxUnavailable, 0, where)
      }
    })

    test('gateways grow by attachments and shrink by hand', () => {
      const scaler = objects.find(({ kind }) => kind === 'HorizontalPodAutoscaler') as V2HorizontalPodAutoscaler
      assert.equal(scaler.spec?.behavior?.scaleDown?.selectPolicy, 'Disabled')
      assert.ok(page('operations.md').includes(`| \`${scaler.spec?.metrics?.[0]?.pods?.metric.name}\` | gauge |`))
      const gateway = deployments(objects).find(({ metadata }) => metadata?.name === 'gateway')
      assert.equal(gateway?.spec?.replicas, undefined, 'an apply would set back what the autoscaler chose')
    })

    test('the orchestrator may do what its page says', () => {
      const documented = Array.from(
        page('kubernetes.md').matchAll(/^\| `([a-z/]+)` \| ([a-z, ]+) \|$/gm),
        ([, resource = '', verbs = '']) => `${resource}: ${verbs}`,
      )
      const role = objects.find(({ kind, metadata }) => kind === 'Role' && metadata?.name === 'orchestrator') as V1Role
      const given = role.rules?.map(({ resources, verbs }) => `${resources?.join()}: ${verbs.join(', ')}`)
      assert.deepEqual(given, documented)
      assert.equal(role.metadata?.namespace, 'holdfast-sessions')
    })

    test('there are no secrets in it, and every variable and metric that it names exists', () => {
      assert.deepEqual(objects.filter(({ kind }) => kind === 'Secret').map(nameOf), [])
      const text = JSON.stringify(objects)
      const names = new Set(text.match(/\b(HOLDFAST_[A-Z_]+|holdfast_[a-z_]+|DRAIN_DELAY_MS|REDIS_URL)\b/g))
      const known = page('operations.md')
      assert.deepEqual(
        [...names].filter((word) => !known.includes(`\`${word}\``)),
        [],
      )
    })
  })
}

describe('manifests', { skip }, () => {
  const { local = [], production = [] } = VARIANTS as Record<string, KubernetesObject[]>

  test('old clusters get the local overlay, with the names that they have for two groups', () => {
    const old = JSON.stringify(render('kubernetes-1.20'))
    const renamed = JSON.stringify(local)
      .replaceAll('"policy/v1"', '"policy/v1beta1"')
      .replaceAll('"autoscaling/v2"', '"autoscaling/v2beta2"')
    assert.notEqual(renamed, JSON.stringify(local))
    assert.equal(old, renamed)
  })

  test('production runs named versions of images that can be pulled, two or more of each service, and no Redis', () => {
    const templates = parse(readFileSync(join(K8S, 'overlays/production/templates.yaml'), 'utf8')) as {
      image: string
    }[]
    const images = [...containersOf(production).map(([, { image }]) => image), ...templates.map(({ image }) => image)]
    for (const image of images) assert.match(image ?? '', /^[\w.]+\.[a-z]+\/[\w./-]+:\d[\w.]*$/)
    for (const [where, { imagePullPolicy }] of containersOf(production)) {
      assert.equal(imagePullPolicy, 'IfNotPresent', where)
    }
    const scaler = production.find(({ kind }) => kind === 'HorizontalPodAutoscaler') as V2HorizontalPodAutoscaler
    assert.ok((scaler.spec?.minReplicas ?? 0) >= 2)
    const orchestrator = deployments(production).find(({ metadata }) => metadata?.name === 'orchestrator')
    assert.ok((orchestrator?.spec?.replicas ?? 0) >= 2)
    assert.ok(!production.some(({ kind }) => kind === 'StatefulSet'))
    const base = parse(readFileSync(join(K8S, 'base/orchestrator/templates.yaml'), 'utf8')) as { image: string }[]
    const plain = templates.map(({ image, ...rest }) => ({ ...rest, image: image.replace(/^[^/]+\/|:[^:]+$/g, '') }))
    assert.deepEqual(
      plain,
      base.map(({ image, ...rest }) => ({ ...rest, image })),
      'the templates are those of base but for their images',
    )
  })

  test('the overlay that the page shows is one, with its own names', async () => {
    const shown = /```yaml\n( *)# k8s\/overlays\/mine[^`]*/.exec(page('kubernetes-install.md'))?.[0] ?? ''
    const dir = mkdtempSync(join(tmpdir(), 'hf-k8s-'))
    const here = relative(dir, K8S)
    const text = shown.replace('```yaml\n', '').replaceAll('../../', `${here}/`).replace('../', `${here}/overlays/`)
    try {
      writeFileSync(join(dir, 'kustomization.yaml'), text)
      for (const name of ['templates.yaml', 'nodes.yaml']) cpSync(join(K8S, 'base/orchestrator', name), join(dir, name))
      const mine = rendered(dir)
      assert.deepEqual((await Promise.all(mine.map(flawOf))).filter(Boolean), [])
      assert.doesNotMatch(JSON.stringify(mine), /example\.com/)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  test('a local installation asks no registry for our images', () => {
    for (const [where, { image, imagePullPolicy }] of containersOf(local)) {
      if (image?.startsWith('holdfast/')) assert.equal(imagePullPolicy, 'Never', where)
    }
    assert.match(readFileSync(join(K8S, 'overlays/local/nodes.yaml'), 'utf8'), /imagePullPolicy: Never/)
  })

  test('one object a file, and every file is of use', () => {
    const files = globSync('**/*.yaml', { cwd: K8S })
    const used = new Set(
      ['base', ...globSync('{components,overlays}/*', { cwd: K8S })].map((dir) => `${dir}/kustomization.yaml`),
    )
    for (const file of files) {
      const documents = parseAllDocuments(readFileSync(join(K8S, file), 'utf8'))
      assert.equal(documents.length, 1, file)
      if (!file.endsWith('kustomization.yaml')) continue
      for (const [named] of readFileSync(join(K8S, file), 'utf8').matchAll(/[\w./-]+\.yaml/g)) {
        used.add(normalize(join(dirname(file), named)))
      }
    }
    assert.deepEqual(
      files.filter((file) => !used.has(file)),
      [],
    )
  })
})
