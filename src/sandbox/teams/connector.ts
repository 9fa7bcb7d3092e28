import { z } from 'zod'
import type { Calls } from './calls.ts'
import { conversationId, type Directory, type Person, placeId, type Spot } from './directory.ts'
import { Refusal, type Route } from './http.ts'
import { isTooLarge } from './limits.ts'
import { AttachmentSchema, type Content, type Messages } from './messages.ts'

const ActivitySchema = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  textFormat: z.string().nullish(),
  attachments: z.array(AttachmentSchema).nullish(),
  entities: z.array(z.unknown()).nullish(),
  replyToId: z.string().nullish(),
})

type Activity = z.infer<typeof ActivitySchema>

const ConversationParametersSchema = z.looseObject({
  isGroup: z.boolean().nullish(),
  members: z.array(z.looseObject({ id: z.string() })).nullish(),
  tenantId: z.string().nullish(),
  activity: ActivitySchema.nullish(),
  channelData: z
    .looseObject({
      tenant: z.looseObject({ id: z.string() }).nullish(),
      channel: z.looseObject({ id: z.string() }).nullish(),
    })
    .nullish(),
})

const notFound = (what: 'Conversation' | 'Activity' | 'Member') =>
  new Refusal(404, `${what}NotFound`, `${what} not found.`)

const toContent = ({ text, textFormat, attachments, entities }: Activity): Content => ({
  text: text ?? '',
  textFormat: textFormat ?? 'markdown',
  attachments: attachments ?? [],
  entities: entities ?? [],
})

const toMember = ({ aadObjectId, ...person }: Person, tenantId: string) => ({
  ...person,
  objectId: aadObjectId,
  aadObjectId,
  tenantId,
  userRole: 'user',
})

/**
 * The Bot Connector of Teams ("Bot Connector API reference", Microsoft Learn): here the bot posts, edits and deletes,
 * and asks who is there.
 */
