/** What a session with a network reaches, tried from inside; and what happens when the guard cannot be had. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { before, type TestContext, test } from 'node:test'
import type { HostInfo } from '../src/index.ts'
import { guardRules, nameServersOf } from '../src/network-guard.ts'
import { stubSpec } from './conformance.ts'
import { docker, dockerFixture, whyNoDocker } from './docker-fixture.ts'
import { buildGuardImage, iptablesPath, removeImage } from './guard-image.ts'
import { newHostId, tell, until } from './stub-client.ts'

const ci = process.env.CI === 'true'
const noDocker = await whyNoDocker(ci)
const noTables = (await iptablesPath()) === null && 'this machine has no iptables'
if (noTables !== false && ci) throw new Error(noTables)
const skip = noDocker === false ? noTables : noDocker
const { cluster, image, make, inside, container, atEnd } = await dockerFixture(skip)
const guardImage = `hf-test-guard-${cluster}`
const runtime = make({ guardImage })
const bridge = `hf-${cluster}`
const chain = `HOLDFAST-${cluster}`
const otherNetwork = `hf-test-other-${cluster}`
const outsider = `hf-test-outsider-${cluster}`
const PORT = 7000
const LISTEN = `require('net').createServer(s => s.end()).listen(${PORT}, '0.0.0.0')`
/** Says open, refused or silent, after 2 s at the latest. */
const PROBE = `const [host, port] = process.argv.slice(1)
const socket = require('net').connect(Number(port), host)
const say = (word) => { console.log(word); process.exit(0) }
socket.on('connect', () => say('open')).on('error', (error) => say(error.code === 'ECONNREFUSED' ? 'refused' : error.code))
setTimeout(() => say('silent'), 2000)`

const tables = (...args: string[]): Promise<string> => {
  const base = ['run', '--rm', '--pull=never', '--network=host', '--cap-add=NET_ADMIN', '--entrypoint=iptables']
  return docker(...base, guardImage, '-w', '-t', 'raw', ...args)
}
const rules = (): Promise<string> => tables('-S', chain)
const jumps = async (): Promise<string[]> =>
  (await tables('-S', 'PREROUTING')).split('\n').filter((line) => line.includes(chain))
const dropsTo = async (destination: string): Promise<number> => {
  const line = (await tables('-L', chain, '-v', '-n', '-x')).split('\n').find((row) => row.includes(destination))
  return Number(line?.trim().split(/\s+/)[0])
}
const probe = (from: string, host: string, port: number): Promise<string> =>
  docker('exec', '-u', '1000', from, 'node', '-e', PROBE, host, String(port))
