/** Nodes as operators name and see them: TypeBox schemas of the nodes file and of `/v1/nodes`. */
import { type Static, Type } from 'typebox'
import { labelsSchema } from './session.ts'

const strict = { additionalProperties: false } as const
const path = (description: string) => Type.String({ pattern: '^/', description })

const NAME = '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$'
const named = (description: string) => Type.String({ pattern: NAME, description })

/** A Kubernetes cluster: where its API server is, and how session pods are made there. */
export const nodeKubernetesSchema = Type.Object(
  {
    kubeconfig: Type.Optional(path('file; default: the service account of the orchestrator’s own pod')),
    context: Type.Optional(Type.String({ minLength: 1, description: 'of the kubeconfig; default: its current one' })),
    namespace: Type.String({
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      description: 'of the sessions alone; it must be there',
    }),
    imagePullPolicy: Type.Optional(
      Type.Union([Type.Literal('IfNotPresent'), Type.Literal('Never'), Type.Literal('Always')], {
        description: 'default IfNotPresent',
      }),
    ),
    imagePullSecrets: Type.Optional(Type.Array(named('of the namespace'))),
    storageClassName: Type.Optional(named('of the claims that sessions keep their files in; default: with the pod')),
    workspaceMb: Type.Optional(Type.Integer({ minimum: 1, description: 'size of such a claim, MiB; default 10240' })),
    runtimeClassName: Type.Optional(named('such as that of gVisor or Kata')),
    priorityClassName: Type.Optional(named('whom the sessions give way to')),
    poolPriorityClassName: Type.Optional(
      named('of pods that wait for a session, and of the sessions that get them; default: as priorityClassName'),
    ),
    nodeSelector: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'labels of the workers that sessions may run on' }),
    ),
    tolerations: Type.Optional(
      Type.Array(
        Type.Object(
          {
            key: Type.Optional(Type.String()),
            operator: Type.Optional(Type.Union([Type.Literal('Equal'), Type.Literal('Exists')])),
            value: Type.Optional(Type.String()),
            effect: Type.Optional(
              Type.Union([Type.Literal('NoSchedule'), Type.Literal('PreferNoSchedule'), Type.Literal('NoExecute')]),
            ),
          },
          strict,
        ),
        { description: 'of taints of workers, as in a pod' },
      ),
    ),
  },
  { ...strict, description: 'a Kubernetes cluster, and how session pods are made there' },
)
export type NodeKubernetes = Static<typeof nodeKubernetesSchema>

/** How the engine is reached; keys and certificates are files on the orchestrator's machine, never their content. */
export const nodeEngineSchema = Type.Object(
  {
    socket: Type.Optional(path('Unix socket of an engine on this machine')),
    tls: Type.Optional(
      Type.Object(
        {
          host: Type.String({ minLength: 1, maxLength: 253 }),
          port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'default 2376' })),
          ca: path('file with the certificate authority of the engine, PEM'),
          cert: path('file with our certificate, PEM'),
          key: path('file with our private key, PEM'),
        },
        strict,
      ),
    ),
    ssh: Type.Optional(
      Type.Object(
        {
          host: Type.String({ minLength: 1, maxLength: 253 }),
          port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'default 22' })),
          user: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$' }),
          keyFile: path('file with our private key'),
          hostKey: Type.String({
            pattern: '^SHA256:[A-Za-z0-9+/]{43}$',
            description: 'fingerprint of the server’s key, as `ssh-keygen -lf` prints it',
          }),
        },
        strict,
      ),
    ),
    kubernetes: Type.Optional(nodeKubernetesSchema),
  },
  { ...strict, minProperties: 1, maxProperties: 1, description: 'one of socket, tls, ssh and kubernetes' },
)
export type NodeEngine = Static<typeof nodeEngineSchema>

export const capacitySchema = Type.Object(
  {
    cpus: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 4096, description: 'cores' })),
    memoryMb: Type.Optional(Type.Integer({ minimum: 1, description: 'MiB' })),
    pids: Type.Optional(Type.Integer({ minimum: 1, description: 'processes and threads' })),
    sessions: Type.Optional(Type.Integer({ minimum: 1, description: 'sessions at the same time' })),
  },
  { ...strict, description: 'what all sessions’ limits may add up to; what is not given is not bounded' },
)
/** What a node has for sessions; what is not given is not bounded. */
export type Capacity = Static<typeof capacitySchema>

