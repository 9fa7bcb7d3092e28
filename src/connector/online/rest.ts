import { randomUUID } from 'node:crypto'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { ExponentialBackoff } from 'cockatiel'
import { z } from 'zod'
import { BotError, isBotError } from '../../errors.ts'
import type { Tokens } from '../../tokens.ts'
import { createCookies } from '../cookies.ts'
import { type Cmdlet, isRead, Refusal, type Row, type Transport, type Value } from '../transport.ts'
import { type Answer, isTruncation, type Page, Passing, readFailure, readPage } from './answers.ts'
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
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

export interface OnlineTransport extends Transport {
  /**
   * The names of the cmdlets that the account has, which is what Exchange's own module asks before anything else;
   * `undefined` where the door does not say. Throws as `invoke` does.
   */
  cmdlets(signal: AbortSignal): Promise<readonly string[] | undefined>
}

/** Requests that never left this machine, by the code of the socket or TLS error. */
const unsent =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|.*CERT.*|ERR_TLS.*)$/
/** How a door answers that does not know what is asked of it; a cmdlet alone every door knows. */
const notOffered = [400, 404, 405, 501]

const tries = 5
const hops = 4

const pauses = new ExponentialBackoff({ initialDelay: 500, maxDelay: 20_000 })
const pause = (milliseconds: number, signal: AbortSignal) => setTimeout(milliseconds, undefined, { signal })

/**
 * Carries cmdlets to Exchange Online over InvokeCommand of the beta admin API, which is the door of Microsoft's own
 * ExchangeOnlineManagement module and not a documented API.
 */
