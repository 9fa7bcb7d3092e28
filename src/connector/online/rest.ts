import { randomUUID } from 'node:crypto'
import { DelegateBackoff, handleType, type IRetryBackoffContext, retry } from 'cockatiel'
import { BotError, isBotError } from '../../errors.ts'
import type { Tokens } from '../../tokens.ts'
import { type Cmdlet, isRead, Refusal, type Row, type Transport, type Value } from '../transport.ts'
import { type Answer, isTruncation, Passing, readFailure, readPage } from './answers.ts'
import { createBatch } from './batch.ts'

export interface OnlineOptions {
  /** Such as https://outlook.office365.com. */
  readonly address: string
  /** The tenant's GUID or its onmicrosoft.com name; Exchange answers 401 to a vanity domain. */
  readonly tenant: string
  readonly tokens: Tokens
  readonly warn: (cmdlet: string, text: string) => void
  /** Longest wait for one answer, in milliseconds; Exchange itself ends a cmdlet after 15 minutes. */
  readonly deadline?: number
}

/** Requests that never left this machine, by the code of the socket or TLS error. */
const unsent =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|.*CERT.*|ERR_TLS.*)$/
const tries = 4

/**
 * Carries cmdlets to Exchange Online over InvokeCommand of the beta admin API, which is the door of Microsoft's own
 * ExchangeOnlineManagement module and not a documented API.
 */
export function createOnlineTransport({ address, tenant, tokens, warn, deadline = 120_000 }: OnlineOptions): Transport {
  const base = new URL(address)
  const path = `/adminapi/beta/${encodeURIComponent(tenant)}`
  const anchor = `APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@${tenant}`
  const connection = randomUUID()
  const closed = new AbortController()
  let host = base.origin

  /** Posts once, with a second token after a 401, and follows Exchange to a regional host of the same domain. */
  async function post(
    url: string,
    body: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Answer> {
    let target = new URL(url)
    let challenge: Parameters<Tokens>[0]
    for (let hop = 0; hop < 4; hop += 1) {
      const authorization = `Bearer ${await tokens(challenge)}`
      const response = await fetch(target, {
        method: 'POST',
        body,
        redirect: 'manual',
        headers: {
          ...headers,
          authorization,
          'content-type': 'application/json; charset=utf-8',
          'connection-id': connection,
        },
        signal,
      })
      const header = (name: string) => response.headers.get(name) ?? undefined
      const location = response.status >= 300 && response.status < 400 ? header('location') : undefined
      if (location !== undefined) {
        const next = new URL(location, target)
        if (!isRegional(next, base))
          throw new Refusal('other', `it points to ${next.host}, where the token must not go`)
        host = next.origin
        target = new URL(target.pathname + target.search, host)
      } else if (response.status === 401 && challenge === undefined) {
        challenge = { renew: true, ...claimsOf(header('www-authenticate')) }
      } else {
        return { status: response.status, header, body: await readBody(response) }
      }
    }
    throw new Refusal('other', 'it redirects in a circle')
  }

  const headersOf = (cmdlet: Cmdlet, request: string) => ({
    'x-anchormailbox': anchor,
    'x-cmdletname': cmdlet.name,
    'client-request-id': request,
    prefer: 'odata.maxpagesize=1000',
    accept: 'application/json',
    'accept-language': 'en-US',
  })

  const batch = createBatch((body) =>
    post(
      `${host}${path}/$batch`,
      body,
      { 'x-anchormailbox': anchor },
      AbortSignal.any([closed.signal, AbortSignal.timeout(deadline)]),
    ),
  )

  /** One answer for one page; what passes by itself is thrown as Passing, a refusal as Refusal. */
  async function send(cmdlet: Cmdlet, link: string | undefined, request: string, signal: AbortSignal): Promise<Answer> {
    const select = cmdlet.select === undefined ? '' : `?$select=${cmdlet.select.join(',')}`
    const url = link ?? `${host}${path}/InvokeCommand${select}`
    if (!isRegional(new URL(url), base)) throw new Refusal('other', `it points to ${new URL(url).host}`)
    const headers = headersOf(cmdlet, request)
    const input = { CmdletInput: { CmdletName: cmdlet.name, Parameters: parametersOf(cmdlet) } }
    const limited = AbortSignal.any([signal, closed.signal, AbortSignal.timeout(deadline)])
    const answer = cmdlet.together
      ? await batch({ url, headers, body: input }, limited)
      : await post(url, JSON.stringify(input), headers, limited)
    if (answer.status >= 300) throw readFailure(answer)
    if (answer.body === undefined) throw new Passing('lost', 'its answer could not be read')
    return answer
  }

  /** Reads are repeated with jittered back-off; a write is sent once. */
  async function sendSafely(cmdlet: Cmdlet, link: string | undefined, request: string, signal: AbortSignal) {
    const attempt = () => send(cmdlet, link, request, signal).catch((error) => Promise.reject(passingOr(error)))
    try {
      if (signal.aborted) throw new BotError('EXCHANGE_UNREACHABLE', 'cancelled before it was asked')
      return await (isRead(cmdlet) ? patience.execute(attempt, signal) : attempt())
    } catch (cause) {
      throw explain(cause, cmdlet)
    }
  }

  return {
    async *invoke(cmdlet, signal): AsyncIterable<Row> {
      const request = randomUUID()
      let link: string | undefined
      do {
        const page = pageOf(await sendSafely(cmdlet, link, request, signal), cmdlet)
        for (const warning of page.warnings) {
          if (isTruncation(warning)) throw refused(new Refusal('other', `it left rows out: ${warning}`))
          warn(cmdlet.name, warning)
        }
        yield* page.rows
        link = page.nextLink
      } while (link !== undefined)
    },
    async close() {
      closed.abort()
    },
  }
}

const patience = retry(handleType(Passing), {
  maxAttempts: tries,
  backoff: new DelegateBackoff(({ attempt, result }: IRetryBackoffContext<unknown>) => {
    const asked = 'error' in result && result.error instanceof Passing ? result.error.wait : 0
    return asked + Math.random() * Math.min(20_000, 500 * 2 ** attempt)
  }),
})

/** Multi-valued properties are changed with the hash table that Exchange's own module sends. */
const wireValue = (value: Value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? { '@odata.type': '#Exchange.GenericHashTable', ...value }
    : value

const parametersOf = (cmdlet: Cmdlet) =>
  Object.fromEntries(Object.entries(cmdlet.parameters).map(([name, value]) => [name, wireValue(value)]))

/** The configured host and those below it: a redirect or a next page must not carry the token elsewhere. */
const isRegional = (url: URL, base: URL) =>
  url.protocol === base.protocol && (url.host === base.host || url.host.endsWith(`.${base.host}`))

/** The claims of a continuous-access-evaluation challenge. */
function claimsOf(challenge: string | undefined): { claims?: string } {
  const claims = /claims="([^"]+)"/.exec(challenge ?? '')?.[1]
  return claims === undefined ? {} : { claims: Buffer.from(claims, 'base64').toString('utf8') }
}

