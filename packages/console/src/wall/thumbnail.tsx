/** A screen in small: text nodes and colours, as large as its card allows. */
import { useMemo } from 'preact/hooks'
import { type Run, screenRuns } from './ansi.ts'
import { type Pen, PLAIN } from './pen.ts'

const INK = 'var(--term-fg)'
const PAPER = 'var(--term-bg)'

const styleOf = (pen: Pen) => {
  const color = pen.color ?? INK
  const background = pen.background ?? (pen.inverse ? PAPER : undefined)
  return {
    color: pen.inverse ? background : color,
    background: pen.inverse ? color : background,
    fontWeight: pen.bold ? 700 : undefined,
    fontStyle: pen.italic ? 'italic' : undefined,
    textDecoration: pen.underline ? 'underline' : undefined,
    opacity: pen.dim ? 0.6 : undefined,
    visibility: pen.hidden ? 'hidden' : undefined,
  } as const
}

const Line = ({ runs }: { runs: readonly Run[] }) => (
  <>
    {runs.map(({ text, pen }, at) =>
      pen === PLAIN ? (
        text
      ) : (
        <span key={at} style={styleOf(pen)}>
          {text}
        </span>
      ),
    )}
    {'\n'}
  </>
)

interface ThumbnailProps {
  ansi: string
  cols: number
  rows: number
}

/** Said by its card; the text itself would be noise to who hears it. */
export const Thumbnail = ({ ansi, cols, rows }: ThumbnailProps) => {
  const lines = useMemo(() => screenRuns(ansi, cols, rows), [ansi, cols, rows])
  return (
    <pre class="thumbnail" aria-hidden="true" style={{ '--cols': cols, '--rows': rows }}>
      {lines.map((runs, at) => (
        <Line key={at} runs={runs} />
      ))}
    </pre>
  )
}
