/** A session's stream that is already long, or under limits of the test's: stream, screen and attachments as they are, behind the real attach route. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { SUBPROTOCOL } from '@holdfast/protocol'
import { newLogger } from '@holdfast/service-kit'
import WebSocket from 'ws'
import { attachRoute } from '../src/attach-route.ts'
import { Attachments } from '../src/attachments.ts'
import { Gate } from '../src/gate.ts'
import type { Host } from '../src/host.ts'
import { listen } from '../src/listen.ts'
import { Screen } from '../src/screen.ts'
import type { Stream } from '../src/stream.ts'
import { type FifoOptions, fifoStream } from './fifo.ts'
import { claimOf, grant, HOST_ID, KEY, SESSION, View } from './harness.ts'

export class FarStream {
  readonly stream: Stream
  readonly attachments: Attachments
  /** How often an attachment asked for the screen. */
  looks = 0
  readonly #screen: Screen
  readonly #t: TestContext

  constructor(t: TestContext, options: FifoOptions) {
    const none = () => undefined
    const { stream } = fifoStream(t, { ...options, onOutput: () => this.#catchUp() })
    const catchUp = () => this.#catchUp()
    const events = { catchUp, onReply: none, onTitle: none, onBell: none, onParsed: none }
    this.#t = t
    this.stream = stream
    this.#screen = new Screen({ cols: 80, rows: 24, scrollbackLines: 100 }, events)
    const look = () => this.#look()
    const watched = {
      epoch: 'far',
      stream,
      get screen() {
        return look()
      },
      exitMessage: () => null,
    }
    this.attachments = new Attachments({ session: SESSION, sizePolicy: 'latest' }, watched, {
      resize: none,
      size: () => ({ cols: 80, rows: 24 }),
      seedColors: (colors) => this.#screen.seedColors(colors),
      viewersChanged: none,
    })
  }

  get end(): number {
    return this.stream.end
  }

  print(bytes: Buffer): void {
    this.stream.print(bytes)
  }

  /** As a session: what a conversation with a client needs of one. */
  signal(): boolean {
    return true
  }

  /** Serves it on a Unix socket; returns what opens a view of it. */
  async serve(): Promise<() => Promise<View>> {
    const t = this.#t
    const host = { claim: claimOf('true'), session: this } as unknown as Host
    const server = createServer()
    const parts = { host, gate: new Gate(HOST_ID, KEY), logger: newLogger('session', 'silent'), attachTimeoutMs: 5000 }
    server.on('upgrade', attachRoute(parts))
    const directory = mkdtempSync(join(tmpdir(), 'hf-far-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    await listen(server, `unix:${join(directory, 's')}`)
    t.after(() => server.close())
    return async () => {
      const headers = { authorization: `Bearer ${grant({ op: 'attach' })}` }
      const view = new View(new WebSocket(`ws+unix:${join(directory, 's')}:/attach`, [SUBPROTOCOL], { headers }))
      await once(view.socket, 'open')
      t.after(() => view.socket.terminate())
      return view
    }
  }

  #look(): Screen {
    this.looks++
    return this.#screen
  }

  #catchUp(): void {
    const { bytes, offset } = this.stream.take()
    if (bytes.length > 0) this.#screen.write(bytes, offset)
    this.stream.forgetting(this.#screen.forgetsAfter)
  }
}
