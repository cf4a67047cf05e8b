import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HostMessage, randomId } from '@holdfast/protocol'
import { Attachment } from '../src/attachment.ts'
import { Backoff } from '../src/backoff.ts'
import { defaultSocket } from '../src/node-socket.ts'
import { FakeHost } from './fake-host.ts'
import { FaultProxy } from './fault-proxy.ts'
import { Recorder } from './recorder.ts'

const CUTS = 500
const LINE = 'a line of the output, number '

/** Prints and types a little at every chance, until the line was cut often enough. */
const traffic = async (host: FakeHost, attachment: Attachment, proxy: FaultProxy, typed: string[]): Promise<void> => {
  for (let i = 0; proxy.total < CUTS; i++) {
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

test(`${CUTS} cuts at random places: every byte of output and of input arrives once`, async (t) => {
  const host = await FakeHost.start()
  const seed = Date.now() % 1e6
  t.diagnostic(`seed ${seed}`)
  const proxy = await FaultProxy.start({ host: '127.0.0.1', port: host.port }, { seed })
  const seen = new Recorder()
  const typed: string[] = []
  let acksLost = 0
  const onMessage = (message: HostMessage): void => {
    seen.options().onMessage?.(message)
    if (message.type !== 'attached') return
    const confirmed = typed.join('').length - attachment.unacknowledged
    if (message.inputOffset > confirmed) acksLost++
  }
  const dial = async () => defaultSocket(`ws://127.0.0.1:${proxy.port}/attach`, ['holdfast.v1'], {})
  const attachment = new Attachment(dial, { ...seen.options(), onMessage }, new Backoff(() => 0))
  try {
    await traffic(host, attachment, proxy, typed)
    proxy.clear()
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
