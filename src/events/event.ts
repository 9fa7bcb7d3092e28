import { z } from 'zod'

/** What a conversation can subscribe to. */
export const kinds = [
  'quarantine',
  'access',
  'wipes',
  'approvals',
  'policy',
  'rules',
  'drift',
  'connectors',
  'sync',
  'security',
  'stale',
  'legacy',
  'digest',
] as const

/** What an event is about: by this it is decided who may hear of it. */
const SubjectSchema = z.discriminatedUnion('of', [
  z.object({
    of: z.literal('device'),
    connector: z.string(),
    guid: z.string(),
    /** The collections that it was in, for a device that is gone when it is told. */
    collections: z.array(z.string()),
  }),
  z.object({ of: z.literal('connector'), connector: z.string() }),
  z.object({ of: z.literal('site') }),
])

/** The read that shows something as it is now. */
const AboutSchema = z.object({ verb: z.string(), data: z.record(z.string(), z.string()) })

/** Something that happened. All texts are fit for a channel: of a device type, model, system, state, short id and owner's name. */
export const EventSchema = z.object({
  /** What has the same key is the same event: published twice, it is told once. */
  key: z.string().min(1),
  /** Who subscribed to any of these hears of it. */
  kinds: z.array(z.enum(kinds)),
  /** Object ids of people who hear of it personally. */
  to: z.array(z.string()).optional(),
  /** A conversation that hears of it, whatever it subscribed to. */
  in: z.string().optional(),
  at: z.iso.datetime(),
  subject: SubjectSchema,
  /** Events of one story share a message: `request R1042`, `Contoso fails since …`. */
  story: z.string().min(1),
  /** What the story is about, in a few words. */
  title: z.string(),
  /** One sentence. */
  text: z.string(),
  tone: z.enum(['default', 'accent', 'good', 'warning', 'attention']).optional(),
  read: AboutSchema.optional(),
  /** The message of the story is the card of `read` itself instead of sentences. */
  whole: z.literal(true).optional(),
  /** What many events of this sort are called when they are told together: `devices quarantined by rule “iPhone 5”`. */
  group: z.string().optional(),
})

export type Kind = (typeof kinds)[number]
export type Subject = z.infer<typeof SubjectSchema>
export type Event = z.infer<typeof EventSchema>

/** An event with its place in the order in which they became known. */
export type Published = Event & { readonly n: number }