const addressOf = (name: string): Promise<string> =>
  docker('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name)
const gatewayOf = (network: string): Promise<string> =>
  docker('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Gateway}}{{end}}', network)

let machine: Server
let session: HostInfo
let neighbour: HostInfo
const machinePort = () => (machine.address() as AddressInfo).port

const removeRules = async (): Promise<void> => {
  for (const jump of await jumps()) await tables('-D', ...jump.split(' ').slice(1))
  await tables('-F', chain)
  await tables('-X', chain)
}
const withNetwork = () => stubSpec(newHostId(), image, { network: true })
before(async () => {
  if (skip !== false) return
  await buildGuardImage(guardImage)
  atEnd(() => removeImage(guardImage))
  machine = createServer((socket) => socket.end()).listen(0, '0.0.0.0')
  atEnd(async () => machine.close())
  await once(machine, 'listening')
  atEnd(removeRules)
  // Two creates at once, as by two replicas: one network, one guard's worth of rules.
  const both = [runtime.create(withNetwork()), make({ guardImage }).create(withNetwork())]
  ;[session, neighbour] = (await Promise.all(both)) as [HostInfo, HostInfo]
  await docker('exec', '-d', container(neighbour), 'node', '-e', LISTEN)
  await docker('network', 'create', otherNetwork)
  atEnd(() => docker('network', 'rm', otherNetwork))
  const base = ['-d', '--init', '--pull=never', '--name', outsider, '--network', otherNetwork]
  await docker('run', ...base, image, 'node', '-e', LISTEN)
  atEnd(() => docker('rm', '-f', '-v', outsider))
})
const check = (title: string, body: (t: TestContext) => Promise<void>): void => {
  test(title, { skip, timeout: 240_000 }, body)
}

check('the guard drops what is private, lets name servers be asked, and touches nothing else', async () => {
  const resolvers = nameServersOf(
    await docker('run', '--rm', '--pull=never', '--network=none', image, 'cat', '/etc/resolv.conf'),
  )
  const lines = (await rules()).split('\n').slice(1)
  const names = resolvers.flatMap((address) =>
    ['udp', 'tcp'].map((kind) => `-A ${chain} -d ${address}/32 -p ${kind} -m ${kind} --dport 53 -j RETURN`),
  )
  const ranges = [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ]
  const drops = ranges.map((range) => `-A ${chain} -d ${range} -j DROP`)
  assert.deepEqual(lines, [...names, ...drops, `-A ${chain} -m addrtype --dst-type LOCAL -j DROP`])
  assert.deepEqual(new Set(await jumps()), new Set([`-A PREROUTING -i ${bridge} -j ${chain}`]))
})

check('a session reaches neither its neighbour, nor the machine, nor another network, nor cloud metadata', async () => {
  const inSession = container(session)
  const neighbourIp = await addressOf(container(neighbour))
  const outsiderIp = await addressOf(outsider)
  // The servers do listen, and the probe does see it.
  await until('the neighbour listens', async () => (await probe(container(neighbour), neighbourIp, PORT)) === 'open')
  await until('the outsider listens', async () => (await probe(outsider, outsiderIp, PORT)) === 'open')
  const otherGateway = await gatewayOf(otherNetwork)
  await until('the machine listens', async () => (await probe(outsider, otherGateway, machinePort())) === 'open')

  assert.equal(await probe(inSession, neighbourIp, PORT), 'silent')
  assert.equal(await probe(inSession, outsiderIp, PORT), 'silent')
  assert.equal(await probe(inSession, await gatewayOf(bridge), machinePort()), 'silent')
  assert.equal(await probe(inSession, await gatewayOf(otherNetwork), machinePort()), 'silent')
  // The rule stands (else the packet would leave the machine), so the probe may be sent.
  assert.match(await rules(), /-d 169\.254\.0\.0\/16 -j DROP/)
  const before = await dropsTo('169.254.0.0/16')
  assert.equal(await probe(inSession, '169.254.169.254', 80), 'silent')
  assert.ok((await dropsTo('169.254.0.0/16')) > before)
})

check('a public address of the machine itself is dropped by its kind, not by its range', async (t) => {
  const own = await docker(
    'run',
    '--rm',
    '--pull=never',
    '--network=host',
    image,
    'node',
    '-p',
    `Object.values(os.networkInterfaces()).flat().find(a => a.family === 'IPv4' && !/^(10|127|172|192\\.168|169\\.254|100)\\./.test(a.address))?.address ?? ''`,
  )
  if (own === '') return t.skip('every address of this machine is private')
  const before = await dropsTo('dst-type LOCAL')
  assert.equal(await probe(container(session), own, machinePort()), 'silent')
  assert.ok((await dropsTo('dst-type LOCAL')) > before)
})

check('a session with a network has one IPv4 device and no IPv6', async () => {
  assert.equal(await inside(session, 'ls', '/sys/class/net'), 'eth0\nlo')
  const devices = (await inside(session, 'cat', '/proc/net/if_inet6').catch(() => '')).split('\n')
  assert.deepEqual(
    devices.filter((line) => line.endsWith('eth0')),
    [],
  )
})

check('rules that went away come back at the next start; what is there is not doubled', async () => {
  const listed = await rules()
  for (const jump of await jumps()) await tables('-D', ...jump.split(' ').slice(1))
  await tables('-F', chain)
  await make({ guardImage }).prepare?.()
  assert.equal(await rules(), listed)
  await make({ guardImage }).prepare?.()
  assert.equal(await rules(), listed)
  assert.equal((await jumps()).length, 1)
  assert.equal(await docker('ps', '-aq', '--filter', `label=dev.holdfast.guard=${cluster}`), '')
})

check('without a guard, sessions with a network are refused with the reason, and others are not', async () => {
  for (const [broken, reason] of [
    [image, /cannot be guarded: .*iptables-restore: not found/s],
    ['hf-test-absent', /cannot be guarded: .*hf-test-absent/s],
  ] as const) {
    const unguarded = make({ guardImage: broken })
    const spec = withNetwork()
    await assert.rejects(unguarded.create(spec), { code: 'RUNTIME_UNAVAILABLE', message: reason })
    assert.equal(await unguarded.inspect(spec.hostId), null)
    await assert.rejects(unguarded.prepare?.() ?? Promise.resolve(), { code: 'RUNTIME_UNAVAILABLE' })
    const info = await unguarded.create({ ...spec, network: false })
    assert.notEqual(await tell(info, 'pid'), '')
    await unguarded.remove(info.hostId)
  }
})

check('when a bridge is full the next session gets another one, guarded alike', async () => {
  const small = make({ guardImage, maxPorts: 2 }) // as many as there are
  const third = await small.create(withNetwork())
  try {
    const networks = '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}'
    assert.equal(await docker('inspect', '-f', networks, container(third)), `hf-${cluster}-2`)
    assert.deepEqual((await small.report()).bridgePorts, { used: 3, limit: 18 })
    assert.ok((await jumps()).some((line) => line.includes(`-i h2-${cluster} `)))
    assert.equal(await probe(container(third), await gatewayOf(`hf-${cluster}-2`), machinePort()), 'silent')
    assert.equal(await probe(container(third), await addressOf(container(neighbour)), PORT), 'silent')
  } finally {
    await small.remove(third.hostId)
    await docker('network', 'rm', `hf-${cluster}-2`)
  }
})

check('a network of our name that lets its containers talk is refused', async () => {
  const other = `${cluster}x`
  await docker('network', 'create', `hf-${other}`)
  try {
    await assert.rejects(make({ guardImage, cluster: other }).create(withNetwork()), {
      code: 'RUNTIME_UNAVAILABLE',
      message: /not made by Holdfast/,
    })
  } finally {
    await docker('network', 'rm', `hf-${other}`)
  }
})

check('no network is made where no session asked for one', async () => {
  const other = `${cluster}y`
  await make({ guardImage, cluster: other }).prepare?.()
  assert.equal(await docker('network', 'ls', '-q', '--filter', `name=hf-${other}`), '')
})

test('name servers come before the drops, without loopback and IPv6 ones', () => {
  const found = nameServersOf(
    '# nameserver 9.9.9.9\nnameserver 127.0.0.53\nnameserver fd00::1\nnameserver 10.1.2.3\nsearch x\n',
  )
  assert.deepEqual(found, ['10.1.2.3'])
  const text = guardRules('c1', found)
  assert.ok(text.indexOf('-d 10.1.2.3/32 -p udp') < text.indexOf('-j DROP'))
  assert.match(text, /^\*raw\n:HOLDFAST-c1 - \[0:0\]\n(.+\n)+COMMIT\n$/)
})
