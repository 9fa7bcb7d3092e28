import { z } from 'zod'

const text = z.string().min(1).max(2000)
const id = z.guid().toLowerCase().optional().catch(undefined)
const remark = z.string().optional().catch(undefined)

const Account = z.looseObject({ id: text, name: remark, aadObjectId: id })

/** A team or a channel. */
const Named = z.looseObject({ id: text, name: remark }).optional().catch(undefined)

const Mention = z.object({
  type: z.literal('mention'),
  text,
  mentioned: z.looseObject({ id: text, aadObjectId: id }),
})

/**
 * What the bot reads of an activity. botbuilder takes any JSON for one, so this stands before it. Names are those of the Bot
 * Framework's Activity schema, channelData is that of Teams ("Events and conversations" of the Teams bot documentation).
 */
export const ActivitySchema = z.looseObject({
  type: text,
  id: text.optional(),
  name: remark,
  channelId: text,
  serviceUrl: z.string().catch(''),
  conversation: z.looseObject({
    id: text,
    conversationType: remark,
    tenantId: z.string().nullish(),
    isGroup: z.boolean().optional().catch(undefined),
  }),
  from: Account,
  recipient: Account.optional(),
  text: remark,
  textFormat: remark,
  value: z.unknown().optional(),
  action: remark,
  replyToId: remark,
  entities: z
    .array(z.unknown())
    .catch([])
    .transform((all) => all.flatMap((one) => Mention.safeParse(one).data ?? [])),
  channelData: z
    .looseObject({
      tenant: z.looseObject({ id: z.string().nullish() }).nullish(),
      team: Named,
      channel: Named,
      eventType: remark,
    })
    .nullish(),
})

export type TeamsActivity = z.output<typeof ActivitySchema>

/** What people said to the bot: without its mention, with other mentioned people as the ids that their entities carry. */
export function wordsOf({ text = '', textFormat, entities, recipient }: TeamsActivity): string {
  const named = entities.reduce((line, { text: tag, mentioned }) => {
    const stands = mentioned.id === recipient?.id ? ' ' : ` ${mentioned.aadObjectId ?? mentioned.id} `
    return line.replaceAll(tag, () => stands)
  }, text)
  return named
    .replace(textFormat === 'xml' ? /<[^<>]*>/g : /<\/?at\b[^<>]*>/g, ' ')
    .replace(/&nbsp;|\s+/g, ' ')
    .trim()
}
