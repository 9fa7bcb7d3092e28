import { z } from 'zod'
import { EventSchema } from '../events/event.ts'
import { ActorSchema } from '../requests/request.ts'
import type { Store } from '../store/store.ts'

/** One message that tells a story in a conversation, and is edited as the story goes on. */
const StorySchema = z.object({
  conversation: z.string(),
  story: z.string(),
  /** Under which Teams knows the message. */
  message: z.string(),
  /** As whom what it shows is read; nobody's rights are needed for sentences. */
  viewer: ActorSchema.optional(),
  /** By which subscription; none: it is told to the viewer personally. */
  subscription: z.string().optional(),
  /** The newest event. */
  event: EventSchema,
  /** The number of the newest event that was told. */
  told: z.int(),
  /** Sentences that the message itself tells, oldest first. */
  lines: z.array(z.object({ at: z.string(), text: z.string() })),
  /** Where many are told together: how many, and the number of the first. */
  storm: z.object({ count: z.int(), from: z.int() }).optional(),
  /** Goes up when the message must be edited, and that version which was drawn last. */
  v: z.int(),
  drawn: z.int(),
})

export type Story = z.infer<typeof StorySchema>

/** A message of before so long is not edited any more: the story begins anew. */
const lifetime = 30 * 24 * 60 * 60_000
const stormLifetime = 10 * 60_000

const keyOf = (conversation: string, story: string) => `${conversation} ${story}`
export const aboutKey = ({ verb, data }: { verb: string; data: Readonly<Record<string, string>> }) =>
  `${verb} ${Object.values(data).join(' ')}`

export type Stories = Awaited<ReturnType<typeof openStories>>

/** The messages that tell stories, by conversation. */
export async function openStories(store: Store, now: () => Date) {
  const stored = await store.open({
    name: 'stories',
    schema: StorySchema,
    version: 1,
    indexes: {
      conversation: ({ conversation }) => conversation,
      stale: ({ conversation, v, drawn }) => (v > drawn ? conversation : undefined),
      storm: ({ conversation, storm }) => storm && conversation,
      anyStale: ({ v, drawn }) => (v > drawn ? 'yes' : undefined),
      read: ({ event }) => event.read && aboutKey(event.read),
    },
  })
  const age = ({ event }: Story) => now().getTime() - Date.parse(event.at)
  const isAlive = (story: Story) => age(story) < (story.storm === undefined ? lifetime : stormLifetime)
  const update = ({ conversation, story }: Story, change: (old: Story) => Story) =>
    stored.update(keyOf(conversation, story), (old) => old && change(old))

  return {
    /** The story as it is told, unless that is too long ago. */
    async get(conversation: string, story: string): Promise<Story | undefined> {
      const kept = await stored.get(keyOf(conversation, story))
      return kept && isAlive(kept) ? kept : undefined
    },
    /** The number of the newest event that was told of a story, however long ago. */
    told: async (conversation: string, story: string) => (await stored.get(keyOf(conversation, story)))?.told ?? 0,
    put: (story: Story) => stored.put(keyOf(story.conversation, story.story), story),
    update,
    forget: ({ conversation, story }: Story) => stored.delete(keyOf(conversation, story)),

    /** The storms that are still going on in a conversation. */
    async storms(conversation: string): Promise<Set<string>> {
      const found = await stored.list({ index: 'storm', value: conversation })
      return new Set(found.filter(isAlive).map(({ story }) => story))
    },

    /** What must be edited in a conversation. */
    stale: (conversation: string) => stored.list({ index: 'stale', value: conversation }),
    drawn: (story: Story) => update(story, (old) => ({ ...old, drawn: Math.max(old.drawn, story.v) })),

    /** Conversations where something must be edited. */
    staleConversations: async () => [
      ...new Set((await stored.list({ index: 'anyStale', value: 'yes' })).map(({ conversation }) => conversation)),
    ],

    /** What shows this must be edited; resolves to the conversations. */
    async touch(about: { verb: string; data: Readonly<Record<string, string>> }): Promise<string[]> {
      const found = await stored.list({ index: 'read', value: aboutKey(about) })
      const showing = found.filter(({ event, storm }) => event.whole && storm === undefined)
      for (const story of showing) await update(story, (old) => ({ ...old, v: old.v + 1 }))
      return showing.map(({ conversation }) => conversation)
    },

    async forgetConversation(conversation: string): Promise<void> {
      for (const { story } of await stored.list({ index: 'conversation', value: conversation }))
        await stored.delete(keyOf(conversation, story))
    },

    /** Drops what is too old to be edited. */
    async prune(): Promise<void> {
      for await (const [id, story] of stored.scan()) if (age(story) > lifetime) await stored.delete(id)
    },
  }
}
