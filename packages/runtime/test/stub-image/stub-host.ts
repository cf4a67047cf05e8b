/** Stands in for a session host: listens where it is told and does what a test says, one line a command. */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

// biome-ignore lint/style/noProcessEnv: it stands in for the main.ts of a service
const env = process.env
const address = env.HOLDFAST_LISTEN ?? ''
const path = address.replace(/^unix:/, '')
const [, host, port] = /^tcp:(.+):(\d+)$/.exec(address) ?? []
let polite = true

/** Ends when everything is written: in a container `process.exit` alone was seen to lose 560 of 800 KB. */
const leave = (code: number): void => {
  process.stderr.write('', () => process.stdout.write('', () => process.exit(code)))
}

const COMMANDS: Record<string, (argument: string) => string> = {
  print: (text) => {
    process.stdout.write(`${text}\n`)
    return 'ok'
  },
  complain: (text) => {
    process.stderr.write(`${text}\n`)
    return 'ok'
  },
  flood: (bytes) => {
    for (let left = Number(bytes); left > 0; left -= 100) process.stdout.write(`${'x'.repeat(99)}\n`)
    return 'ok'
  },
  env: () => JSON.stringify(env),
  cwd: () => process.cwd(),
  pid: () => String(process.pid),
  /** A shell's command line; its output without newlines. */
  sh: (line) => execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' }).replaceAll('\n', ' ').trim(),
  stubborn: () => {
    polite = false
    return 'ok'
  },
  /** A child in a session of its own that no polite signal ends. */
  child: () => {
    const script = "process.on('SIGTERM', () => {}); process.on('SIGHUP', () => {}); setInterval(() => {}, 1000)"
    const child = spawn(process.execPath, ['-e', script], { detached: true, stdio: 'ignore' })
    child.unref()
    return String(child.pid)
  },
  /** Takes memory until it is killed. */
  hoard: () => {
    const kept: Buffer[] = []
    setInterval(() => kept.push(Buffer.alloc(8 * 1024 * 1024, kept.length + 1)), 1)
    return 'ok'
  },
  exit: (code) => {
    leave(Number(code))
    return 'ok'
  },
}

process.on('SIGTERM', () => {
  if (!polite) return
  process.stdout.write('bye\n')
  leave(7)
})

const server = createServer((socket) => {
  socket.on('error', () => {})
  createInterface({ input: socket }).on('line', (line) => {
    const [name = '', ...rest] = line.split(' ')
    socket.write(`${COMMANDS[name]?.(rest.join(' ')) ?? 'unknown'}\n`)
  })
})
const listening = (): void => {
  if (host === undefined) chmodSync(path, 0o777) // a test that is not root connects, too
  process.stdout.write(`listening ${env.HOLDFAST_HOST_ID}\n`)
}
if (host === undefined) server.listen(path, listening)
else server.listen(Number(port), host, listening)
