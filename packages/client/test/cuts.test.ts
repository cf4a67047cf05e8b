import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HostMessage, randomId } from '@holdfast/protocol'
import { Attachment } from '../src/attachment.ts'
import { Backoff } from '../src/backoff.ts'
import { defaultSocket } from '../src/node-socket.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { FakeHost } from './fake-host.ts'
import { Recorder } from './recorder.ts'

const CUTS = 500
const LINE = 'a line of the output, number '

/** Prints and types a little at every chance, until the line was cut often enough. */
const traffic = async (host: FakeHost, attachment: Attachment, proxy: CuttingProxy, typed: string[]): Promise<void> => {
  for (let i = 0; proxy.cuts < CUTS; i++) {
    // A backlog would come in one piece with the answer to `attach`, and every cut would be in it.
    if (attachment.offset === host.output.length) host.print(`${LINE}${i}\n`.repeat(1 + (i % 60)))
    if (attachment.unacknowledged < 500) {
      const text = `${i} ${randomId(1 + (i % 40))}\n`
      typed.push(text)
      attachment.write(text)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test(`${CUTS} cuts at random places: every byte of output and of input arrives once`, async () => {
  const host = await FakeHost.start()
  let patient = false
  const upTo = (bytes: number): number => (patient ? Infinity : 1 + Math.floor(Math.random() * bytes))
  const proxy = await CuttingProxy.start(host.port, () => ({ up: upTo(2_000), down: upTo(15_000) }))
  const seen = new Recorder()
  const typed: string[] = []
  let acksLost = 0
  const onMessage = (message: HostMessage): void => {
    seen.options().onMessage?.(message)
    if (message.type !== 'attached') return
    const confirmed = typed.join('').length - attachment.unacknowledged
    if (message.inputOffset > confirmed) acksLost++
  }
  const dial = async () => defaultSocket(`${proxy.url.replace('http', 'ws')}/attach`, ['holdfast.v1'], {})
  const attachment = new Attachment(dial, { ...seen.options(), onMessage }, new Backoff(() => 0))
  try {
    await traffic(host, attachment, proxy, typed)
    patient = true
    const all = typed.join('')
    await host.until(() => host.typed.length >= all.length)
    await seen.until(() => seen.output.length >= host.output.length && attachment.unacknowledged === 0)
    assert.equal(host.typed.toString(), all)
    assert(seen.output.equals(host.output), 'the output differs')
    assert.equal(attachment.offset, host.output.length)
    assert(seen.messages.every((message) => message.type !== 'attached' || message.resume !== 'snapshot'))
    // What the cuts must have hit for this to mean something.
    assert(seen.count('attached') > 100, `only ${seen.count('attached')} connections came to attach`)
    assert(acksLost > 10, `only ${acksLost} times input had arrived and its acknowledgement had not`)
  } finally {
    attachment.detach()
    await proxy.stop()
    await host.stop()
  }
})
