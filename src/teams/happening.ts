import { conversationOf, type Happening } from '../notify/conversations.ts'
import type { TeamsActivity } from './activity.ts'

/** What an activity says of the place itself ("Conversation events in your Teams bot", Teams documentation). */
export function happeningOf({ type, action, conversation, channelData }: TeamsActivity): Happening | undefined {
  const { eventType, channel } = channelData ?? {}
  const team = channelData?.team?.id
  if (type === 'installationUpdate' && action === 'remove') {
    const why = 'Device Desk was uninstalled there.'
    return team === undefined
      ? { kind: 'ended', conversation: conversationOf(conversation.id), why }
      : { kind: 'teamEnded', team, why }
  }
  if (type !== 'conversationUpdate') return undefined
  switch (eventType) {
    case 'channelDeleted':
      return channel && { kind: 'ended', conversation: channel.id, why: 'The channel was deleted.' }
    case 'channelRenamed':
      return channel?.name === undefined ? undefined : { kind: 'renamed', conversation: channel.id, name: channel.name }
    case 'teamDeleted':
    case 'teamHardDeleted':
      return team === undefined ? undefined : { kind: 'teamEnded', team, why: 'The team was deleted.' }
    case 'teamArchived':
      return team === undefined ? undefined : { kind: 'archived', team }
    case 'teamUnarchived':
      return team === undefined ? undefined : { kind: 'unarchived', team }
    default:
      return undefined
  }
}
