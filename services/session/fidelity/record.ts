/** `node services/session/fidelity/record.ts [NAME…]`: records what programs draw into recordings/. Needs the programs, and root for a process list of their own. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { spawn } from 'node-pty'

interface Scene {
  command: string
  cols: number
  rows: number
  /** Typed one after the other, each when the program has been quiet for a while. */
  keys: string[]
}

const here = import.meta.dirname
const root = join(here, '../../..')
const [UP, DOWN, RIGHT, PAGE_DOWN, F10] = ['\x1b[A', '\x1b[B', '\x1b[C', '\x1b[6~', '\x1b[21~']
const scene = (command: string, keys: string[] = [], cols = 80, rows = 24): Scene => ({ command, cols, rows, keys })

const SCENES: Record<string, Scene> = {
  agent: scene(`node services/session/fidelity/agent.ts`, [], 100, 30),
  vim: scene(`vim -N -u NONE -i NONE -c 'syntax on' -c 'set number mouse=a' services/session/src/pty.ts`, [
    '\x06',
    '/pause\r',
    ':split\r',
    ':vsplit docs/protocol.md\r',
    '\x17w',
    'Onew line 漢字 e\u0301 👍\x1b',
    '\x02',
    'dd',
    'u',
    'gg',
    'ihello\x1b',
    ':q!\r',
    ':qa!\r',
  ]),
  htop: scene('htop', [DOWN, DOWN, 't', 'q'], 100, 30),
  less: scene('less -R docs/protocol.md', [' ', ' ', '/offset\r', 'n', 'g', 'G', 'q']),
  man: scene('man ls', [' ', ' ', 'b', 'q']),
  tmux: scene(`tmux -L fidelity -f /dev/null new-session 'bash --norc'`, [
    'ls --color docs\r',
    '\x02%',
    'git log --oneline | head -5\r',
    '\x02"',
    'seq 1 60\r',
    '\x02[',
    '\x1b[5~',
    'q',
    '\x02o',
    'printf "\\e[31m漢字 👍\\e[m\\n"\r',
    'exit\r',
    'exit\r',
    'exit\r',
  ]),
  mc: scene('mc --nosubshell docs packages', [DOWN, DOWN, '\t', DOWN, '\x1b[13~', PAGE_DOWN, F10, F10, '\r']),
  nano: scene('nano docs/protocol.md', [DOWN, RIGHT, 'typed 漢字 👍', PAGE_DOWN, '\x17', 'offset\r', UP, '\x18', 'n']),
  ls: scene('ls -l --color=always /usr /usr/bin/z* packages services', [], 60, 20),
  'git-log': scene('git -c color.ui=always log --graph --stat --oneline -30', [' ', ' ', 'q'], 90, 25),
  // The file is made here: nothing is fetched from elsewhere.
  curl: scene(
    'cd /dev/shm; head -c 20M /dev/zero > fidelity; python3 -m http.server -b 127.0.0.1 8765 >/dev/null 2>&1 & sleep 2; ' +
      'for bar in -f -#; do curl $bar -S --limit-rate 5M http://127.0.0.1:8765/fidelity -o /dev/null; done; kill $!; rm /dev/shm/fidelity',
  ),
  apt: scene('apt-get -o Dpkg::Progress-Fancy=1 -o APT::Color=1 -y install --reinstall tree 2>/dev/null', []),
  bash: scene('bash --norc', [
    'echo one two\t\t',
    '\x01\x1b[Ca\x05',
    '\x17\x15',
    'for i in {31..60}; do echo -e "\\e["$i"m line" $i; done\r',
    '\x12echo',
    '\r',
    'exit\r',
  ]),
}

/** Long enough for a program to have drawn what it wants to. */
const QUIET_MS = 500

const record = async ({ command, cols, rows, keys }: Scene): Promise<Buffer> => {
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  const env = {
    PATH: `${join(root, 'node_modules/node/bin')}:/usr/bin:/bin:/usr/sbin:/sbin`,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    LANG: 'C.UTF-8',
    HOME: home,
    PS1: '$ ',
  }
  // A name and a process list of its own: a recording tells nothing of the machine.
  const args = [
    '--fork',
    '--pid',
    '--uts',
    '--mount-proc',
    'sh',
    '-c',
    `hostname demo; mount --bind ${root} /mnt; cd /mnt; ${command}`,
  ]
  const terminal = spawn('unshare', args, { cols, rows, cwd: root, env, encoding: null })
  const chunks: Buffer[] = []
  let [lastAt, ended] = [performance.now(), false]
  terminal.onData((data) => {
    lastAt = performance.now()
    chunks.push(data as unknown as Buffer)
  })
  terminal.onExit(() => {
    ended = true
  })
  const quiet = async (): Promise<void> => {
    lastAt = performance.now()
    while (!ended && performance.now() - lastAt < QUIET_MS) await delay(20)
  }
  for (const key of keys) {
    await quiet()
    if (!ended) terminal.write(key)
  }
  for (let waits = 0; !ended && waits < 200; waits++) await quiet()
  if (!ended) terminal.kill('SIGKILL')
  return Buffer.concat(chunks)
}

const folder = join(here, 'recordings')
const indexPath = join(folder, 'index.json')
mkdirSync(folder, { recursive: true })
const readIndex = (): Record<string, { cols: number; rows: number; command: string }> => {
  try {
    return JSON.parse(readFileSync(indexPath, 'utf8'))
  } catch {
    return {}
  }
}
const index = readIndex()
const named = process.argv.slice(2)
for (const [name, made] of Object.entries(SCENES)) {
  if (named.length > 0 && !named.includes(name)) continue
  const bytes = await record(made)
  writeFileSync(join(folder, `${name}.bin.gz`), gzipSync(bytes, { level: 9 }))
  index[name] = { cols: made.cols, rows: made.rows, command: made.command }
  process.stdout.write(`${name}: ${bytes.length} bytes\n`)
}
writeFileSync(indexPath, `${JSON.stringify(index, null, 2)}\n`)
process.exit(0)
