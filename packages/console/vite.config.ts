/** How the console is built: hashed files in `dist`, nothing inline, so that a strict Content-Security-Policy can serve it. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  build: {
    target: 'es2023',
    assetsInlineLimit: 0, // data: URIs would need a hole in the policy
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    chunkSizeWarningLimit: 700, // kB: the terminal's chunk, loaded when one is opened
  },
})
