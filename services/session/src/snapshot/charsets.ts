/** Names of xterm.js' character sets, found by designating each and looking what it is. */
import headless from '@xterm/headless'
import type { Charset, Core } from './internals.ts'

/** Source: @xterm/headless src/common/data/Charsets.ts. */
const FINALS = ['0', 'A', '4', 'C', 'R', 'Q', 'K', 'Y', 'E', 'Z', 'H', '='] as const

/** Final byte of the sequence that designates `charset`: `B` is none. */
export const finalOf = (charset: Charset): string => {
  if (charset === undefined) return 'B'
  const terminal = new headless.Terminal({ cols: 2, rows: 1, allowProposedApi: true, logLevel: 'off' })
  const core = (terminal as unknown as { _core: Core & { writeSync(text: string): void } })._core
  const found = FINALS.find((final) => {
    core.writeSync(`\x1b(${final}`)
    return core._charsetService.charset === charset
  })
  terminal.dispose()
  return found ?? 'B'
}

/** What has to be printed in `charset` to get `text`; null when nothing would. */
export const printedAs = (text: string, charset: Charset): string | null => {
  const [first = ''] = text
  if (charset === undefined || charset[first] === undefined) return text
  const key = Object.keys(charset).find((candidate) => charset[candidate] === first)
  return key === undefined ? null : key + text.slice(first.length)
}