/** Bodies come labelled gzip that are not, and cut short; then there is none. */
async function readBody(response: Response): Promise<unknown> {
  try {
    const text = await response.text()
    return text.replaceAll('\0', '') === '' ? '' : JSON.parse(text)
  } catch {
    return undefined
  }
}

function pageOf(answer: Answer, cmdlet: Cmdlet) {
  try {
    return readPage(answer.body)
  } catch (cause) {
    throw explain(new Passing('lost', 'its answer could not be read', { cause }), cmdlet)
  }
}

/** What fetch throws when the network or a limit ends it; everything else stays what it is. */
function passingOr(error: unknown): unknown {
  if (error instanceof DOMException)
    return new Passing('lost', error.name === 'TimeoutError' ? 'no answer in time' : 'cancelled', { cause: error })
  if (!(error instanceof TypeError && error.cause instanceof Error)) return error
  const code = 'code' in error.cause ? String(error.cause.code) : 'the connection broke'
  if (unsent.test(code)) return new BotError('EXCHANGE_UNREACHABLE', code, { cause: error })
  return new Passing('lost', code, { cause: error })
}

const refused = (cause: Refusal) => new BotError('EXCHANGE_REFUSED', cause.message, { cause })

/** One of the three errors of the contract, by what is known of the cmdlet. */
function explain(cause: unknown, cmdlet: Cmdlet): unknown {
  if (cause instanceof Refusal) return refused(cause)
  if (isBotError(cause, 'CREDENTIAL_UNUSABLE'))
    return new BotError('EXCHANGE_UNREACHABLE', cause.message.replace(/\.$/, ''), { cause })
  if (!(cause instanceof Passing)) return cause
  if (isRead(cmdlet)) return new BotError('EXCHANGE_UNREACHABLE', cause.message, { cause })
  if (cause.kind === 'busy') return refused(new Refusal('throttled', cause.message))
  return new BotError('EXCHANGE_OUTCOME_UNKNOWN', cause.message, { cause })
}
