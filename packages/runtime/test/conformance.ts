/** What every runtime promises, as sentences; run against each driver with the stub host in place of a session host. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { type HostInfo, type HostSpec, LABEL, type Runtime, RuntimeRefused } from '../src/index.ts'
import { newHostId, tell, until } from './stub-client.ts'

export interface Harness {
  runtime: Runtime
  /** Another cluster on the same node, with the same hosts directory. */
  stranger: Runtime
  image: string
  /** Does the node remember how a process ended? */
  knowsExitCodes: boolean
  /** Is there one log of all that a host writes? Then a line is whole unless something goes to standard error while it is written. */
  oneLog?: boolean
  skip: string | false
}

export const stubSpec = (hostId: string, image: string, more: Partial<HostSpec> = {}): HostSpec => ({
  hostId,
  image,
  hostKey: 'ab'.repeat(32),
  labels: { [LABEL.session]: `session-of-${hostId}`, [LABEL.fence]: '3' },
  limits: { memoryMb: 256 },
  network: false,
  ...more,
})

/** `status`: /proc/<pid>/status of the host. */
export const assertUnprivileged = (status: string): void => {
  assert.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m)
  assert.match(status, /^Gid:\t1000\t1000\t1000\t1000$/m)
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
    assert.match(status, new RegExp(`^${set}:\t0{16}$`, 'm'))
  }
  assert.match(status, /^NoNewPrivs:\t1$/m)
  assert.match(status, /^Seccomp:\t2$/m)
}

export const UNUSED_FILES = 'files that no host has are told of, and removed unless a host has got them again'

export interface UnusedFiles {
  runtime: Runtime
  stranger: Runtime
  create(workspace?: string): Promise<HostInfo>
  /** Resolves when it has ended. */
  end(info: HostInfo): Promise<void>
}

/** That sentence, of a runtime that keeps files without a host. */
export const checkUnusedFiles = async ({ runtime, stranger, create, end }: UnusedFiles): Promise<void> => {
  const { unusedWorkspaces: unused, removeWorkspace } = runtime
  assert.ok(unused !== undefined && removeWorkspace !== undefined)
  const first = await create()
  await end(first)
  assert.deepEqual(await unused(), [], 'one that ended has its files')
  await runtime.remove(first.hostId, null)
  const [left, ...more] = await unused()
  assert.deepEqual([left?.workspace, more], [first.hostId, []])
  assert.deepEqual(left?.labels, first.labels)
  assert.ok(Math.abs(Date.parse(left?.createdAt ?? '') - Date.now()) < 60_000, left?.createdAt)
  assert.deepEqual(await stranger.unusedWorkspaces?.(), [])
  const second = await create(first.hostId)
  assert.deepEqual(await unused(), [])
  await assert.rejects(removeWorkspace(first.hostId), RuntimeRefused)
  await runtime.remove(second.hostId, null)
  await removeWorkspace(first.hostId)
  assert.deepEqual(await unused(), [])
  await removeWorkspace(first.hostId)
}

