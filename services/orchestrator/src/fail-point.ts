/** A seam for fault tests: kills this process right before or after one call to the outside, as a crash there would. */

export const FAIL_POINT = /^(store|warm|jobs|runtime|host)\.([a-zA-Z]+):(before|after)$/

const crash = (): void => void process.kill(process.pid, 'SIGKILL')

/** `point` is `<name>.<method>:before|after`, or '' for none; an object of another name is returned as it is. */
export const withFailPoint = <T extends object>(name: string, object: T, point: string): T => {
  const [, target, method = '', side] = FAIL_POINT.exec(point) ?? []
  if (target !== name) return object
  const call: unknown = Reflect.get(object, method)
  if (typeof call !== 'function') throw new Error(`HOLDFAST_FAIL_POINT: ${name} has no call "${method}"`)
  const failing = async (...given: unknown[]): Promise<unknown> => {
    if (side === 'before') crash()
    const result: unknown = await Reflect.apply(call, object, given)
    crash()
    return result
  }
  return { ...object, [method]: failing }
}
