/** One process of a stand: started from source, killed, frozen and started again at the same address. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { until } from './until.ts'

export interface ServiceOptions {
  name: string
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  /** File that its output is appended to. */
  log: string
  /** Does it do its work by now? */
  ready: () => Promise<boolean>
}

const READY_SECONDS = 60

export class Service {
  readonly #options: ServiceOptions
  #child: ChildProcess | undefined

  constructor(options: ServiceOptions) {
    this.#options = options
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  #launch(moreEnv: Readonly<Record<string, string>>): void {
    const { command, args, env, log } = this.#options
    const output = openSync(log, 'a')
    this.#child = spawn(command, args, {
      env: { PATH: process.env.PATH, ...env, ...moreEnv },
      stdio: ['ignore', output, output],
    })
  }

  /** Starts it and waits until it is ready. */
  async start(moreEnv: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#launch(moreEnv)
    const { name, log, ready } = this.#options
    const seen = async () => {
      if (!this.runs) throw new Error(`${name} ended at its start; see ${log}`)
      return ready()
    }
    await until(`${name} is ready (its log: ${log})`, seen, READY_SECONDS)
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name)
  }

  /** Resolves with the signal that ended it; at once when it has ended. */
  async ended(): Promise<NodeJS.Signals | null> {
    if (this.#child !== undefined && this.runs) await once(this.#child, 'exit')
    return this.#child?.signalCode ?? null
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.runs) return
    this.signal(signal)
    await this.ended()
  }

  kill(): Promise<void> {
    return this.end('SIGKILL')
  }
}
