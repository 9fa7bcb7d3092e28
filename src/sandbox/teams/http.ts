import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'

/** The answer to a request that cannot be granted, in the shape of the Bot Framework's errors. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string
  /** Seconds to wait before another try. */
  readonly retryAfter: number | undefined

  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

/** Thrown by a handler, it ends the connection without an answer. */
export class Dropped extends Error {
  override readonly name = 'Dropped'
}

export type Handle = (request: Request, param: (name: string) => string) => Response | Promise<Response>

export interface Route {
  readonly method: string
  readonly pattern: URLPattern
  readonly handle: Handle
}

/** A route of the server; `:name` in the path is handed on decoded. */
export const route = (method: string, pathname: string, handle: Handle): Route => ({
  method,
  pattern: new URLPattern({ pathname }),
  handle,
})

const errorResponse = ({ status, code, message, retryAfter }: Refusal) => {
  const headers = new Headers(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) })
  return Response.json({ error: { code, message } }, { status, headers })
}

const largestBody = 8 * 1024 * 1024

const readBody = async (incoming: IncomingMessage) => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming) {
    size += chunk.length
    if (size > largestBody) throw new Refusal(413, 'MessageSizeTooBig', 'Message size too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const toRequest = async (incoming: IncomingMessage, url: string) => {
  const target = url + incoming.url
  if (!URL.canParse(target)) throw new Refusal(400, 'BadSyntax', 'This is no address.')
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value))
  const method = incoming.method ?? 'GET'
  const body = method === 'GET' || method === 'HEAD' ? null : await readBody(incoming)
  return new Request(target, { method, headers, body })
}

const send = async (response: Response, outgoing: ServerResponse) => {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.flushHeaders()
  const reader = response.body?.getReader()
  outgoing.once('close', () => void reader?.cancel())
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) outgoing.write(part.value)
  outgoing.end()
}

const toResponse = (error: unknown) => {
  if (error instanceof Refusal) return errorResponse(error)
  if (error instanceof SyntaxError || error instanceof URIError)
    return errorResponse(new Refusal(400, 'BadSyntax', error.message))
  if (error instanceof z.ZodError) return errorResponse(new Refusal(400, 'BadSyntax', z.prettifyError(error)))
  throw error
}

/**
 * Refuses what did not come from this machine's own tools or from a page of this server: a stranger's page must neither
 * drive the sandbox (Origin) nor reach it under a name of its own (Host).
 */
const checkOrigin = ({ headers: { host = '', origin } }: IncomingMessage, url: string) => {
  const own = new URL(url).host
  const hosts = [own, own.replace('127.0.0.1', 'localhost')]
  if (!hosts.includes(host)) throw new Refusal(403, 'Forbidden', 'Unknown host.')
  if (origin !== undefined && !hosts.some((known) => origin === `http://${known}`)) {
    throw new Refusal(403, 'Forbidden', 'Only pages of this server may do this.')
  }
}

/** An HTTP server on loopback. It has its address first and its routes later, since most routes need to know the address. */
export const listen = async (port: number) => {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`

  const answer = async (incoming: IncomingMessage, routes: readonly Route[]) => {
    checkOrigin(incoming, url)
    const request = await toRequest(incoming, url)
    const found = routes.filter(({ pattern }) => pattern.test(request.url))
    const match = found.find(({ method }) => method === request.method)
    if (!match) return errorResponse(new Refusal(found.length > 0 ? 405 : 404, 'NotFound', 'There is nothing here.'))
    const groups = match.pattern.exec(request.url)?.pathname.groups ?? {}
    return match.handle(request, (name) => decodeURIComponent(groups[name] ?? ''))
  }

  return {
    url,
    serve(routes: readonly Route[]) {
      server.on('request', async (incoming, outgoing) => {
        try {
          await send(await answer(incoming, routes).catch(toResponse), outgoing)
        } catch (error) {
          // Neither a lost connection nor a bug of the sandbox may look like an answer, or end the process.
          outgoing.destroy()
          if (!(error instanceof Dropped) && incoming.complete) console.error(error)
        }
      })
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
