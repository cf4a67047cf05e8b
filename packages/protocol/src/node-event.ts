/** What operators are told of nodes as it happens. */

export const NODE_CHANGES = {
  added: 'It was added by the API.',
  removed: 'It was removed by the API.',
  cordoned: 'It takes no new sessions.',
  uncordoned: 'It takes new sessions again, and is drained no more.',
  draining: 'It is to be drained.',
  drained: 'It was to be drained, and no session is left on it.',
  lost: 'It has not answered for `HOLDFAST_NODE_LOST_SECONDS`.',
  back: 'It answers again after it was lost.',
} as const
/** What happened to a node; docs/operations.md has the meanings. */
export type NodeChange = keyof typeof NODE_CHANGES

/** Something happened to a node, or maintenance began or ended; `at` in ISO 8601. For operators. */
export type NodeEvent =
  | { type: 'node'; node: string; change: NodeChange; at: string }
  | { type: 'maintenance'; on: boolean; at: string }
