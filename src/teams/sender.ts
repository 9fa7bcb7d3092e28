import { once as arrival } from 'node:events'
import { request as http, type IncomingMessage } from 'node:http'
import { request as https } from 'node:https'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import type { Drawn } from '../cards/draw.ts'
import type { Place } from '../notify/conversations.ts'
import type { Tally } from '../notify/metrics.ts'
import { createTurns } from '../store/turns.ts'
import type { Tokens } from '../tokens.ts'
import type { Call, Limits, Pace } from './limits.ts'

/** A call that came to nothing: with a status where there was an answer. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
  readonly status: number | undefined
  /** Milliseconds that Teams asks to wait. */
  readonly retryAfter: number | undefined

  constructor(what: string, about: { status?: number; retryAfter?: number | undefined; cause?: unknown }) {
    super(`${what}: ${about.status === undefined ? 'no answer' : `HTTP ${about.status}`}`, { cause: about.cause })
    this.status = about.status
    this.retryAfter = about.retryAfter
  }
}

export const statusOf = (error: unknown) => (error instanceof NotSent ? error.status : undefined)

export type Sender = ReturnType<typeof createSender>

const SentSchema = z.object({ id: z.string() })
const word = z.string().nullish()
/** "Get single member", Teams bot documentation; `userRole` is that of the team or chat. */
const MemberSchema = z.object({
  aadObjectId: word,
  objectId: word,
  email: word,
  userPrincipalName: word,
  userRole: word,
})
/** "Get team details", Teams bot documentation. */
const TeamSchema = z.object({ name: word, aadGroupId: word, memberCount: z.number().nullish() })

/** After these Teams asks for another try ("Optimize your bot with rate limiting"); the others are failures of a moment too. */
const passing = [412, 429, 500, 502, 503, 504]
const tries = 5
const firstPause = 500
const patience = 15_000

/**
 * Posts and edits cards through Teams' connector service ("Bot Connector API reference", Azure Bot Service). botbuilder's own
 * client repeats calls by itself, which no limit would see, so the calls are made here. A message whose answer was lost is
 * sent again and may then appear twice; an edit may be repeated without harm.
 */
