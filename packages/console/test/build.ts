/** The console as it is now, built for a test into a folder of its own, so that no stale `dist` is tested. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

export interface Built {
  dir: string
  remove(): Promise<void>
}

export const buildConsole = async (): Promise<Built> => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-console-'))
  const configFile = fileURLToPath(new URL('../vite.config.ts', import.meta.url))
  await build({ configFile, logLevel: 'warn', build: { outDir: dir } })
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}

/** Bytes, gzipped, that the browser loads before anything is clicked: the page and what its own tags name. */
export const firstLoadBytes = async (dir: string): Promise<number> => {
  const html = await readFile(join(dir, 'index.html'), 'utf8')
  const files = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map((match) => match[1] ?? '')
  const bodies = await Promise.all(['index.html', ...files].map((file) => readFile(join(dir, file))))
  return bodies.reduce((sum, body) => sum + gzipSync(body).length, 0)
}

export const assetNames = (dir: string): Promise<string[]> => readdir(join(dir, 'assets'))
