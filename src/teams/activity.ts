import { z } from 'zod'

const text = z.string().min(1).max(2000)
const id = z.guid().toLowerCase().optional().catch(undefined)

const Account = z.looseObject({ id: text, name: z.string().optional().catch(undefined), aadObjectId: id })

const Mention = z.object({
  type: z.literal('mention'),
  text: z.string(),
  mentioned: z.looseObject({ id: text, aadObjectId: id }),
})

/**
 * What the bot reads of an activity. botbuilder takes any JSON for one, so this stands before it. Names are those of the Bot
 * Framework's Activity schema, channelData is that of Teams ("Events and conversations" of the Teams bot documentation).
 */
export const ActivitySchema = z.looseObject({
  type: text,
  id: text.optional(),
  name: z.string().optional(),
  channelId: text,
  serviceUrl: z.url(),
  conversation: z.looseObject({
    id: text,
    conversationType: z.string().optional().catch(undefined),
    tenantId: z.string().optional(),
    isGroup: z.boolean().optional().catch(undefined),
  }),
  from: Account,
  recipient: Account.optional(),
  text: z.string().max(40_000).optional(),
  value: z.unknown().optional(),
  action: z.string().optional(),
  replyToId: z.string().optional(),
  locale: z.string().optional(),
  entities: z
    .array(z.unknown())
    .optional()
    .transform((all) => (all ?? []).flatMap((one) => Mention.safeParse(one).data ?? [])),
  channelData: z
    .looseObject({
      tenant: z.looseObject({ id: z.string().optional() }).optional(),
      team: z.looseObject({ id: z.string().optional(), name: z.string().optional() }).optional(),
      channel: z.looseObject({ id: z.string().optional(), name: z.string().optional() }).optional(),
      eventType: z.string().optional(),
    })
    .optional(),
  membersAdded: z.array(z.looseObject({ id: text })).optional(),
})

export type TeamsActivity = z.output<typeof ActivitySchema>

/** What people said to the bot: without its mention, with other mentioned people as the ids that their entities carry. */
export function wordsOf({ text = '', entities, recipient }: TeamsActivity): string {
  const named = entities.reduce((line, { text: tag, mentioned }) => {
    const stands = mentioned.id === recipient?.id ? ' ' : ` ${mentioned.aadObjectId ?? mentioned.id} `
    return line.replaceAll(tag, () => stands)
  }, text)
  return named
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&nbsp;|\s+/g, ' ')
    .trim()
}
