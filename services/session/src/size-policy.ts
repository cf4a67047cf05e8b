/** Which size a session has: the answer of its policy to the windows it is shown in. */
import type { SizePolicy } from '@holdfast/protocol'
import type { Viewer } from './viewer.ts'

export interface Size {
  cols: number
  rows: number
}

const windowOf = ({ cols, rows }: Viewer): Size | null =>
  cols === undefined || rows === undefined ? null : { cols, rows }

/** Null: the size stays as it is. `viewers` that only look do not count, nor do those that told no size. */
export const wantedSize = (policy: SizePolicy, controller: Viewer | null, viewers: readonly Viewer[]): Size | null => {
  if (policy === 'fixed') return null
  if (policy === 'latest') return controller === null ? null : windowOf(controller)
  const windows = viewers.filter(({ mode }) => mode === 'rw').flatMap((viewer) => windowOf(viewer) ?? [])
  if (windows.length === 0) return null
  return { cols: Math.min(...windows.map(({ cols }) => cols)), rows: Math.min(...windows.map(({ rows }) => rows)) }
}
