/** What the benchmarks measure beside Holdfast: ttyd in an image of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onPath, run, step, succeeds } from './progress.mjs'
import { apt } from './setup.mjs'

/** The mirror that this machine gets its own Debian packages from. */
const debianMirror = async () => {
  const targets = await run('apt-get', ['indextargets', '--format', '$(ORIGIN)|$(REPO_URI)'])
  const mirror = /^Debian\|(\S+)$/m.exec(targets)?.[1]
  if (mirror === undefined) throw new Error('this machine has no Debian mirror to get ttyd from')
  return mirror
}

/** ttyd is in Debian's sid alone; tmux of the same release comes with it, for sessions that several share. */
export const ttydImage = async () => {
  if (succeeds('docker', ['image', 'inspect', 'contender/ttyd'])) return
  if (!onPath('mmdebstrap')) await apt('mmdebstrap')
  await step('building contender/ttyd from packages', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'holdfast-'))
    try {
      const tar = join(dir, 'ttyd.tar')
      const args = [
        '--mode=root',
        '--variant=minbase',
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--include=ttyd,tmux',
      ]
      await run('mmdebstrap', [...args, 'sid', tar, `deb ${await debianMirror()} sid main`])
      await run('docker', ['import', tar, 'contender/ttyd'])
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
}
