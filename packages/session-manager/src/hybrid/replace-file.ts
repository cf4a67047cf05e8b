/** A file that is written anew: readers see the old text or the new one, and a crash leaves one of the two. */
import { rename, writeFile } from 'node:fs/promises'
import { randomId } from '@holdfast/protocol'

/** Readable for this user only. Throws ENOENT without its directory. */
export const replaceFile = async (path: string, text: string): Promise<void> => {
  const aside = `${path}-${randomId(8)}`
  await writeFile(aside, text, { mode: 0o600, flag: 'wx' })
  await rename(aside, path)
}
