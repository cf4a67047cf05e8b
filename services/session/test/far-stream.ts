/** A session's stream that is already long: replay buffer, screen and attachments as they are, from an offset on, behind the real attach route. */
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
import { ReplayBuffer } from '../src/replay-buffer.ts'
import { Screen } from '../src/screen.ts'
import type { Stream } from '../src/viewer.ts'
import { claimOf, grant, HOST_ID, KEY, SESSION, View } from './harness.ts'

export class FarStream {
  readonly replay: ReplayBuffer
  readonly attachments: Attachments
  readonly #screen: Screen

  constructor(base: number, replayBytes: number) {
    const none = () => undefined
    const events = { onReply: none, onTitle: none, onBell: none, onParsed: none }
    const screen = new Screen({ cols: 80, rows: 24, scrollbackLines: 100 }, events)
    this.#screen = screen
    this.replay = new ReplayBuffer(replayBytes, base)
    // The screen counts what it was fed; the stream began earlier.
    const shifted = {
      seedColors: none,
      get snapshotOffset() {
        return base + screen.snapshotOffset
      },
      snapshot: async (maxBytes: number) => {
        const snapshot = await screen.snapshot(maxBytes)
        return { ...snapshot, offset: base + snapshot.offset }
      },
    } as unknown as Screen
    const stream: Stream = { epoch: 'far', replay: this.replay, screen: shifted, exitMessage: () => null }
    this.attachments = new Attachments({ session: SESSION, sizePolicy: 'latest' }, stream, {
      inputFull: false,
      input: none,
      resize: none,
      size: () => ({ cols: 80, rows: 24 }),
      viewersChanged: none,
    })
  }

  print(bytes: Buffer): void {
    this.replay.append(bytes, this.attachments.needed)
    this.attachments.outputGrew(bytes.length)
    this.#screen.write(bytes)
  }

  /** As a session: what a conversation with a client needs of one. */
  signal(): boolean {
    return true
  }

  /** Serves it on a Unix socket; returns what opens a view of it. */
  async serve(t: TestContext): Promise<() => Promise<View>> {
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
}
