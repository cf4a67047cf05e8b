/** Images in the terminal: sixel, and those of iTerm2 (OSC 1337), as far as they were streamed; a snapshot has none. */
import { ImageAddon } from '@xterm/addon-image'
import type { Terminal } from '@xterm/xterm'

/** Of all images of one terminal together, decoded, MB: older ones make room. */
const STORED_MB = 32
/** Of one image: 4 MP take 16 MB. */
const MAX_PIXELS = 4 * 1024 * 1024
/** Of the sequence that holds it. */
const MAX_BYTES = 8 * 1024 * 1024

export const showImages = (terminal: Terminal): void =>
  terminal.loadAddon(
    new ImageAddon({
      enableSizeReports: false, // the session host answers
      pixelLimit: MAX_PIXELS,
      storageLimit: STORED_MB,
      sixelSizeLimit: MAX_BYTES,
      iipSizeLimit: MAX_BYTES,
    }),
  )
