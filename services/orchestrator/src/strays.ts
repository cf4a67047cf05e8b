/** Files that no host has and no record names: their removal was cut short, and the index that knew of it was lost. */
import type { Reapable } from '@holdfast/protocol'
import { LABEL } from '@holdfast/runtime'
import { UNKNOWN_HOST_AGE_MS } from './deadlines.ts'
import { seen } from './deaths.ts'
import type { Pass } from './survey.ts'

/** Younger ones may be of a host that is being made. */
export const strays = ({ unused, records }: Pass): Reapable[] => {
  const named = new Set([...records.values()].map(({ workspace, node }) => `${workspace} on ${node}`))
  const old = Date.now() - UNKNOWN_HOST_AGE_MS
  return unused
    .filter(({ workspace, node, createdAt }) => !named.has(`${workspace} on ${node}`) && Date.parse(createdAt) < old)
    .map(({ workspace, node, labels, createdAt }) => ({
      hostId: workspace,
      node,
      session: labels[LABEL.session] ?? '',
      tenant: labels[LABEL.tenant] ?? '',
      why: 'files',
      evidence: [
        seen(`no record names the workspace ${workspace}`),
        seen(`no host on ${node} has it`),
        `${createdAt} it was made`,
      ],
      needsWord: true, // nothing brings files back
    }))
}
