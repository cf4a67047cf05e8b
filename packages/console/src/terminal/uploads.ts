/** Files on their way into a session, one after the other: asked about where one is there already, told how far they are. */
import { type HoldfastClient, readProblem } from '@holdfast/client'
import { HoldfastError } from '@holdfast/protocol'
import { type Signal, signal } from '@preact/signals'
import { base, explain } from '../connection.ts'

export interface Upload {
  file: File
  /** `asking`: a file of this name is there; may it be replaced? */
  state: 'waiting' | 'asking' | 'sending' | 'done' | 'failed'
  sent: number
  /** Why it failed. */
  why: string
}

/** The browser tells how much of a body it has sent only here. */
const send = (url: string, file: File, stop: AbortSignal, onSent: (bytes: number) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.upload.onprogress = ({ loaded }) => onSent(loaded)
    request.onload = () =>
      request.status < 300 ? resolve() : reject(readProblem(request.status, request.responseText))
    request.onerror = () =>
      reject(new HoldfastError('HOST_UNREACHABLE', 'The upload broke off. Nothing of it is left.'))
    request.onabort = () => reject(stop.reason)
    stop.addEventListener('abort', () => request.abort())
    request.send(file)
  })

/** Those of one session. */
export class Uploads {
  readonly list: Signal<readonly Upload[]> = signal([])
  readonly #client: HoldfastClient
  readonly #session: string
  readonly #stops = new Map<File, AbortController>()
  #turn: Promise<void> = Promise.resolve()

  constructor(client: HoldfastClient, session: string) {
    this.#client = client
    this.#session = session
  }

  /** To where the shell is. */
  add(files: Iterable<File>): void {
    for (const file of files) {
      this.list.value = [...this.list.value, { file, state: 'waiting', sent: 0, why: '' }]
      this.#enqueue(file, false)
    }
  }

  replace(file: File): void {
    this.#change(file, { state: 'waiting' })
    this.#enqueue(file, true)
  }

  /** Ends it where it is not done, and tells of it no more. */
  dismiss(file: File): void {
    this.#stops.get(file)?.abort()
    this.list.value = this.list.value.filter((upload) => upload.file !== file)
  }

  dispose(): void {
    for (const { file } of this.list.value) this.dismiss(file)
  }

  #enqueue(file: File, overwrite: boolean): void {
    const stop = new AbortController()
    this.#stops.set(file, stop)
    this.#turn = this.#turn.then(() => this.#upload(file, overwrite, stop.signal))
  }

  async #upload(file: File, overwrite: boolean, stop: AbortSignal): Promise<void> {
    if (stop.aborted) return
    try {
      if (!overwrite && (await this.#isThere(file.name, stop))) {
        this.#change(file, { state: 'asking' })
        return
      }
      this.#change(file, { state: 'sending' })
      const url = `${base}${this.#client.fileUrl(this.#session, file.name, overwrite)}`
      await send(url, file, stop, (sent) => this.#change(file, { sent }))
      this.#change(file, { state: 'done' })
    } catch (error) {
      if (stop.aborted) return
      const taken = error instanceof HoldfastError && error.code === 'FILE_EXISTS' // since it was looked for
      this.#change(file, taken ? { state: 'asking' } : { state: 'failed', why: explain(error) })
    }
  }

  /** Asked before anything is sent: a browser hears of a refusal only when it has sent all. */
  async #isThere(name: string, stop: AbortSignal): Promise<boolean> {
    try {
      const { body } = await this.#client.download(this.#session, name, stop)
      await body.cancel()
      return true
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'FILE_NOT_FOUND') return false
      throw error
    }
  }

  #change(file: File, change: Partial<Upload>): void {
    this.list.value = this.list.value.map((upload) => (upload.file === file ? { ...upload, ...change } : upload))
  }
}
