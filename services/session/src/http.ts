/** Node's HTTP, without what an import statement brings along: it reads every export, and `WebSocket` loads undici, 7 MB for each session (Node 24.21). */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http')
