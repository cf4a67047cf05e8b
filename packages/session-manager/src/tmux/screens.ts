/** A pane's screen in the four formats that sessions of a cluster have. */
import type { ScreenFormat, ScreenJson } from '@holdfast/protocol'
import { paneOf, type Tmux } from './tmux.ts'

const above = (lines: number): string[] => (lines > 0 ? ['-S', String(-lines)] : [])

const capture = async (tmux: Tmux, id: string, ...flags: readonly string[]): Promise<string[]> => {
  const text = await tmux.run(['capture-pane', '-p', '-t', paneOf(id), ...flags])
  return text.replace(/\n$/, '').split('\n')
}

const FORMAT = ['pane_width', 'pane_height', 'cursor_x', 'cursor_y', 'alternate_on', 'pane_title']
  .map((field) => `#{${field}}`)
  .join('\t')

const json = async (tmux: Tmux, id: string, scrollback: number): Promise<string> => {
  const [told, lines] = await Promise.all([
    tmux.run(['display-message', '-p', '-t', paneOf(id), FORMAT]),
    capture(tmux, id, ...above(scrollback)),
  ])
  const [cols, rows, x, y, alternate, ...title] = told.replace(/\n$/, '').split('\t')
  const cursor = { x: Number(x), y: Number(y) }
  const size = { cols: Number(cols), rows: Number(rows) }
  const screen: ScreenJson = { ...size, cursor, title: title.join('\t'), alternate: alternate === '1', lines }
  return JSON.stringify(screen)
}

/** Drawn by the terminal that draws those of the cluster; loaded only when it is asked for. */
const html = async (lines: readonly string[], cols: number): Promise<string> => {
  const [{ default: headless }, { default: serialize }] = await Promise.all([
    import('@xterm/headless'),
    import('@xterm/addon-serialize'),
  ])
  const terminal = new headless.Terminal({ cols, rows: lines.length, allowProposedApi: true })
  const serializer = new serialize.SerializeAddon()
  terminal.loadAddon(serializer as never)
  await new Promise<void>((done) => terminal.write(lines.join('\r\n'), done))
  const page = serializer.serializeAsHTML({ includeGlobalBackground: true })
  terminal.dispose()
  return page
}

/** Throws SESSION_NOT_FOUND. */
export const screenOf = async (
  tmux: Tmux,
  { id, cols }: { id: string; cols: number },
  format: ScreenFormat,
  scrollback: number,
): Promise<string> => {
  if (format === 'json') return json(tmux, id, scrollback)
  if (format === 'text') return `${(await capture(tmux, id, ...above(scrollback))).join('\n').trimEnd()}\n`
  const styled = await capture(tmux, id, '-e', ...above(scrollback))
  return format === 'html' ? html(styled, cols) : styled.join('\n')
}
