/** Keystroke echo: one character into `cat` on a terminal, until the terminal's echo of it is back. Contender: ttyd, direct. */
import { WebSocket } from 'ws'
import { docker, type Installation, installation } from './installation.ts'
import { percentile, printTable, round } from './stats.ts'

const KEYS = 400
const ROUNDS = 4
const GAP_MS = 5
const WARM_UP = 50

interface Line {
  name: string
  type(character: string): void
  onEcho(listener: (text: string) => void): void
  close(): void
}

const opened = (socket: WebSocket): Promise<void> =>
  new Promise((done, fail) => {
    socket.once('open', done)
    socket.once('error', fail)
  })

const line = (name: string, socket: WebSocket, encode: (text: string) => string | Buffer, skip: number): Line => ({
  name,
  type: (character) => socket.send(encode(character)),
  onEcho: (listener) => {
    socket.removeAllListeners('message')
    socket.on('message', (data: Buffer, binary: boolean) => {
      if (binary) listener(data.subarray(skip).toString('latin1'))
    })
  },
  close: () => socket.close(),
})

const holdfast = async ({ url, key, client }: Installation): Promise<Line> => {
  const { id } = await client.createSession({ template: 'isolated', command: 'cat' })
  const address = `${url.replace('http', 'ws')}/v1/sessions/${id}/attach`
  const socket = new WebSocket(address, ['holdfast.v1'], {
    headers: { authorization: `Bearer ${key}` },
    perMessageDeflate: false,
  })
  await opened(socket)
  socket.send(JSON.stringify({ type: 'attach', client: 'bench', mode: 'rw', cols: 80, rows: 24 }))
  const gateway = line('Holdfast, through the gateway', socket, (text) => Buffer.from(text), 0)
  return { ...gateway, close: () => void client.deleteSession(id).finally(gateway.close) }
}

const ttyd = async (): Promise<Line> => {
  const id = docker('run', '-d', '--init', '--pull=never', 'contender/ttyd', 'ttyd', '-W', '-p', '7681', 'cat')
  const ip = docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', id)
  for (let tries = 0; ; tries++) {
    const socket = new WebSocket(`ws://${ip}:7681/ws`, ['tty'], { perMessageDeflate: false })
    try {
      await opened(socket)
      socket.send(JSON.stringify({ AuthToken: '', columns: 80, rows: 24 }))
      const direct = line('ttyd, direct', socket, (text) => Buffer.from(`0${text}`), 1)
      return { ...direct, close: () => docker('rm', '-f', id) }
    } catch (error) {
      if (tries > 50) throw error
      await new Promise((done) => setTimeout(done, 100))
    }
  }
}

/** Milliseconds from the send of each key to its echo. */
const measure = async (target: Line, keys: number): Promise<number[]> => {
  const times: number[] = []
  for (let i = 0; i < keys; i++) {
    const character = String.fromCharCode(97 + (i % 26))
    times.push(
      await new Promise<number>((done) => {
        const begin = performance.now()
        target.onEcho((text) => text.includes(character) && done(performance.now() - begin))
        target.type(character)
      }),
    )
    // A new line now and then: a terminal in cooked mode holds 4,096 characters.
    if (i % 60 === 59) target.type('\n')
    await new Promise((done) => setTimeout(done, GAP_MS))
  }
  return times
}

export const echo = async (): Promise<void> => {
  const running = installation()
  const targets = [await holdfast(running), await ttyd()]
  const samples = new Map<string, number[]>(targets.map(({ name }) => [name, []]))
  for (const target of targets) await measure(target, WARM_UP)
  // In turns, so that what else the machine does hits both.
  for (let turn = 0; turn < ROUNDS; turn++) {
    for (const target of targets) samples.get(target.name)?.push(...(await measure(target, KEYS)))
  }
  for (const target of targets) target.close()
  const base = percentile(samples.get('ttyd, direct') ?? [], 50)
  const rows = [...samples].map(([name, times]) => [
    name,
    String(times.length),
    round(percentile(times, 50)),
    round(percentile(times, 99)),
    round(percentile(times, 50) / base),
  ])
  printTable(['echo', 'keys', 'p50 ms', 'p99 ms', '× ttyd p50'], rows)
}
