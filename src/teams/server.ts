import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import restify from 'restify'
import { isLoopback } from '../config.ts'
import type { InvokeAnswer } from './adapter.ts'
import { NotTaken } from './identity.ts'

/** Answers what is asked of the pages of another room; `json` reads what a request carries, and throws NotTaken. */
export type Pages = (asked: {
  request: IncomingMessage
  response: ServerResponse
  json: () => Promise<unknown>
}) => Promise<void>

/** A request to the messaging endpoint. */
export interface Incoming {
  readonly authorization: string
  /** It came from this machine. */
  readonly local: boolean
  /** Reads what it carries, when that is wanted. Throws NotTaken. */
  readonly body: () => Promise<unknown>
}

export interface ServerOptions {
  readonly host: string
  readonly port: number
  /** The demo is for this machine: what came through a proxy, or under a name of the outside, is refused. */
  readonly demo: boolean
  readonly messages: (incoming: Incoming) => Promise<InvokeAnswer>
  readonly ready: () => boolean
  readonly metrics: () => Promise<string>
  readonly pages: Pages
  readonly log: Logger
}

/** Where the pages lie. */
const paths = ['/', '/privacy', '/terms', '/tab', '/tab/*']
const mostBytes = 256 * 1024

/** The one HTTP server. Resolves when it listens; `close` ends it after the requests that are under way, or at the limit. */
export async function startServer({ host, port, demo, messages, ready, metrics, pages, log }: ServerOptions) {
  const server = restify.createServer({ name: 'Device Desk' })
  server.pre((request, response, next) => {
    if (!demo || isOfThisMachine(request)) return next()
    answer(response, { status: 403, body: 'The demo takes requests of this machine only.' })
    return next(false)
  })
  server.post('/api/messages', async (request, response) => {
    const { authorization = '' } = request.headers
    const local = /^(::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '')
    answer(response, await messages({ authorization, local, body: () => readJson(request) }))
  })
  server.get('/healthz', async (_, response) => answer(response, { status: 200, body: 'alive' }))
  server.get('/readyz', async (_, response) =>
    answer(response, ready() ? { status: 200, body: 'ready' } : { status: 503, body: 'starting' }),
  )
  server.get('/metrics', async (_, response) => answer(response, { status: 200, body: await metrics() }))
  async function page(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await pages({ request, response, json: () => readJson(request) })
    } catch (error) {
      if (!(error instanceof NotTaken)) log.error({ err: error }, 'bug')
      if (response.headersSent) response.destroy()
      else answer(response, { status: error instanceof NotTaken ? error.status : 500 })
    }
  }
  for (const path of paths) {
    server.get(path, async (request, response) => page(request, response))
    server.post(path, async (request, response) => page(request, response))
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.address().port}`,
    close(limit: AbortSignal): Promise<void> {
      limit.addEventListener('abort', () => server.server.closeAllConnections())
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Neither carried by a proxy nor addressed by a name that a page of the outside may have led here. */
function isOfThisMachine({ headers }: IncomingMessage): boolean {
  const named = URL.parse(`http://${headers.host}`)
  const proxied = Object.keys(headers).some((name) => name === 'forwarded' || name.startsWith('x-forwarded-'))
  return named !== null && isLoopback(named) && !proxied
}

/**
 * restify's own body parser unpacks gzip without a limit, breaks at gzip that is none, and writes uploads to disk before
 * anybody is proven; so the body is read here, and only as JSON.
 */
async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw new NotTaken(415, 'not JSON')
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    size += Buffer.byteLength(part)
    if (size > mostBytes) {
      request.resume()
      throw new NotTaken(413, `longer than ${mostBytes} bytes`)
    }
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch (cause) {
    throw new NotTaken(400, 'no JSON', { cause })
  }
}

/** Text as text, everything else as JSON; nothing at all where there is no body. */
function answer(response: ServerResponse, { status, body }: InvokeAnswer): void {
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
  response.writeHead(status, body === undefined ? {} : { 'content-type': type })
  response.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
}
