/** Where a recording is cut: beginning and end, evenly between them, and at random, the same each time. */

/** Mulberry32: small, and good enough to choose places. */
export const random = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `count` offsets in order, every one when there are no more; random ones fall inside characters and sequences. */
export const cutPoints = (length: number, count: number): number[] => {
  if (length + 1 <= count) return Array.from({ length: length + 1 }, (_, i) => i)
  const cuts = new Set([0, length].slice(0, count))
  const even = Math.floor((count - cuts.size) / 2)
  for (let i = 1; i <= even; i++) cuts.add(Math.floor((length * i) / (even + 1)))
  const next = random(length)
  while (cuts.size < count) cuts.add(Math.floor(next() * (length + 1)))
  return [...cuts].sort((one, other) => one - other)
}
