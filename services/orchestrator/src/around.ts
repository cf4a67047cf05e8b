/** One wrapper for every call of an object, whatever calls it has and whatever they are given. */

export type Around = (name: string, call: () => Promise<unknown>) => Promise<unknown>

/** Its functions, all of them asynchronous, run inside of `wrap`; what is no function stays as it is. */
export const around = <T extends object>(object: T, wrap: Around): T =>
  new Proxy(object, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => wrap(String(name), async () => Reflect.apply(member, target, given))
    },
  })
