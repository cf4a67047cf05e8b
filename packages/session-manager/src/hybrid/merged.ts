/** Several streams of events as one, in the order in which they come. */

/** Ends when all have ended; throws what one of them throws. */
export async function* merged<T>(...sources: readonly AsyncIterable<T>[]): AsyncIterable<T> {
  const next = async (iterator: AsyncIterator<T>) => ({ iterator, result: await iterator.next() })
  const waiting = new Map(
    sources.map((source) => {
      const iterator = source[Symbol.asyncIterator]()
      return [iterator, next(iterator)]
    }),
  )
  try {
    while (waiting.size > 0) {
      const { iterator, result } = await Promise.race(waiting.values())
      if (result.done) waiting.delete(iterator)
      else {
        waiting.set(iterator, next(iterator))
        yield result.value
      }
    }
  } finally {
    for (const iterator of waiting.keys()) void iterator.return?.()
  }
}
