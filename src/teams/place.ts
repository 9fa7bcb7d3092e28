import { z } from 'zod'
import type { Place } from '../notify/conversations.ts'
import type { TeamsActivity } from './activity.ts'

const scopes = { personal: 'personal', groupChat: 'groupChat', channel: 'channel' } as const

/** The place of an activity; what Teams does not name as personal is treated as a place where others read along. */
export function placeOf({ conversation, serviceUrl, recipient, channelData }: TeamsActivity): Place {
  const fallback = conversation.isGroup === false ? 'personal' : 'groupChat'
  return {
    scope: z.enum(scopes).catch(fallback).parse(conversation.conversationType),
    conversation: conversation.id,
    serviceUrl,
    tenant: (conversation.tenantId ?? channelData?.tenant?.id ?? '').toLowerCase(),
    bot: recipient?.id ?? '',
  }
}
