/** Pid files that name one process for good: a pid alone is given to another process sooner or later. */
import { readFileSync, writeFileSync } from 'node:fs'

/** Field 22 of /proc/<pid>/stat: with it a pid names one process for good. */
const startTime = (pid) => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** The process named in the file, if it still runs. */
export const readPid = (file) => {
  try {
    const [pid, began] = readFileSync(file, 'utf8').split(' ')
    return startTime(pid) === began ? Number(pid) : undefined
  } catch {
    return undefined
  }
}

export const writePid = (file, pid) => writeFileSync(file, `${pid} ${startTime(pid)}`)
