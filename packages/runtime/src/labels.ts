/** Reserved labels on every container: enough to find a host's session again when the store is empty. */

export const LABEL = {
  cluster: 'dev.holdfast.cluster',
  host: 'dev.holdfast.host',
  session: 'dev.holdfast.session',
  tenant: 'dev.holdfast.tenant',
  incarnation: 'dev.holdfast.incarnation',
  fence: 'dev.holdfast.fence',
  template: 'dev.holdfast.template',
  /** Name of the volume with its files. */
  workspace: 'dev.holdfast.workspace',
  /** Made without a session: which pool's. */
  pool: 'dev.holdfast.pool',
  /** JSON of the session's limits: what it counts for its tenant's quota. */
  limits: 'dev.holdfast.limits',
} as const

/**
 * Every reserved label, so that an image cannot bring its own: Docker merges an image's labels under the container's.
 * What is not given is ''; cluster and host are never the caller's to choose.
 */
export const sealedLabels = (
  cluster: string,
  hostId: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> => ({
  ...Object.fromEntries(Object.values(LABEL).map((key) => [key, given[key] ?? ''])),
  [LABEL.cluster]: cluster,
  [LABEL.host]: hostId,
})

/** Ours among all labels of a container, without the empty ones. */
export const readLabels = (all: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.values(LABEL).flatMap((key) => (all[key] ? [[key, all[key]]] : [])))
