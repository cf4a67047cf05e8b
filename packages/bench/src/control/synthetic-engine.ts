/** `synthetic-engine.ts ENGINE_SOCKET HOST_SOCKET`: a Docker engine in one process, with containers and session hosts that cost next to nothing. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { type Answer, SyntheticDocker } from './synthetic-docker.ts'
import { hostIn } from './synthetic-host.ts'

const BACKLOG = 4096

const [engineSocket = '', hostSocket = ''] = process.argv.slice(2)
const docker = new SyntheticDocker(hostSocket)

const send = (response: ServerResponse, { status, body }: Answer): void => {
  response.statusCode = status
  if (body === undefined || Buffer.isBuffer(body) || typeof body === 'string') response.end(body)
  else response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
}

const engineApi: RequestListener = (request, response) => {
  docker.answer(request).then(
    (answer) => send(response, answer),
    (error: unknown) => send(response, { status: 500, body: { message: String(error) } }),
  )
}

const hostApi: RequestListener = (request, response) => {
  const hostId = hostIn(request)
  // Only "do you listen?" comes without a grant.
  if (hostId === undefined) return send(response, { status: request.url === '/readyz' ? 200 : 401 })
  const host = docker.host(hostId)
  // As if nobody listened.
  if (host === undefined) return void response.destroy()
  host.answer(request, response).catch((error: unknown) => {
    send(response, { status: 401, body: { code: 'UNAUTHENTICATED', detail: String(error) } })
  })
}

const listening = (path: string, api: RequestListener): Promise<void> =>
  new Promise((done) => {
    createServer(api).listen({ path, backlog: BACKLOG }, done)
  })

await listening(engineSocket, engineApi)
await listening(hostSocket, hostApi)
process.send?.('listening')
