/** JSON that is the same for the same value. */

const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, canonical(item)]))
}

/** With sorted keys: the same request in another spelling is the same request. */
export const canonicalJson = (value: unknown): string => JSON.stringify(canonical(value))
