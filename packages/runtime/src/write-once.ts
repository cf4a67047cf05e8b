/** A file that is written once, whoever comes: it appears whole or not at all, and exactly one of any number of writers makes it. */
import { link, rm, writeFile } from 'node:fs/promises'
import { randomId } from '@holdfast/protocol'

/** False when it is there already, and stays as it is. Readable for this user only. Throws ENOENT without its directory. */
export const writeOnce = async (path: string, text: string): Promise<boolean> => {
  const aside = `${path}-${randomId(8)}`
  await writeFile(aside, text, { mode: 0o600, flag: 'wx' })
  try {
    await link(aside, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    await rm(aside, { force: true })
  }
}
