/** An image with a shell and iptables, made of this machine's own files: needs no registry and no package mirror. */
import { cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { docker, out } from './docker-fixture.ts'

const PROGRAMS = ['sh', 'cat', 'iptables', 'iptables-restore'] as const

/** Paths of the shared libraries and the loader that a program needs. */
const libraries = async (program: string): Promise<string[]> =>
  [...(await out('ldd', program)).matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)

/** Where the machine has iptables, or null: then tests of the guard cannot run. */
export const iptablesPath = (): Promise<string | null> => out('sh', '-c', 'command -v iptables').catch(() => null)

const xtablesDir = async (library: string): Promise<string> => join(dirname(await realpath(library)), 'xtables')

const copyInto = async (root: string, path: string): Promise<void> => {
  const target = join(root, path)
  await mkdir(dirname(target), { recursive: true })
  await cp(await realpath(path), target, { recursive: true })
}

export const buildGuardImage = async (tag: string): Promise<void> => {
  const root = await mkdtemp(join(tmpdir(), 'hf-test-guard-'))
  try {
    await mkdir(join(root, 'names'))
    for (const name of PROGRAMS) {
      const program = await realpath(await out('sh', '-c', `command -v ${name}`))
      const needed = await libraries(program)
      for (const library of needed) await copyInto(root, library)
      const modules = needed.find((library) => library.includes('libxtables'))
      if (modules !== undefined) await copyInto(root, await xtablesDir(modules))
      await copyInto(root, program)
      // Many names of one program: it looks at the name it is called by.
      await symlink(program, join(root, 'names', name))
    }
    // The runtime calls /bin/sh by its path.
    await mkdir(join(root, 'bin'), { recursive: true })
    await cp(join(root, 'names/sh'), join(root, 'bin/sh'), { verbatimSymlinks: true, force: false })
    await out('sh', '-c', `tar -C ${root} -c . | docker import -c 'ENV PATH=/names' - ${tag}`)
  } finally {
    await rm(root, { recursive: true })
  }
}

export const removeImage = (tag: string): Promise<string> => docker('rmi', '-f', tag)
