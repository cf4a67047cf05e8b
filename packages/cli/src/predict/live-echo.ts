/** Shows guessed keys on the local terminal while attached, and puts it right before each piece of output. */
import { AttachmentEcho, type Prediction } from '@holdfast/client'
import type { LiveAttachment } from '@holdfast/session-manager'
import type { Size } from '../local-terminal.ts'
import { draw, erase } from './drawing.ts'
import { type Place, ScreenModel } from './screen-model.ts'

export type NewModel = (size: Size) => ScreenModel

/** Loaded only where it is used: it is as large as the rest of the command line. */
export const loadModel = async (): Promise<NewModel> => {
  const { default: headless } = await import('@xterm/headless')
  const options = { scrollback: 0, allowProposedApi: true, logLevel: 'off' } as const
  return (size) => new ScreenModel(new headless.Terminal({ ...size, ...options }))
}

export class LiveEcho {
  readonly #newModel: NewModel
  readonly #attachment: LiveAttachment
  readonly #write: (text: string) => void
  readonly #echo: AttachmentEcho
  #model: ScreenModel | null = null
  #drawn: { text: string; place: Place } | null = null

  /** `write`: to the local terminal. */
  constructor(mode: Prediction, newModel: NewModel, attachment: LiveAttachment, write: (text: string) => void) {
    this.#newModel = newModel
    this.#attachment = attachment
    this.#write = write
    this.#echo = new AttachmentEcho(mode, attachment, {
      sight: () => this.#model?.sight ?? null,
      onGuesses: () => this.#update(),
      onMeasured: () => {
        if (!this.#echo.wanted) this.#forget()
      },
    })
  }

  /** The terminal was emptied, and shows from now on what is put out. */
  reset(size: Size): void {
    this.#drawn = null
    this.#echo.interrupt()
    this.#model = this.#newModel(size)
  }

  attached(): void {
    this.#echo.attached()
  }

  /** What to write instead of these bytes. */
  output(bytes: Uint8Array): Uint8Array {
    if (this.#model === null) return bytes
    const before = this.#erased()
    if (this.#model.write(bytes)) this.#echo.output(this.#model.sight)
    else this.#forget()
    const after = this.#redrawn()
    return before === '' && after === '' ? bytes : Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)])
  }

  typed(bytes: Uint8Array): void {
    this.#echo.typed(bytes)
  }

  modes(tty: { echo: boolean; canonical: boolean }): void {
    this.#echo.modes(tty)
  }

  acknowledged(): void {
    this.#echo.acknowledged()
  }

  /** Nobody knows where a terminal puts what stands behind the cursor when it gets narrower. */
  resize(size: Size): void {
    const isDrawn = this.#drawn !== null
    this.interrupt()
    this.#model?.resize(size)
    if (!isDrawn) return
    this.#attachment.forget()
    this.#attachment.reconnect()
  }

  /** The connection is gone. */
  interrupt(): void {
    this.#echo.interrupt()
  }

  end(): void {
    this.#echo.end()
  }

  /** Until the terminal is emptied the next time: it costs nothing then. */
  #forget(): void {
    this.#model = null
    this.#echo.interrupt()
  }

  #update(): void {
    if (this.#echo.shown === (this.#drawn?.text ?? '')) return
    this.#write(this.#erased() + this.#redrawn())
  }

  #erased(): string {
    const drawn = this.#drawn
    this.#drawn = null
    return drawn === null ? '' : erase(drawn.text.length, drawn.place)
  }

  #redrawn(): string {
    const text = this.#echo.shown
    const place = text === '' ? null : (this.#model?.place ?? null)
    if (place === null) return ''
    this.#drawn = { text, place }
    return draw(text, place)
  }
}
