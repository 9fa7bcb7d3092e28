import { z } from 'zod'
import type { Person } from '../audit/person.ts'
import { ActorSchema } from '../requests/request.ts'
import type { Store } from '../store/store.ts'

/** Where to answer: what Device Desk keeps of a conversation, in its own words and not the SDK's. */
export const PlaceSchema = z.object({
  scope: z.enum(['personal', 'groupChat', 'channel']),
  /** Conversation id; a thread of a channel carries `;messageid=`. */
  conversation: z.string(),
  serviceUrl: z.string(),
  tenant: z.string(),
  /** The bot's own account in Teams (`28:…`). */
  bot: z.string(),
})

export type Place = z.infer<typeof PlaceSchema>

/** A conversation that the bot is in; a personal one belongs to somebody. */
const ConversationSchema = z.object({ place: PlaceSchema, person: ActorSchema.optional() })

export type Conversation = z.infer<typeof ConversationSchema>

export type Conversations = Awaited<ReturnType<typeof openConversations>>

/** The conversations to which the bot may write by itself, kept up to date by everything that comes in. */
export async function openConversations(store: Store) {
  const stored = await store.open({
    name: 'conversations',
    schema: ConversationSchema,
    version: 1,
    indexes: { scope: ({ place }) => place.scope, person: ({ person }) => person?.id },
  })
  /** A thread belongs to its channel. */
  const keyOf = ({ conversation }: Place) => conversation.split(';')[0] ?? conversation

  return {
    /** Remembers where somebody spoke; writes only what is new. */
    async heard(conversation: Conversation): Promise<void> {
      const kept = await stored.get(keyOf(conversation.place))
      const place = { ...conversation.place, conversation: keyOf(conversation.place) }
      const next = place.scope === 'personal' ? { ...conversation, place } : { place }
      if (JSON.stringify(kept) !== JSON.stringify(next)) await stored.put(keyOf(place), next)
    },

    forget: (place: Place) => stored.delete(keyOf(place)),

    /** Personal chats: whom the bot can write to. */
    personal: () => stored.list({ index: 'scope', value: 'personal' }),

    of: async ({ id }: Person) => (await stored.list({ index: 'person', value: id }))[0],
  }
}
