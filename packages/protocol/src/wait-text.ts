/** The text of a wait, wherever the session is. */
import { HoldfastError } from './errors.ts'

/** A regular expression whose `^` and `$` are those of a line. Throws BAD_REQUEST for one that is none. */
export const textPattern = (text: string | undefined): RegExp => {
  if (text === undefined) throw new HoldfastError('BAD_REQUEST', 'until "text" needs text')
  try {
    return new RegExp(text, 'm')
  } catch (error) {
    throw new HoldfastError('BAD_REQUEST', `text is no regular expression: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
