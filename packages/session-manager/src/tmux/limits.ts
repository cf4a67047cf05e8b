/** What tmux cannot give a session, and how ids of its sessions begin. */
import type { CreateSession } from '@holdfast/protocol'

/** Where the id says that a session is. */
export const TMUX_REGION = 'tmux'

/** tmux knows one template, the user's shell. */
export const TMUX_TEMPLATE = 'shell'

const ONLY_CLUSTER = ['region', 'nodeSelector', 'ttlSeconds', 'idleSeconds', 'idleAction', 'restart'] as const

/** A reason, as the beginning of a sentence, why only the cluster can run it; null when tmux can. */
export const needsCluster = (body: CreateSession): string | null => {
  const { template = TMUX_TEMPLATE, limits = {}, clipboard } = body
  if (template !== TMUX_TEMPLATE) return `template "${template}" is not of this machine`
  const { scrollbackLines: _, ...bounds } = limits
  const asked: string[] = ONLY_CLUSTER.filter((name) => body[name] !== undefined)
  asked.push(...Object.keys(bounds).map((name) => `limits.${name}`))
  if (clipboard === 'off') asked.push('clipboard')
  return asked.length === 0 ? null : `tmux cannot give ${asked.join(', ')}`
}
