import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { cert, key } from './certificate.ts'

/** What happens to one request on its way; `answer` is what the server said, where it was asked. */
export type Mishap =
  | 'lost-before'
  | 'lost-after'
  /** Like lost-after, but the server does not know the request again when it is repeated. */
  | 'lost-for-good'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly fault: string; readonly text?: string }
  | { readonly change: (answer: string) => string }
  | { readonly encode: (answer: string) => { readonly encoding: string; readonly bytes: Buffer } }

export interface Seen {
  /** `Create`, `Receive`, `Receive of a command`, `Command`, … */
  readonly operation: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

async function bodyOf(message: IncomingMessage) {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const faultOf = (code: string, text: string, relatesTo = '') =>
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
  `xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"><s:Header><a:RelatesTo>${relatesTo}</a:RelatesTo></s:Header>` +
  `<s:Body><s:Fault><s:Reason><s:Text>${text}</s:Text></s:Reason><s:Detail><f:WSManFault Code="${code}"><f:Message>${text}` +
  `</f:Message></f:WSManFault></s:Detail></s:Fault></s:Body></s:Envelope>`

function operationOf(body: string) {
  const name = /Action[^>]*>[^<]*\/(\w+)</.exec(body)?.[1] ?? 'nothing'
  return name === 'Receive' && /DesiredStream CommandId/.test(body) ? 'Receive of a command' : name
}

/** Stands between a client and the PowerShell of a sandbox, sees every request, and lets things go wrong. */
export async function startProxy(target: string, { isSecure = false } = {}) {
  const seen: Seen[] = []
  const mishaps: { readonly operation: string; readonly mishap: Mishap; times: number }[] = []

  const forward = (headers: IncomingMessage['headers'], body: Buffer) =>
    new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
      const request = http.request(target, { method: 'POST', headers, agent: false }, (response) =>
        bodyOf(response).then(
          (bytes) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes }),
          reject,
        ),
      )
      request.on('error', reject)
      request.end(body)
    })

  const take = (operation: string) => {
    const found = mishaps.find((one) => one.operation === operation && one.times > 0)
    if (found) found.times -= 1
    return found?.mishap
  }

  const answer = async (request: IncomingMessage, response: http.ServerResponse) => {
    const body = await bodyOf(request)
    const text = body.toString('utf8')
    const operation = operationOf(text)
    seen.push({ operation, body: text, headers: request.headers })
    const mishap = take(operation)
    if (mishap === 'lost-before') return response.destroy()
    if (typeof mishap === 'object' && 'status' in mishap) {
      response.statusCode = mishap.status
      for (const [name, value] of Object.entries(mishap.headers ?? {})) response.setHeader(name, value)
      return response.end('<html>no</html>')
    }
    if (typeof mishap === 'object' && 'fault' in mishap) {
      response.statusCode = 500
      return response.end(faultOf(mishap.fault, mishap.text ?? 'no', /MessageID>([^<]+)/.exec(text)?.[1]))
    }
    const other = text.replace(/uuid:.{8}/, 'uuid:00000000')
    const said = await forward(request.headers, mishap === 'lost-for-good' ? Buffer.from(other) : body)
    if (typeof mishap === 'string') return response.destroy()
    response.statusCode = said.status
    for (const [name, value] of Object.entries(said.headers))
      if (value !== undefined && !/^(content-length|transfer-encoding|connection|keep-alive)$/.test(name))
        response.setHeader(name, value)
    if (mishap && 'change' in mishap) return response.end(mishap.change(said.body.toString('utf8')))
    if (!mishap) return response.end(said.body)
    const { encoding, bytes } = mishap.encode(said.body.toString('utf8'))
    response.setHeader('Content-Encoding', encoding)
    return response.end(bytes)
  }

  const listen = (request: IncomingMessage, response: http.ServerResponse) => {
    answer(request, response).catch(() => response.destroy())
  }
  const server = isSecure ? https.createServer({ key, cert }, listen) : http.createServer(listen)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `${isSecure ? 'https' : 'http'}://127.0.0.1:${port}/PowerShell/`,
    port,
    seen,
    operations: () => seen.map(({ operation }) => operation),
    /** Lets the next requests of an operation go wrong. */
    spoil(operation: string, mishap: Mishap, times = 1) {
      mishaps.push({ operation, mishap, times })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