export const runtimeConformance = (name: string, harness: Harness): void => {
  const { runtime, stranger } = harness
  const made = new Set<string>()
  const create = (more: Partial<HostSpec> = {}, hostId = newHostId()): Promise<HostInfo> => {
    made.add(hostId)
    return runtime.create(stubSpec(hostId, harness.image, more))
  }
  const check = (title: string, body: () => Promise<void>): void => {
    test(`${name}: ${title}`, { skip: harness.skip, timeout: 240_000 }, async () => {
      try {
        await body()
      } finally {
        await Promise.all([...made].map((hostId) => runtime.remove(hostId)))
        made.clear()
      }
      assert.deepEqual(await runtime.list(), [])
    })
  }
  const exited = (hostId: string): Promise<HostInfo> =>
    until(`${hostId} exits`, async () => {
      const info = await runtime.inspect(hostId)
      return info?.state === 'exited' && info
    })

  check('a created host runs, listens, and is the same in create, list and inspect', async () => {
    const info = await create()
    assert.equal(info.state, 'running')
    assert.equal(info.node, runtime.node)
    assert.equal(info.exitCode, null)
    assert.ok(Math.abs(Date.parse(info.createdAt) - Date.now()) < 60_000, info.createdAt)
    const env = JSON.parse(await tell(info, 'env'))
    assert.equal(env.HOLDFAST_HOST_ID, info.hostId)
    assert.equal(env.HOLDFAST_HOST_KEY, 'ab'.repeat(32))
    assert.deepEqual(await runtime.inspect(info.hostId), info)
    assert.deepEqual(
      (await runtime.list()).find(({ hostId }) => hostId === info.hostId),
      info,
    )
  })

  check('a second create finds the first host, which goes on as it is', async () => {
    const first = await create()
    const pid = await tell(first, 'pid')
    await runtime.seal(first.hostId)
    const second = await create({ labels: { [LABEL.fence]: '4' } }, first.hostId)
    assert.deepEqual(second, first)
    assert.equal(await tell(second, 'pid'), pid)
  })

  check('ten creates of one id at once make one host', async () => {
    const hostId = newHostId()
    const infos = await Promise.all(Array.from({ length: 10 }, () => create({}, hostId)))
    const answers = await Promise.all(infos.map((info) => tell(info, 'pid')))
    assert.equal(new Set(answers).size, 1)
    assert.equal((await runtime.list()).filter((info) => info.hostId === hostId).length, 1)
    // An engine may take a moment until it has what a host wrote.
    const said = await until('it says that it listens', async () => {
      const lines = (await runtime.tail(hostId, 10_000)).split('\n').filter((line) => line.startsWith('listening'))
      return lines.length > 0 && lines
    })
    assert.deepEqual(said, [`listening ${hostId}`])
  })

  check('identity labels are ours, whatever is asked for', async () => {
    const forged = { [LABEL.cluster]: 'other', [LABEL.host]: 'other', [LABEL.session]: 'mine', 'com.example.x': '1' }
    const info = await create({ labels: forged })
    const own = (await runtime.list()).find(({ hostId }) => hostId === info.hostId)
    assert.equal(info.labels[LABEL.host], info.hostId)
    assert.deepEqual(Object.keys(info.labels).sort(), [LABEL.cluster, LABEL.host, LABEL.session].sort())
    assert.notEqual(info.labels[LABEL.cluster], 'other')
    assert.equal(info.labels[LABEL.session], 'mine')
    assert.deepEqual(own?.labels, info.labels)
  })

  check('a host made for a pool gets the identity of one session, and of no other', async () => {
    const info = await create({ labels: { [LABEL.pool]: 'shell.1', [LABEL.template]: 'shell' } })
    assert.equal(info.labels[LABEL.session], undefined)
    await tell(info, 'pid')
    await runtime.seal(info.hostId)
    assert.equal(await runtime.address(info.hostId), info.address)
    const identity = { [LABEL.session]: 'first', [LABEL.tenant]: 'acme', [LABEL.fence]: '1' }
    await runtime.assign(info.hostId, identity)
    await runtime.assign(info.hostId, identity)
    await assert.rejects(runtime.assign(info.hostId, { ...identity, [LABEL.session]: 'second' }), RuntimeRefused)
    const expected = { ...info.labels, ...identity }
    assert.deepEqual((await runtime.inspect(info.hostId))?.labels, expected)
    assert.deepEqual((await runtime.list()).find(({ hostId }) => hostId === info.hostId)?.labels, expected)
    await runtime.remove(info.hostId)
    await assert.rejects(runtime.assign(info.hostId, identity), { code: 'NOT_FOUND' })
  })

  check('of twenty who assign a host at once one succeeds', async () => {
    const info = await create({ labels: { [LABEL.pool]: 'shell.1' } })
    await tell(info, 'pid')
    await runtime.seal(info.hostId)
    const tries = Array.from({ length: 20 }, (_, at) => runtime.assign(info.hostId, { [LABEL.session]: `s${at}` }))
    assert.equal((await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled').length, 1)
  })

  check('a host of another cluster is not seen, not stopped and not removed', async () => {
    const info = await create()
    const pid = await tell(info, 'pid')
    assert.deepEqual(await stranger.list(), [])
    assert.equal(await stranger.inspect(info.hostId), null)
    assert.equal(await stranger.tail(info.hostId, 1000), '')
    await stranger.stop(info.hostId, 0)
    await stranger.remove(info.hostId)
    assert.equal(await tell(info, 'pid'), pid)
    assert.equal((await runtime.inspect(info.hostId))?.state, 'running')
  })

  check('a host that ends by itself is exited, with its last output, and create does not run it again', async () => {
    const info = await create()
    await tell(info, 'print the last words')
    await tell(info, 'exit 3')
    const end = await exited(info.hostId)
    assert.equal(end.exitCode, harness.knowsExitCodes ? 3 : null)
    assert.equal(end.oomKilled, false)
    assert.deepEqual(
      (await runtime.list()).find(({ hostId }) => hostId === info.hostId),
      end,
    )
    assert.match(await runtime.tail(info.hostId, 10_000), /listening .*\nthe last words\n$/)
    assert.equal((await create({}, info.hostId)).state, 'exited')
  })

  check('stop lets a host end by itself', async () => {
    const info = await create()
    await tell(info, 'pid')
    await runtime.stop(info.hostId, 20_000)
    const end = await exited(info.hostId)
    assert.equal(end.exitCode, harness.knowsExitCodes ? 7 : null)
    assert.match(await runtime.tail(info.hostId, 1000), /bye\n$/)
    await runtime.stop(info.hostId, 0)
  })

  check('stop kills a host that does not end within the grace', async () => {
    const info = await create()
    await tell(info, 'stubborn')
    await runtime.stop(info.hostId, 1_000)
    const end = await exited(info.hostId)
    assert.equal(end.exitCode, harness.knowsExitCodes ? 137 : null)
    assert.equal(end.oomKilled, false)
    assert.doesNotMatch(await runtime.tail(info.hostId, 1000), /bye/)
  })

  check('tail gives the last bytes, even when a long last line follows much output', async () => {
    const info = await create()
    await tell(info, 'flood 500000')
    await tell(info, `print NOTE${'n'.repeat(300_000)}END`)
    if (harness.oneLog)
      await until('the note is there', async () => /END\n$/.test(await runtime.tail(info.hostId, 100)))
    await tell(info, 'complain of something')
    await tell(info, 'exit 0')
    await exited(info.hostId)
    assert.equal(Buffer.byteLength(await runtime.tail(info.hostId, 400_000)), 400_000)
    const all = await runtime.tail(info.hostId, 4_000_000)
    assert.ok(/^NOTEn{300000}END$/m.test(all), 'the note is there, unbroken')
    assert.ok(/^of something$/m.test(all), 'and so is what went to standard error')
    assert.match(await runtime.tail(info.hostId, 5), /^.{4}\n$/s)
  })

  check('remove ends a running host and leaves no trace', async () => {
    const info = await create()
    await tell(info, 'stubborn')
    await runtime.remove(info.hostId)
    assert.equal(await runtime.inspect(info.hostId), null)
    assert.equal((await runtime.list()).filter(({ hostId }) => hostId === info.hostId).length, 0)
    assert.equal(await runtime.tail(info.hostId, 1000), '')
    await assert.rejects(runtime.seal(info.hostId))
    // The id is free again.
    assert.equal((await create({}, info.hostId)).state, 'running')
  })

  check('a host can be removed before another one with its workspace is', async () => {
    const first = await create()
    await tell(first, 'exit 0')
    await exited(first.hostId)
    const second = await create({ workspace: first.hostId, labels: { [LABEL.workspace]: first.hostId } })
    assert.equal(second.labels[LABEL.workspace], first.hostId)
    await runtime.remove(first.hostId, null)
    assert.equal((await runtime.inspect(second.hostId))?.state, 'running')
    await runtime.remove(second.hostId, first.hostId)
    await runtime.remove(second.hostId, first.hostId)
  })

  if (runtime.unusedWorkspaces !== undefined) {
    check(UNUSED_FILES, () =>
      checkUnusedFiles({
        runtime,
        stranger,
        create: (workspace) => create(workspace === undefined ? {} : { workspace }),
        end: async (info) => {
          await tell(info, 'exit 0')
          await exited(info.hostId)
        },
      }),
    )
  }

  const { exportWorkspace, importWorkspace } = runtime
  if (exportWorkspace !== undefined && importWorkspace !== undefined) {
    /** A host of an own workspace that has ended. */
    const ended = async (line: string): Promise<HostInfo> => {
      const info = await create()
      await tell(info, `sh ${line}`)
      await tell(info, 'exit 0')
      return exited(info.hostId)
    }
    const importing = async (from: HostInfo, hostId: string, files?: Readable): Promise<HostSpec> => {
      made.add(hostId)
      const spec = stubSpec(hostId, harness.image, { workspace: `moved-${hostId}` })
      await importWorkspace(spec, files ?? (await exportWorkspace(from.hostId)))
      return spec
    }
    const leave = async (spec: HostSpec): Promise<void> => runtime.remove(spec.hostId, spec.workspace)

    check(
      'files go from one host to the workspace of another, which is started later: owner, mode, links, holes and all',
      async () => {
        const from = await ended(
          'cd /home/dev; echo text > a; chmod 640 a; ln -s a b; mkdir -p d/e; truncate -s 3M d/e/hole; head -c 3000000 /dev/urandom > "d/a b"; sha256sum d/*; cp "d/a b" same',
        )
        const spec = await importing(from, newHostId())
        assert.equal((await runtime.inspect(spec.hostId))?.state, 'created')
        const info = await runtime.create(spec)
        assert.equal(info.state, 'running')
        const look =
          'cd /home/dev; cat b; stat -c "%u %a" a .; stat -c %s d/e/hole; cmp "d/a b" same && echo equal; ls -A'
        assert.equal(await tell(info, `sh ${look}`), 'text 1000 640 1000 755 3145728 equal a b d same')
        await leave(spec)
      },
    )

    check('files that break off are an error; the next try brings them whole', async () => {
      const from = await ended('cd /home/dev; head -c 3000000 /dev/urandom > a; cp a b')
      const hostId = newHostId()
      const short = async function* () {
        let left = 2_000_000
        for await (const chunk of await exportWorkspace(from.hostId)) {
          if (left <= 0) return
          left -= chunk.length
          yield chunk
        }
      }
      await assert.rejects(importing(from, hostId, Readable.from(short())), { code: 'RUNTIME_UNAVAILABLE' })
      const failing = async function* () {
        yield* short()
        throw new Error('the cable is out')
      }
      await assert.rejects(importing(from, hostId, Readable.from(failing())), /the cable is out/)
      const spec = await importing(from, hostId)
      assert.equal(await tell(await runtime.create(spec), 'sh cd /home/dev; cmp a b && echo equal'), 'equal')
      await leave(spec)
    })

    check('files go into no host that has been started, and come from none that is not there', async () => {
      const from = await ended('true')
      const to = await create()
      const files = await exportWorkspace(from.hostId)
      await assert.rejects(importWorkspace(stubSpec(to.hostId, harness.image), files), RuntimeRefused)
      files.destroy()
      await assert.rejects(exportWorkspace(newHostId()), RuntimeRefused)
    })
  }

  check('what is absent can be stopped, removed, inspected and read', async () => {
    const hostId = newHostId()
    await runtime.stop(hostId, 1_000)
    await runtime.remove(hostId)
    assert.equal(await runtime.inspect(hostId), null)
    assert.equal(await runtime.tail(hostId, 1000), '')
  })

  check('a host id that is none is refused', async () => {
    for (const hostId of ['../../etc', 'a'.repeat(200), '']) {
      await assert.rejects(runtime.create(stubSpec(hostId, harness.image)), { code: 'BAD_REQUEST' })
    }
  })

  check('the engine answers a ping', async () => {
    await runtime.ping()
  })
}
