/** Reserved labels on every container: enough to find a host's session again when the store is empty. */

export const LABEL = {
  cluster: 'dev.holdfast.cluster',
  host: 'dev.holdfast.host',
  session: 'dev.holdfast.session',
  tenant: 'dev.holdfast.tenant',
  incarnation: 'dev.holdfast.incarnation',
  fence: 'dev.holdfast.fence',
  template: 'dev.holdfast.template',
} as const
