/** Keeps counts in output from holding up xterm.js 6.0, which repeats what it is told as often as it is told. */

interface Core {
  cols: number
  rows: number
  _inputHandler: {
    _parser: {
      registerCsiHandler(
        id: { final: string },
        handler: (parameters: { params: { [index: number]: number } }) => boolean,
      ): unknown
    }
  }
}

/** More of these than the screen has rows or columns change nothing more; REP stops at a screenful. `core`: `_core` of a terminal. */
export const limitRepeats = (core: Core): void => {
  const { _parser: parser } = core._inputHandler
  const limit = (final: string, most: () => number): unknown =>
    parser.registerCsiHandler({ final }, ({ params }) => {
      params[0] = Math.min(params[0] ?? 0, most())
      return false
    })
  for (const final of 'LMST') limit(final, () => core.rows)
  for (const final of 'IZ') limit(final, () => core.cols)
  limit('b', () => core.cols * core.rows)
}