export const nodeSpecSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,31}$' }),
    engine: Type.Optional(nodeEngineSchema),
    door: Type.Optional(
      Type.String({
        pattern: '^(\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:]+\\]):\\d{1,5}$',
        description: 'private IP address and port of the node on which its door listens; needed with tls and ssh',
      }),
    ),
    labels: Type.Optional(labelsSchema),
    region: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9]{0,15}$' })),
    zone: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
    tier: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 9,
        description: 'default 0; sessions go to a higher tier only while no node of a lower one takes them',
      }),
    ),
    capacity: Type.Optional(capacitySchema),
  },
  { ...strict, description: 'without `engine`: this machine, as HOLDFAST_RUNTIME says' },
)
export type NodeSpec = Static<typeof nodeSpecSchema>

const share = (of: string) => Type.Number({ description: `${of}, 0 to 1` })

export const pressureSchema = Type.Object({
  cpu: share('load of the last minute by cores; above 1 when processes wait'),
  memory: share('memory in use'),
  memoryFreeMb: Type.Integer({ description: 'memory that programs may still take, MiB' }),
  pids: share('processes and threads of what the kernel allows'),
  disk: share('disk of the sessions in use'),
  diskFreeMb: Type.Integer({ description: 'MiB' }),
})
/** How full a machine is. */
export type Pressure = Static<typeof pressureSchema>

const nullable = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) => Type.Union([schema, Type.Null()])

export const nodeViewSchema = Type.Object({
  id: Type.String({ description: 'its name' }),
  source: Type.Union([Type.Literal('file'), Type.Literal('api')], { description: 'who named it' }),
  runtime: Type.String({ description: 'docker, kubernetes or process' }),
  engine: Type.String({ description: 'how it is reached' }),
  labels: Type.Record(Type.String(), Type.String(), { description: 'for nodeSelector' }),
  region: nullable(Type.String({ description: 'for region' })),
  zone: nullable(Type.String({ description: 'what may fail at once' })),
  tier: Type.Integer({ description: 'lower ones are filled first' }),
  capacity: capacitySchema,
  reserved: Type.Object(
    {
      cpus: Type.Number({ description: 'cores, the limits of its sessions together' }),
      memoryMb: Type.Integer({ description: 'MiB, likewise' }),
      pids: Type.Integer({ description: 'processes and threads, likewise' }),
      sessions: Type.Integer({ description: 'sessions that have a place on it' }),
    },
    { description: 'what its sessions have been promised' },
  ),
  pressure: Type.Union([pressureSchema, Type.Null()], { description: 'how full it is; null when it does not say' }),
  bridgePorts: nullable(
    Type.Object(
      {
        used: Type.Integer({ description: 'ports taken' }),
        limit: Type.Integer({ description: 'ports there are' }),
      },
      { description: 'sessions with a network' },
    ),
  ),
  cordoned: Type.Boolean({ description: 'takes no new sessions' }),
  draining: Type.Boolean({ description: 'is being emptied' }),
  reachable: Type.Boolean({ description: 'it answered when it was asked last' }),
  breaker: Type.Union([Type.Literal('closed'), Type.Literal('open'), Type.Literal('half-open')], {
    description: 'open: it failed several times in a row and is only knocked at; half-open: it is, just now',
  }),
  heartbeatAgeMs: nullable(Type.Integer({ description: 'milliseconds since it answered last' })),
  lastError: nullable(Type.String({ description: 'what it failed with last' })),
  sessions: Type.Integer({ description: 'sessions with a host on the node, as far as this replica knows' }),
})
/** A node, as this replica sees it. */
export type NodeView = Static<typeof nodeViewSchema>

export const nodeListSchema = Type.Object({
  nodes: Type.Array(nodeViewSchema, { description: 'all there are' }),
  maintenance: nullable(
    Type.Object(
      { since: Type.String({ description: 'ISO 8601' }) },
      { description: 'while it lasts no timer ends a session' },
    ),
  ),
})
/** All nodes, and whether there is maintenance. */
export type NodeList = Static<typeof nodeListSchema>

export const placementSchema = Type.Object({
  node: nullable(Type.String({ description: 'null: none takes it now' })),
  nodes: Type.Array(
    Type.Object({
      id: Type.String({ description: 'of the node' }),
      score: nullable(
        Type.Number({ description: 'the highest of a tier is taken; null when the node is out of the question' }),
      ),
      tier: Type.Integer({ description: 'of the node; the lowest goes first, whatever the scores' }),
      warm: Type.Boolean({ description: 'a warm host for it waits there' }),
      reasons: Type.Array(Type.String(), { description: 'why it is out of the question; empty when it is not' }),
    }),
    { description: 'best first' },
  ),
})
/** Where a session would go now, and why not elsewhere. */
export type Placement = Static<typeof placementSchema>
