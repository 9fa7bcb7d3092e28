import { z } from 'zod'
import type { TeamsActivity } from './activity.ts'

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

const scopes = { personal: 'personal', groupChat: 'groupChat', channel: 'channel' } as const

/** The place of an activity; what Teams does not name as personal is treated as a place where others read along. */
export function placeOf({ conversation, serviceUrl, recipient, channelData }: TeamsActivity): Place {
  const kind = z
    .enum(scopes)
    .catch(conversation.isGroup === false ? 'personal' : 'groupChat')
    .parse(conversation.conversationType)
  return {
    scope: kind,
    conversation: conversation.id,
    serviceUrl,
    tenant: (conversation.tenantId ?? channelData?.tenant?.id ?? '').toLowerCase(),
    bot: recipient?.id ?? '',
  }
}
