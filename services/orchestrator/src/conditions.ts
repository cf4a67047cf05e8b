/** Conditions beside the phase: setting one keeps the time of its last change. */
import type { Condition, ConditionType } from '@holdfast/protocol'

/** The list with this condition; the very same list when nothing changes, so that no write is needed. */
export const withCondition = (
  conditions: Condition[],
  type: ConditionType,
  status: Condition['status'],
  reason: string,
): Condition[] => {
  const known = conditions.find((condition) => condition.type === type)
  if (known?.status === status && known.reason === reason) return conditions
  const since = known?.status === status ? known.since : new Date().toISOString()
  return [...conditions.filter((condition) => condition.type !== type), { type, status, reason, since }]
}
