/** Much work at once, but not all of it. */

/** Does the work for every item, at most `limit` at one time; the work must not throw. */
export const eachBounded = async <T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  // One for all workers: each takes the next item when it has done one.
  const left = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: limit }, worker))
}