export const createConnector = ({
  directory,
  messages,
  serviceUrl,
  installed,
  operation,
}: {
  directory: Directory
  messages: Messages
  serviceUrl: string
  /** The ids of the places where the bot is installed. */
  installed: ReadonlySet<string>
  operation: Calls['operation']
}): Route[] => {
  /** The conversation that the bot names; as a team, its General channel, which has the team's id. */
  const spotOf = (id: string): Spot => {
    const spot = directory.findSpot(id)
    if (!spot || id !== conversationId(spot)) throw notFound('Conversation')
    if (spot.thread !== undefined && messages.find(spot.thread)?.thread !== spot.thread) throw notFound('Conversation')
    return spot
  }
  const requireInstalled = ({ place }: Spot) => {
    if (installed.has(place.id)) return
    if (place.type === 'personal') {
      throw new Refusal(403, 'MessageWritesBlocked', 'Message writes are blocked; the bot is not installed here.')
    }
    throw new Refusal(403, 'BotNotInConversationRoster', 'The bot is not part of the conversation roster.')
  }
  const requireFits = (activity: unknown) => {
    if (isTooLarge(activity)) throw new Refusal(413, 'MessageSizeTooBig', 'Message size too large.')
  }
  const requireOwn = (id: string, spot: Spot) => {
    requireInstalled(spot)
    const message = messages.find(id)
    if (!message || message.deleted || placeId(message.conversation) !== spot.place.id) throw notFound('Activity')
    if (message.from.id !== directory.bot.id)
      throw new Refusal(403, 'Forbidden', 'The bot may change its own messages only.')
  }

  const write = (spot: Spot, activity: Activity, replyToId?: string) => {
    requireInstalled(spot)
    requireFits(activity)
    return messages.post(spot, directory.bot, toContent(activity), replyToId)
  }

  const send = (spot: Spot, body: unknown, replyToId?: string) => {
    const activity = ActivitySchema.parse(body)
    if (activity.type === 'typing') {
      messages.typing(spot)
      return Response.json({ id: messages.newId() }, { status: 201 })
    }
    if (activity.type !== 'message') throw new Refusal(400, 'BadSyntax', `Unknown activity type "${activity.type}".`)
    const thread = spot.thread ?? (replyToId && messages.find(replyToId)?.thread)
    const { id } = write({ ...spot, thread }, activity, replyToId ?? activity.replyToId ?? undefined)
    return Response.json({ id }, { status: 201 })
  }

  /** A new thread of a channel, or one's chat with a person; a bot cannot make group chats or channels. */
  const create = (body: unknown) => {
    const { members, channelData, tenantId, activity } = ConversationParametersSchema.parse(body)
    if ((channelData?.tenant?.id ?? tenantId ?? directory.tenant) !== directory.tenant) {
      throw new Refusal(403, 'Forbidden', 'The bot does not belong to this tenant.')
    }
    const channel = channelData?.channel && spotOf(channelData.channel.id)
    if (channel?.place.type === 'channel' && activity) {
      const { id, conversation } = write({ place: channel.place, thread: undefined }, activity)
      return Response.json({ id: conversation, activityId: id }, { status: 201 })
    }
    const [member, ...others] = members ?? []
    const place = directory.places.find(
      ({ type, members: [person] }) =>
        type === 'personal' && member && [person?.id, person?.aadObjectId].includes(member.id),
    )
    if (channel || !place || others.length > 0) {
      throw new Refusal(400, 'BadSyntax', 'Incorrect conversation creation parameters.')
    }
    requireInstalled({ place, thread: undefined })
    const activityId = activity ? write({ place, thread: undefined }, activity).id : undefined
    return Response.json({ id: place.id, activityId, serviceUrl }, { status: 201 })
  }

  const membersOf = (id: string) => {
    const spot = spotOf(id)
    requireInstalled(spot)
    return spot.place.members.map((person) => toMember(person, directory.tenant))
  }

  const memberOf = (id: string, member: string) => {
    const found = membersOf(id).find((one) => [one.id, one.aadObjectId, one.userPrincipalName].includes(member))
    if (!found) throw new Refusal(404, 'MemberNotFoundInConversation', 'Member not found in conversation.')
    return found
  }

  const pageOf = (id: string, query: URLSearchParams) => {
    const size = Math.max(1, Math.min(500, Number(query.get('pageSize') ?? 200)))
    const start = Number(query.get('continuationToken') ?? 0)
    const members = membersOf(id)
    const next = start + size < members.length ? String(start + size) : undefined
    return { members: members.slice(start, start + size), continuationToken: next }
  }

  const requireTeam = (id: string) => {
    if (id !== directory.team.id) throw new Refusal(404, 'NotFound', 'Team not found.')
    return directory.team
  }

  const teamOf = (id: string) => {
    const { channels, ...team } = requireTeam(id)
    const counts = { channelCount: channels.length, memberCount: directory.people.length }
    return { ...team, ...counts, tenantId: directory.tenant }
  }

  /** The General channel has the team's id and comes without a name. */
  const channelsOf = (id: string) => {
    const { channels } = requireTeam(id)
    return channels.map((channel) => (channel.id === id ? { id } : channel))
  }

  const one = '/v3/conversations/:conversation'
  const activity = `${one}/activities/:activity`

  return [
    operation('create', 'POST', '/v3/conversations', ({ body }) => create(body)),
    operation('send', 'POST', `${one}/activities`, ({ param, body }) => send(spotOf(param('conversation')), body)),
    operation('reply', 'POST', activity, ({ param, body }) =>
      send(spotOf(param('conversation')), body, param('activity')),
    ),
    operation('update', 'PUT', activity, ({ param, body }) => {
      requireOwn(param('activity'), spotOf(param('conversation')))
      requireFits(body)
      messages.edit(param('activity'), toContent(ActivitySchema.parse(body)))
      return Response.json({ id: param('activity') })
    }),
    operation('delete', 'DELETE', activity, ({ param }) => {
      requireOwn(param('activity'), spotOf(param('conversation')))
      messages.delete(param('activity'))
      return new Response(null, { status: 200 })
    }),
    operation('members', 'GET', `${one}/members`, ({ param }) => Response.json(membersOf(param('conversation')))),
    operation('members', 'GET', `${one}/pagedmembers`, ({ param, query }) =>
      Response.json(pageOf(param('conversation'), query)),
    ),
    operation('member', 'GET', `${one}/members/:member`, ({ param }) =>
      Response.json(memberOf(param('conversation'), param('member'))),
    ),
    operation('team', 'GET', '/v3/teams/:team', ({ param }) => Response.json(teamOf(param('team')))),
    operation('team', 'GET', '/v3/teams/:team/conversations', ({ param }) =>
      Response.json({ conversations: channelsOf(param('team')) }),
    ),
  ]
}
