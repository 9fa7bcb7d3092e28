import { z } from 'zod'
import { placeId } from './directory.ts'
import type { Message, Messages } from './messages.ts'

/** What became of an activity that was sent to the bot. */
export interface Answer {
  /** HTTP status; 502 when the bot could not be reached, 504 when it took too long, as the Bot Service says. */
  readonly status: number
  /** What the bot answered, parsed where it is JSON. */
  readonly body: unknown
  /** The messages that it posted meanwhile, as a reply to this or of its own accord in the same place. */
  readonly posted: readonly Message[]
}

/** Teams gives up on a bot after 10 to 15 seconds. */
const patience = 15_000

const AddressSchema = z.looseObject({ id: z.string(), conversation: z.looseObject({ id: z.string() }) })

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Carries activities to the bot's messaging endpoint. `token` of `null` sends none. */
export const createBot = (endpoint: () => string, messages: Messages) => {
  const post = async (activity: unknown, token: string | null) => {
    const headers = new Headers({ 'content-type': 'application/json; charset=utf-8' })
    if (token !== null) headers.set('authorization', `Bearer ${token}`)
    const signal = AbortSignal.timeout(patience)
    try {
      const body = JSON.stringify(activity)
      const response = await fetch(endpoint(), { method: 'POST', headers, body, signal, redirect: 'error' })
      return { status: response.status, body: parsed(await response.text()) }
    } catch (error) {
      return { status: signal.aborted ? 504 : 502, body: String(error) }
    }
  }

  return async (activity: unknown, token: string | null): Promise<Answer> => {
    const posted: Message[] = []
    const { data: about } = AddressSchema.safeParse(activity)
    const place = about && placeId(about.conversation.id)
    const stop = messages.listen(({ kind, message, spot }) => {
      if (kind !== 'posted' || !message?.from.id.startsWith('28:')) return
      if (message.replyToId ? message.replyToId === about?.id : spot.place.id === place) posted.push(message)
    })
    const answer = await post(activity, token)
    stop()
    return { ...answer, posted }
  }
}

export type Bot = ReturnType<typeof createBot>
