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
  id: text.optional().catch(undefined),
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
  recipient: Account.optional().catch(undefined),
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

type Mentioned = TeamsActivity['entities'][number]['mentioned']

/** The account of a bot begins so. */
const isBot = ({ id }: Mentioned, { recipient }: TeamsActivity) => id === recipient?.id || id.startsWith('28:')

/** The accounts of mentioned people whose Entra ids are still to be found: Teams seldom sends them along. */
export const unknownIn = (activity: TeamsActivity): string[] =>
  activity.entities.flatMap(({ mentioned }) =>
    mentioned.aadObjectId === undefined && !isBot(mentioned, activity) ? [mentioned.id] : [],
  )

/**
 * What people said to the bot: without its mention, with other mentioned people as their Entra ids, as far as their mentions
 * carry them or they are among those that were `found` by account.
 */
export function wordsOf(activity: TeamsActivity, found: ReadonlyMap<string, string> = new Map()): string {
  const { text = '', textFormat, entities } = activity
  const stands = (mentioned: Mentioned) =>
    isBot(mentioned, activity) ? ' ' : ` ${mentioned.aadObjectId ?? found.get(mentioned.id) ?? mentioned.id} `
  // Two people may have one name: then the first mention is that of the first.
  const each = entities.reduce((line, { text: tag, mentioned }) => line.replace(tag, () => stands(mentioned)), text)
  const named = entities.reduce((line, { text: tag, mentioned }) => line.replaceAll(tag, () => stands(mentioned)), each)
  return named
    .replace(textFormat === 'xml' ? /<[^<>]*>/g : /<\/?at\b[^<>]*>/g, ' ')
    .replace(/&nbsp;|\s+/g, ' ')
    .trim()
}
