/** What is uploaded into a session, over its terminal: how far each file is, and what is to be decided. */
import type { Upload, Uploads } from './uploads.ts'

const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const

const sizeText = (bytes: number): string => {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${(bytes / 1024 ** step).toFixed(step === 0 ? 0 : 1)} ${UNITS[step]}`
}

const sayHow = ({ state, sent, why, file }: Upload): string => {
  switch (state) {
    case 'waiting':
      return 'waits'
    case 'asking':
      return 'is there already'
    case 'sending':
      return `${sizeText(sent)} of ${sizeText(file.size)}`
    case 'done':
      return `uploaded, ${sizeText(file.size)}`
    case 'failed':
      return why
  }
}

const Row = ({ upload, uploads }: { upload: Upload; uploads: Uploads }) => {
  const { file, state, sent } = upload
  const over = state === 'done' || state === 'failed'
  return (
    <li>
      <b>{file.name}</b>
      <span class={state === 'failed' ? 'failed' : ''}>{sayHow(upload)}</span>
      {state === 'sending' && <progress aria-label={`Upload of ${file.name}`} max={file.size} value={sent} />}
      <span class="choices">
        {state === 'asking' && (
          <button type="button" onClick={() => uploads.replace(file)}>
            Replace <span class="only-heard">{file.name}</span>
          </button>
        )}
        <button type="button" onClick={() => uploads.dismiss(file)}>
          {over ? 'Dismiss' : 'Cancel'} <span class="only-heard">{file.name}</span>
        </button>
      </span>
    </li>
  )
}

export const UploadList = ({ uploads }: { uploads: Uploads }) =>
  uploads.list.value.length === 0 ? null : (
    <ul class="card uploads" aria-label="Uploads" aria-live="polite">
      {uploads.list.value.map((upload, at) => (
        <Row key={at} upload={upload} uploads={uploads} />
      ))}
    </ul>
  )
