/** What a container is asked for, as far as no engine is needed to see it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Limits } from '@holdfast/protocol'
import { containerBody } from '../src/docker-container.ts'

const tmpOf = (limits: Limits): string | undefined => {
  const spec = { hostId: 'local-1-2', image: 'image', hostKey: '00', labels: {}, limits, network: false }
  return /size=(\d+m)/.exec(
    containerBody('test', spec, '/hosts/local-1-2', 'none').HostConfig?.Tmpfs?.['/tmp'] ?? '',
  )?.[1]
}

test('/tmp is memory: by default at most half of it, so that a full one does not take the session with it', () => {
  assert.equal(tmpOf({}), '256m')
  assert.equal(tmpOf({ memoryMb: 256 }), '128m')
  assert.equal(tmpOf({ memoryMb: 256, tmpMb: 300 }), '300m', 'what is asked for is given')
})
