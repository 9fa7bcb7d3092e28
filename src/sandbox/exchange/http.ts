import type { IncomingMessage, ServerResponse } from 'node:http'

/** A part of the server: answers the request, or says `false` that it is not its own. */
export type Door = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>

const most = 8 * 1024 * 1024

export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += part.length
    if (size > most) throw new Error('The body of a request is too long.')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** What is written in JSON, or `undefined` where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers })
  response.end(JSON.stringify(body))
}
