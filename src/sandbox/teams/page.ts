import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { extname, join } from 'node:path'
import { conversationId, type Directory, type Person } from './directory.ts'
import { type Route, route } from './http.ts'
import type { Change, Message, Messages } from './messages.ts'

/** A command list as the app manifest has it: what a client suggests in conversations of these scopes. */
export interface CommandList {
  readonly scopes: readonly string[]
  readonly commands: readonly { readonly title: string; readonly description: string }[]
}

/** All that a window of the chat page needs to know when it opens. */
export interface Everything {
  readonly me: Person
  readonly people: readonly Person[]
  readonly bot: { readonly id: string; readonly name: string }
  readonly conversations: readonly {
    readonly id: string
    readonly type: 'personal' | 'groupChat' | 'channel'
    readonly name: string
    readonly team: string | undefined
    readonly members: readonly Person[]
  }[]
  readonly messages: readonly Message[]
  readonly commandLists: readonly CommandList[]
  /** The address of the sandbox Exchange's own page. */
  readonly exchange: string | undefined
}

/** What a window hears afterwards: a message that is new or looks different now, or that the bot is writing. */
export type News = { readonly message: Message } | { readonly typing: string }

const folder = join(import.meta.dirname, 'page')
const adaptiveCards = createRequire(import.meta.url).resolve('adaptivecards/dist/adaptivecards.min.js')

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

/** Nothing from elsewhere, and no other page may frame this one. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const serveFile = async (path: string) => {
  const text = await readFile(path, 'utf8')
  const body = extname(path) === '.ts' ? stripTypeScriptTypes(text) : text
  return new Response(body, {
    headers: {
      'content-type': types[extname(path)] ?? 'application/octet-stream',
      'content-security-policy': policy,
      'cache-control': 'no-cache',
    },
  })
}

/** The chat page: its files, and for each window a stream of what this person can see (server-sent events). */
export const createPage = (
  directory: Directory,
  messages: Messages,
  { commandLists, exchange }: { commandLists: readonly CommandList[]; exchange: string | undefined },
): Route[] => {
  const everything = (me: Person): Everything => {
    const places = directory.places.filter(({ members }) => members.includes(me))
    return {
      me,
      people: directory.people,
      bot: directory.bot,
      conversations: places.map((place) => ({
        id: place.id,
        type: place.type,
        name: place.name,
        team: place.type === 'channel' ? place.team.name : undefined,
        members: place.members,
      })),
      messages: places.flatMap((place) => messages.list({ place, thread: undefined }, me.id)),
      commandLists,
      exchange,
    }
  }

  const newsFor = (me: Person, { kind, spot, message, person }: Change): News | undefined => {
    if (!spot.place.members.includes(me) || (person !== undefined && person !== me.id)) return undefined
    if (kind === 'typing') return { typing: conversationId(spot) }
    const seen = message && messages.seenBy(message.id, me.id)
    return seen && { message: seen }
  }

  const stream = (me: Person) => {
    let stop = () => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const encoder = new TextEncoder()
        const tell = (event: 'everything' | 'news', data: Everything | News) =>
          controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`))
        tell('everything', everything(me))
        stop = messages.listen((change) => {
          const news = newsFor(me, change)
          if (news) tell('news', news)
        })
      },
      cancel: () => stop(),
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
  }

  return [
    route('GET', '/', () => serveFile(join(folder, 'index.html'))),
    route('GET', '/adaptivecards.js', () => serveFile(adaptiveCards)),
    ...readdirSync(folder).map((name) => route('GET', `/page/${name}`, () => serveFile(join(folder, name)))),
    route('GET', '/_sandbox/events', (request) => {
      const person = new URL(request.url).searchParams.get('person')
      const me = person ? directory.person(person) : directory.people[0]
      return me ? stream(me) : new Response(null, { status: 204 })
    }),
  ]
}