export function createSender(about: { tokens: Tokens; limits: Limits; pace: Pace; tally: Tally; signal: AbortSignal }) {
  const { tokens, limits, pace, tally, signal } = about
  const { inTurn } = createTurns(1)

  /** Asks once, and with another token where the first is refused. */
  async function once(url: string, method: string, body: unknown): Promise<unknown> {
    const token = await tokens()
    const first = await ask(url, method, body, token)
    const { status, pause, text } =
      first.status === 401 ? await ask(url, method, body, await tokens({ refused: token })) : first
    if (status >= 200 && status < 300) return text === '' ? undefined : JSON.parse(text)
    throw new NotSent(method, { status, retryAfter: pauseOf(pause) })
  }

  /** By Node's own client, which follows no redirect; with `fetch` a whole turn takes half as long again. */
  async function ask(url: string, method: string, body: unknown, token: string) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' }
    const request = url.startsWith('http:') ? http : https
    try {
      const outgoing = request(url, { method, headers, signal })
      const limit = setTimeout(() => outgoing.destroy(new Error('no answer in time')), patience)
      outgoing.once('close', () => clearTimeout(limit))
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
      const [response]: IncomingMessage[] = await arrival(outgoing, 'response')
      if (response === undefined) throw new Error('no response')
      return { status: response.statusCode ?? 0, pause: response.headers['retry-after'], text: await text(response) }
    } catch (cause) {
      throw new NotSent(method, { cause })
    }
  }

  /** One call and, after a failure of the moment, another one, each in a place of its own. */
  async function call({ serviceUrl, conversation }: Place, about: Omit<Call, 'thread'> & Wire): Promise<unknown> {
    const thread = threadOf(conversation)
    const url = `${serviceUrl.replace(/\/$/, '')}/v3/${about.path.map(encodeURIComponent).join('/')}`
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await limits.run({ ...about, thread }, async () => once(url, about.method, await about.body?.()))
        if (about.kind === 'write') tally.sent += 1
        return answer
      } catch (error) {
        if (!(error instanceof NotSent) || signal.aborted || attempt === tries) throw error
        if (error.status !== undefined && !passing.includes(error.status)) throw error
        tally.retried += 1
        const pause = error.retryAfter ?? firstPause * 2 ** (attempt - 1)
        if (error.status === 429) limits.hold(thread, pause)
        await pace.wait(pause * (1 + Math.random() / 4), signal)
      }
    }
  }

  const messageOf = (place: Place, summary: string, attachment: Attachment) => ({
    type: 'message',
    from: { id: place.bot, name: 'Device Desk' },
    conversation: { id: place.conversation, isGroup: place.scope !== 'personal', conversationType: place.scope },
    summary,
    attachments: [attachment],
  })
  const cardOf = (place: Place, card: Drawn) =>
    messageOf(place, String(card.fallbackText), {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: card,
    })
  const activities = ({ conversation }: Place) => ['conversations', conversation, 'activities']

  return {
    /** Resolves to the id under which the message can be edited. */
    async post(
      place: Place,
      card: Drawn,
      { replyTo, urgent = false }: { replyTo?: string | undefined; urgent?: boolean } = {},
    ): Promise<string> {
      const message = { ...cardOf(place, card), ...(replyTo && { replyToId: replyTo }) }
      const path = [...activities(place), ...(replyTo ? [replyTo] : [])]
      return SentSchema.parse(
        await call(place, { kind: 'write', urgent, method: 'POST', path, body: async () => message }),
      ).id
    },

    /** Posts what is no Adaptive Card. */
    async attach(place: Place, summary: string, attachment: Attachment): Promise<void> {
      const body = async () => messageOf(place, summary, attachment)
      await call(place, { kind: 'write', urgent: true, method: 'POST', path: activities(place), body })
    },

    /** Edits of one message come one after the other, each drawn when it is its turn: the newest state stands last. */
    edit: (place: Place, id: string, draw: () => Drawn | Promise<Drawn>, urgent = false): Promise<void> =>
      inTurn(`${place.conversation} ${id}`, async () => {
        const body = async () => ({ ...cardOf(place, await draw()), id })
        await call(place, { kind: 'write', urgent, method: 'PUT', path: [...activities(place), id], body })
      }),

    /** Deletes a message of the bot; one that is not there any more is deleted already. */
    remove: (place: Place, id: string): Promise<void> =>
      inTurn(`${place.conversation} ${id}`, async () => {
        const path = [...activities(place), id]
        await call(place, { kind: 'write', urgent: true, method: 'DELETE', path }).catch((error) => {
          if (statusOf(error) !== 404) throw error
        })
      }),

    /** Somebody in a conversation, as Teams' roster has them. */
    async member(place: Place, account: string): Promise<Member> {
      const path = ['conversations', place.conversation, 'members', account]
      const answer = await call(place, { kind: 'read', urgent: true, method: 'GET', path })
      const { aadObjectId, objectId, email, userPrincipalName, userRole } = MemberSchema.parse(answer)
      return {
        id: (aadObjectId ?? objectId)?.toLowerCase(),
        addresses: [email, userPrincipalName].flatMap((address) => address?.toLowerCase() ?? []),
        owner: userRole?.toLowerCase() === 'owner',
      }
    },

    /** The team of a channel: its Entra group, and how many are in it. */
    async team(place: Place, team: string): Promise<{ group: string | undefined; members: number }> {
      const answer = await call(place, { kind: 'read', urgent: true, method: 'GET', path: ['teams', team] })
      const { aadGroupId, memberCount } = TeamSchema.parse(answer)
      return { group: aadGroupId?.toLowerCase(), members: memberCount ?? Number.POSITIVE_INFINITY }
    },
  }
}

/** What a message carries ("Attachment object", Bot Connector API reference). */
export interface Attachment {
  readonly contentType: string
  readonly content: object
  readonly name?: string
  readonly contentUrl?: string
}

/** Somebody in a conversation: their Entra object id, mail addresses, and whether they own the team. */
interface Member {
  readonly id: string | undefined
  readonly addresses: readonly string[]
  readonly owner: boolean
}

interface Wire {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: readonly string[]
  /** Made when it is its turn, and anew for each try. */
  readonly body?: () => Promise<unknown>
}

/** A thread of a channel counts as the channel. */
const threadOf = (conversation: string) => conversation.split(';')[0] ?? conversation

/** Retry-After in milliseconds; Teams says it in seconds. */
const pauseOf = (header: string | undefined) =>
  header !== undefined && /^[\d.]+$/.test(header) ? Number(header) * 1000 : undefined
