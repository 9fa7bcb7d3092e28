import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { getCACertificates } from 'node:tls'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { createCookies } from '../cookies.ts'
import type { Authentication } from './authentication.ts'
import { ProtocolError } from './xml.ts'

/** An answer is at most as large as the envelope that was asked for; this is far above it. */
const maxAnswer = 16 * 1024 * 1024

/** How long a connection is kept for the next request: shorter than servers keep it, so that none breaks while sending. */
const keepAliveMs = 15_000

/** No SOAP came back. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure'
  /** Whether the server can have acted on the request. */
  readonly reached: boolean
  readonly status: number | undefined
  /** Where a redirection points to. */
  readonly location: string | undefined

  constructor(message: string, reached: boolean, options: ErrorOptions & { status?: number; location?: string } = {}) {
    super(message, options)
    this.reached = reached
    this.status = options.status
    this.location = options.location
  }
}

export interface Http {
  /** Posts an envelope and resolves to the envelope that answers it, whatever the status; else throws HttpFailure. */
  post(envelope: string, signal: AbortSignal): Promise<string>
  close(): void
}

const decompressors: Readonly<Record<string, typeof gunzipSync>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}

function decompress(bytes: Buffer, encoding = 'identity') {
  const decompressor = decompressors[encoding.trim().toLowerCase().replace(/^x-/, '')]
  if (!decompressor) return bytes
  try {
    return decompressor(bytes, { maxOutputLength: maxAnswer })
  } catch (cause) {
    throw new ProtocolError(`The answer is not ${encoding}`, { cause })
  }
}

async function readBody(response: IncomingMessage) {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > maxAnswer) throw new ProtocolError(`The answer has more than ${maxAnswer} bytes`)
    chunks.push(bytes)
  }
  return decompress(Buffer.concat(chunks), response.headers['content-encoding']).toString('utf8')
}

const isEnvelope = (body: string) => /<([\w.-]+:)?Envelope[\s/>]/.test(body.slice(0, 1000))

const sentences: Readonly<Record<number, string>> = {
  401: 'it did not accept the user and password',
  403: 'the account may not come in',
  404: 'there is no PowerShell at this address',
}

function failureOf({ statusCode: status = 0, headers }: IncomingMessage) {
  const { location } = headers
  const offered = status === 401 && headers['www-authenticate']
  const sentence = sentences[status] ?? (location ? `it redirects to ${location}` : `it answered with HTTP ${status}`)
  const isTurnedAway = status >= 300 && status < 500
  return new HttpFailure(offered ? `${sentence}; it offers ${schemes(offered)}` : sentence, !isTurnedAway, {
    status,
    ...(location !== undefined && { location }),
  })
}

/** The names of the ways in that a 401 offers, without what belongs to each. */
const schemes = (challenge: string) =>
  [...challenge.matchAll(/(?:^|, *)([A-Za-z]+)(?= |,|$)/g)].map(([, name]) => name).join(', ')

/** What a system error says, for people. */
function reasonOf(error: unknown, { aborted, reason }: AbortSignal) {
  if (aborted)
    return reason instanceof Error && reason.name === 'TimeoutError' ? 'it did not answer in time' : 'cancelled'
  if (!(error instanceof Error)) return 'the connection failed'
  const code = 'code' in error ? String(error.code) : ''
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return `its certificate is not trusted: ${error.message}`
  return error.message || code || 'the connection failed'
}

/** Without a proof of who asks, nothing is sent. */
const unproven = (cause: unknown): never => {
  throw new HttpFailure(cause instanceof Error ? cause.message : 'nothing proves who asks', false, { cause })
}

/** The requests of one shell: its connections, its cookies, its way to prove who asks. */
export function createHttp(
  url: URL,
  { authentication, ca = [] }: { readonly authentication: Authentication; readonly ca?: readonly string[] },
): Http {
  const isSecure = url.protocol === 'https:'
  const options = { keepAlive: true, timeout: keepAliveMs }
  const trusted = ca.length > 0 && { ca: [...getCACertificates(), ...ca] }
  const agent = isSecure ? new https.Agent({ ...options, ...trusted }) : new http.Agent(options)
  const cookies = createCookies()

  const send = (envelope: string, authorization: string | undefined, signal: AbortSignal) =>
    new Promise<{ response: IncomingMessage; body: string }>((resolve, reject) => {
      let reached = false
      const fail = (error: unknown) =>
        reject(
          error instanceof ProtocolError ? error : new HttpFailure(reasonOf(error, signal), reached, { cause: error }),
        )
      const request = (isSecure ? https : http).request(url, {
        method: 'POST',
        agent,
        signal,
        headers: {
          'Content-Type': 'application/soap+xml;charset=UTF-8',
          'Content-Length': Buffer.byteLength(envelope),
          'Accept-Encoding': 'identity',
          ...(authorization !== undefined && { Authorization: authorization }),
          ...cookies.header(),
        },
      })
      request.on('socket', (socket: Socket) => {
        const now = () => {
          reached = true
        }
        if (socket.connecting) socket.once(isSecure ? 'secureConnect' : 'connect', now)
        else now()
      })
      request.on('error', fail)
      request.on('response', (response) => {
        cookies.keep(response.headers['set-cookie'] ?? [])
        readBody(response).then((body) => resolve({ response, body }), fail)
      })
      request.end(envelope)
    })

  return {
    async post(envelope, signal) {
      const proof = await authentication.begin().catch(unproven)
      let { response, body } = await send(envelope, proof.header, signal)
      if (response.statusCode === 401) {
        const next = await proof.next(response.headers['www-authenticate'] ?? '').catch(unproven)
        if (next !== undefined) ({ response, body } = await send(envelope, next, signal))
      }
      if (isEnvelope(body)) return body
      throw failureOf(response)
    },
    close: () => agent.destroy(),
  }
}
