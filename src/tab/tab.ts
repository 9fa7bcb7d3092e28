import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { About } from '../cards/card.ts'
import { csvOf } from '../cards/csv.ts'
import type { Cards } from '../cards/draw.ts'
import type { Settings } from '../config.ts'
import type { Answered, Pipeline } from '../pipeline.ts'
import { type Asset, readPage } from './assets.ts'
import { type Answer, AskSchema, type People, PersonSchema } from './contract.ts'
import { createSignIn, type Session } from './signin.ts'
import type { Streams } from './streams.ts'

export interface TabOptions {
  readonly ask: Pipeline
  readonly cards: Cards
  readonly settings: Settings
  readonly pretend?: Pretend | undefined
  /** The open pages. */
  readonly streams: Streams
  /** Told of what a press has changed. */
  readonly touched: (about: About) => Promise<void>
  readonly now: () => Date
  readonly log: Logger
}

/** The people whom one may be in the demo, and the token that Entra ID would give to each. */
export interface Pretend {
  readonly people: People
  token(id: string): Promise<string>
}

/** A request to the tab; `json` reads what it carries, when that is wanted. */
export interface TabRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly json: () => Promise<unknown>
}

type Handle = (asked: TabRequest) => Promise<void> | void

export type Tab = ReturnType<typeof createTab>

/** What a page shows again by itself is recorded once in so many milliseconds. */
const recordedFor = 60 * 60_000

/** The personal tab: its page, and the API through which the page asks what the bot is asked in chat. */
export function createTab({ ask, cards, settings, pretend, streams, touched, now, log }: TabOptions) {
  const prove = createSignIn(settings, now)
  const recorded = new Map<string, number>()
  const stopping = new AbortController()

  /** Whether a look that a page repeats by itself is in the record already. */
  function isRecorded(look: string): boolean {
    const at = now().getTime()
    for (const [one, before] of recorded) if (at - before >= recordedFor) recorded.delete(one)
    if (recorded.has(look)) return true
    recorded.set(look, at)
    return false
  }

  async function carry({ caller }: Session, body: unknown): Promise<Answered & { plain: boolean }> {
    const { verb, data, plain, automatic } = AskSchema.parse(body)
    const known = automatic && isRecorded(JSON.stringify([caller.id, verb, data]))
    const activity = known ? {} : { activity: `tab ${randomUUID()}` }
    const request = { verb, data, automatic }
    const answered = await ask({ caller, scope: 'personal', request, ...activity, signal: stopping.signal })
    if (answered.changed && answered.reply.about)
      void touched(answered.reply.about).catch((error) => log.error({ err: error }, 'copies not edited'))
    return { ...answered, plain }
  }

  /** Answers those who prove who they are. */
  const known =
    (handle: (session: Session, asked: TabRequest) => Promise<void> | void): Handle =>
    async (asked) => {
      const session = await prove(asked.request.headers.authorization ?? '').catch((error) => {
        log.info({ reason: String(error) }, 'refused a token at the tab')
      })
      if (session === undefined) return send(asked.response, 401)
      return handle(session, asked)
    }

  const answer = known(async (session, { response, json }) => {
    const { reply, plain } = await carry(session, await json())
    sendJson(response, {
      template: reply.template,
      data: plain ? cards.plain(reply) : {},
      ...(!plain && { card: cards.draw(reply, { shared: false, within: 'tab' }) }),
      ...(reply.about && { about: reply.about }),
      ...(reply.file && { file: { name: reply.file.name, from: reply.file.from } }),
    } satisfies Answer)
  })

  const file = known(async (session, { response, json }) => {
    const { reply } = await carry(session, await json())
    if (reply.file === undefined) return send(response, 404)
    response.writeHead(200, {
      ...unstored,
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(reply.file.name)}`,
    })
    for await (const piece of csvOf(reply.file)) response.write(piece)
    response.end()
  })

  const routes: Readonly<Record<string, Handle>> = {
    'POST /tab/api/ask': answer,
    'POST /tab/api/file': file,
    'GET /tab/api/events': known((session, { response }) => streams.open(session, response)),
    'GET /tab/api/people': ({ response }) => sendJson(response, pretend?.people ?? []),
    async 'POST /tab/api/people'({ response, json }) {
      const { id } = PersonSchema.parse(await json())
      if (!pretend?.people.some((person) => person.id === id)) return send(response, 404)
      sendJson(response, { token: await pretend.token(id) })
    },
  }

  return {
    /** Answers a request for the tab, or for the pages about the app. */
    async handle(asked: TabRequest): Promise<void> {
      const { request, response } = asked
      const [path = ''] = (request.url ?? '').split('?')
      if (request.method === 'POST' && !isSameOrigin(request, settings)) return send(response, 403)
      const handle = routes[`${request.method} ${path}`]
      if (handle !== undefined) {
        try {
          return await handle(asked)
        } catch (error) {
          if (error instanceof z.core.$ZodError) return send(response, 400)
          throw error
        }
      }
      const asset = request.method === 'GET' ? (await readPage()).get(path) : undefined
      if (asset === undefined) return send(response, 404)
      sendAsset(asset, request, response)
    },

    close(): void {
      stopping.abort()
      streams.close()
    },
  }
}

/** What is about people is kept by no cache. */
const unstored = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

function send(response: ServerResponse, status: number): void {
  response.writeHead(status, unstored)
  response.end()
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { ...unstored, 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(value))
}

function sendAsset({ headers, body, zipped }: Asset, request: IncomingMessage, response: ServerResponse): void {
  const zips = /\bgzip\b/.test(String(request.headers['accept-encoding']))
  const encoding = zips ? { 'content-encoding': 'gzip' } : {}
  const bytes = zips ? zipped : body
  response.writeHead(200, { ...headers, ...encoding, vary: 'accept-encoding', 'content-length': bytes.length })
  response.end(bytes)
}

/** What a browser sends from another page is refused; what is no browser has no page to be led by. */
function isSameOrigin({ headers }: IncomingMessage, { PUBLIC_URL }: Settings): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  const host = PUBLIC_URL === undefined ? headers.host : new URL(PUBLIC_URL).host
  return headers.origin === undefined || URL.parse(headers.origin)?.host === host
}