export function createOnlineTransport(options: OnlineOptions): OnlineTransport {
  const { address, tenant, tokens, warn, deadline = 120_000, wait = pause } = options
  const base = new URL(address)
  const path = `/adminapi/beta/${encodeURIComponent(tenant)}`
  const bootstrap = `/adminapi/v1.0/${encodeURIComponent(tenant)}/EXOModuleFile?Version=3.9.2`
  const anchor = `APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@${tenant}`
  const connection = randomUUID()
  const cookies = createCookies()
  const closed = new AbortController()
  let host = base.origin

  /** Asks once, with a second token after a 401, and follows Exchange to a regional host of the same domain. */
  async function ask(
    url: URL,
    body: string | undefined,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Answer> {
    let target = url
    let challenge: Parameters<Tokens>[0]
    for (let hop = 0; hop < hops; hop += 1) {
      const token = await tokens(challenge)
      if (signal.aborted) throw new Passing('unsent', 'cancelled')
      const response = await fetch(target, {
        method: body === undefined ? 'GET' : 'POST',
        redirect: 'manual',
        headers: {
          ...headers,
          ...cookies.header(),
          authorization: `Bearer ${token}`,
          'connection-id': connection,
          ...(body !== undefined && { 'content-type': 'application/json; charset=utf-8' }),
        },
        ...(body !== undefined && { body }),
        signal,
      }).catch((error) => {
        throw brokenOff(error, signal)
      })
      cookies.keep(response.headers.getSetCookie())
      const header = (name: string) => response.headers.get(name) ?? undefined
      const location = response.status >= 300 && response.status < 400 ? header('location') : undefined
      if (location !== undefined) {
        const next = URL.parse(location, target)
        if (!next || !isRegional(next, base))
          throw new Refusal('other', `it points to ${next?.host ?? location}, where the token must not go`)
        host = next.origin
        const isExact = [307, 308].includes(response.status) && next.pathname !== '/'
        target = isExact ? next : new URL(target.pathname + target.search, host)
        await response.body?.cancel()
      } else if (response.status === 401 && challenge === undefined) {
        challenge = { refused: token, ...claimsOf(header('www-authenticate')) }
        await response.body?.cancel()
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

  let hasBatch = true
  const batch = createBatch(async (body) => {
    const answer = await ask(
      new URL(`${host}${path}/$batch`),
      body,
      { 'x-anchormailbox': anchor, accept: 'application/json', prefer: 'odata.continue-on-error' },
      AbortSignal.any([closed.signal, AbortSignal.timeout(deadline)]),
    )
    hasBatch &&= !notOffered.includes(answer.status)
    return answer
  })

  /** The first page of a cmdlet, or the one that Exchange names; the token goes to its own domain, whatever host is named. */
  function urlOf({ select }: Cmdlet, link: string | undefined): URL {
    const first = new URL(`${path}/InvokeCommand${select ? `?$select=${select.join(',')}` : ''}`, host)
    const url = link === undefined ? first : URL.parse(link, first)
    if (!url) throw new Refusal('other', 'its next page has no address')
    return isRegional(url, base) ? url : new URL(url.pathname + url.search, host)
  }

  /** One page; what passes by itself is thrown as Passing, a refusal as Refusal. */
  async function send(cmdlet: Cmdlet, link: string | undefined, request: string, signal: AbortSignal): Promise<Page> {
    const headers = headersOf(cmdlet, request)
    const input = { CmdletInput: { CmdletName: cmdlet.name, Parameters: parametersOf(cmdlet) } }
    const url = urlOf(cmdlet, link)
    const batched =
      cmdlet.together && hasBatch
        ? await batch({ url: url.href, headers: { ...headers, ...batchHeaders }, body: input }, signal)
        : undefined
    const limited = () => AbortSignal.any([signal, AbortSignal.timeout(deadline)])
    const answer = batched && hasBatch ? batched : await ask(url, JSON.stringify(input), headers, limited())
    if (answer.status >= 300) throw readFailure(answer)
    return readPage(answer.body, isRead(cmdlet))
  }

  /** Reads are repeated with jittered back-off; a write is sent once. */
  async function safely<T>(isRepeatable: boolean, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    let backoff: ReturnType<typeof pauses.next> | undefined
    try {
      for (let left = isRepeatable ? tries : 1; ; left -= 1) {
        if (signal.aborted) throw new Passing('unsent', 'cancelled')
        try {
          return await attempt()
        } catch (error) {
          if (!(error instanceof Passing) || left === 1 || signal.aborted) throw error
          backoff = backoff?.next(undefined) ?? pauses.next()
          await wait(error.wait + backoff.duration, signal).catch((failure) => {
            if (!signal.aborted) throw failure
          })
        }
      }
    } catch (cause) {
      throw explain(cause, isRepeatable)
    }
  }

  return {
    async cmdlets(caller) {
      const signal = AbortSignal.any([caller, closed.signal])
      return safely(true, signal, async () => {
        const limited = AbortSignal.any([signal, AbortSignal.timeout(deadline)])
        const answer = await ask(
          new URL(bootstrap, host),
          undefined,
          { ...bootstrapHeaders, 'x-anchormailbox': anchor },
          limited,
        )
        if (notOffered.includes(answer.status)) return undefined
        if (answer.status >= 300) throw readFailure(answer)
        return ModuleSchema.safeParse(answer.body).data?.value.flatMap(({ exportedCmdlets }) => exportedCmdlets)
      })
    },

    async *invoke(cmdlet, caller): AsyncIterable<Row> {
      const signal = AbortSignal.any([caller, closed.signal])
      const request = randomUUID()
      const read = (link: string | undefined, wanted = signal) =>
        safely(isRead(cmdlet), wanted, () => send(cmdlet, link, request, wanted))
      const left = new AbortController()
      let link: string | undefined
      try {
        let coming = Promise.allSettled([read(link)])
        do {
          const [ended] = await coming
          if (ended.status === 'rejected') throw ended.reason
          const { rows, warnings, nextLink } = ended.value
          for (const warning of warnings) {
            if (isRead(cmdlet) && isTruncation(warning))
              throw refused(new Refusal('other', `it left rows out: ${warning}`))
            warn(cmdlet.name, warning)
          }
          if (nextLink === link && link !== undefined) throw refused(new Refusal('other', 'it repeats a page'))
          link = nextLink
          if (link !== undefined) {
            // The next page is on its way while these rows are worked on.
            coming = Promise.allSettled([read(link, AbortSignal.any([signal, left.signal]))])
            await setImmediate()
          }
          for (const row of rows) yield row
        } while (link !== undefined)
      } finally {
        if (link !== undefined) left.abort()
      }
    },
    async close() {
      closed.abort()
    },
  }
}

/** Without continue-on-error a batch may end with the first item that fails (OData 4.01 Protocol 8.2.8.3). */
const batchHeaders = {
  prefer: 'odata.maxpagesize=1000, odata.continue-on-error',
  'content-type': 'application/json',
}

const bootstrapHeaders = { commandname: '*', accept: 'application/json' }

const ModuleSchema = z.object({
  value: z.array(
    z.object({
      exportedCmdlets: z.string().transform((names) => names.split(',').flatMap((name) => name.trim() || [])),
    }),
  ),
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
    return /[^\0\s]/.test(text) ? JSON.parse(text) : ''
  } catch {
    return undefined
  }
}

/** What is known when fetch rejects: a limit ended it, it never left, or its answer was lost. */
function brokenOff(cause: unknown, signal: AbortSignal): Passing {
  if (signal.aborted) return new Passing('lost', 'no answer in time', { cause })
  const { code } = FetchFailureSchema.parse(cause).cause
  return new Passing(unsent.test(code) ? 'unsent' : 'lost', code, { cause })
}

/** fetch says why in the cause of its TypeError. */
const FetchFailureSchema = z.object({
  cause: z.object({ code: z.string().catch('the connection broke') }).catch({ code: 'the connection broke' }),
})

const refused = (cause: Refusal) => new BotError('EXCHANGE_REFUSED', cause.message, { cause })

/** One of the three errors of the contract, by what is known of what was asked. */
function explain(cause: unknown, isRepeatable: boolean): unknown {
  if (cause instanceof Refusal) return refused(cause)
  if (isBotError(cause, 'CREDENTIAL_UNUSABLE'))
    return new BotError('EXCHANGE_UNREACHABLE', cause.message.replace(/\.$/, ''), { cause })
  if (!(cause instanceof Passing)) return cause
  if (isRepeatable || cause.kind === 'unsent') return new BotError('EXCHANGE_UNREACHABLE', cause.message, { cause })
  if (cause.kind === 'busy') return refused(new Refusal('throttled', cause.message))
  return new BotError('EXCHANGE_OUTCOME_UNKNOWN', cause.message, { cause })
}
