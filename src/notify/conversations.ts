import { isDeepStrictEqual } from 'node:util'
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

/** A conversation that the bot is in. */
const ConversationSchema = z.object({
  place: PlaceSchema,
  /** Whose personal chat it is. */
  person: ActorSchema.optional(),
  /** The team of a channel. */
  team: z.string().optional(),
  /** What people call it, as far as Teams said so. */
  name: z.string().optional(),
})

export type Conversation = z.infer<typeof ConversationSchema>

/** What Teams says of the places that the bot is in. */
export type Happening =
  | { readonly kind: 'ended'; readonly conversation: string; readonly why: string }
  | { readonly kind: 'teamEnded'; readonly team: string; readonly why: string }
  | { readonly kind: 'archived' | 'unarchived'; readonly team: string }
  | { readonly kind: 'renamed'; readonly conversation: string; readonly name: string }

export type Conversations = Awaited<ReturnType<typeof openConversations>>

/** A thread belongs to its channel. */
export const conversationOf = (id: string) => id.split(';')[0] ?? id

/** The conversations to which the bot may write by itself, kept up to date by everything that comes in. */
export async function openConversations(store: Store) {
  const stored = await store.open({
    name: 'conversations',
    schema: ConversationSchema,
    version: 1,
    indexes: {
      scope: ({ place }) => place.scope,
      person: ({ person }) => person?.id,
      team: ({ team }) => team,
    },
  })

  return {
    /** Remembers where somebody spoke; writes only what is new. */
    async heard({ place, ...about }: Conversation): Promise<void> {
      const conversation = conversationOf(place.conversation)
      const nextOf = (old: Conversation | undefined) => ({ ...old, ...about, place: { ...place, conversation } })
      const known = await stored.get(conversation)
      if (known === undefined || !isDeepStrictEqual(known, nextOf(known))) await stored.update(conversation, nextOf)
    },

    get: (conversation: string) => stored.get(conversation),
    forget: (conversation: string) => stored.delete(conversation),
    rename: (conversation: string, name: string) => stored.update(conversation, (old) => old && { ...old, name }),
    ofTeam: (team: string) => stored.list({ index: 'team', value: team }),

    /** Personal chats: whom the bot can write to. */
    personal: () => stored.list({ index: 'scope', value: 'personal' }),

    of: async ({ id }: Pick<Person, 'id'>) => (await stored.list({ index: 'person', value: id }))[0],
  }
}
