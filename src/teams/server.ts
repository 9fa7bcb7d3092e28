import type { IncomingMessage, ServerResponse } from 'node:http'
import restify from 'restify'
import type { InvokeAnswer } from './adapter.ts'

/** A request handler of another room, as Node has it. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void

export interface ServerOptions {
  readonly host: string
  readonly port: number
  /** The demo is for this machine: what came through a proxy is refused. */
  readonly demo: boolean
  /** An activity as it came in; `local` tells that it came from this machine. */
  readonly messages: (authorization: string, body: unknown, local: boolean) => Promise<InvokeAnswer>
  readonly ready: () => boolean
  readonly metrics: () => Promise<string>
}

const mostBytes = 256 * 1024

/** The one HTTP server. Resolves when it listens; `close` ends it after the requests that are under way. */
export async function startServer({ host, port, demo, messages, ready, metrics }: ServerOptions) {
  const server = restify.createServer({ name: 'Device Desk' })
  server.pre((request, response, next) => {
    const proxied = Object.keys(request.headers).some((name) => name === 'forwarded' || name.startsWith('x-forwarded-'))
    if (!demo || !proxied) return next()
    answer(response, { status: 403, body: 'The demo takes requests of this machine only.' })
    return next(false)
  })
  server.use(restify.plugins.bodyParser({ maxBodySize: mostBytes, mapParams: false }))
  server.post('/api/messages', async (request, response) => {
    const { authorization = '' } = request.headers
    const local = /^(::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '')
    answer(response, await messages(authorization, request.body, local))
  })
  server.get('/healthz', async (_, response) => answer(response, { status: 200, body: 'alive' }))
  server.get('/readyz', async (_, response) =>
    answer(response, ready() ? { status: 200, body: 'ready' } : { status: 503, body: 'starting' }),
  )
  server.get('/metrics', async (_, response) => answer(response, { status: 200, body: await metrics() }))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    url: `http://${host}:${server.address().port}`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** Text as text, everything else as JSON; nothing at all where there is no body. */
function answer(response: ServerResponse, { status, body }: InvokeAnswer): void {
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
  response.writeHead(status, body === undefined ? {} : { 'content-type': type })
  response.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
}
