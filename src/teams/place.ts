import { z } from 'zod'
import type { Place } from '../notify/conversations.ts'
import type { TeamsActivity } from './activity.ts'

const ScopeSchema = z.enum(['personal', 'groupChat', 'channel']).optional().catch(undefined)

/** The place of an activity; what Teams does not name as personal is treated as a place where others read along. */
export function placeOf({ conversation, serviceUrl, recipient, channelData }: TeamsActivity): Place {
  const fallback = conversation.isGroup === false ? 'personal' : 'groupChat'
  return {
    scope: ScopeSchema.parse(conversation.conversationType) ?? fallback,
    conversation: conversation.id,
    serviceUrl,
    tenant: (conversation.tenantId ?? channelData?.tenant?.id ?? '').toLowerCase(),
    bot: recipient?.id ?? '',
  }
}
