import { conversationId, type Directory, type Person, type Spot } from './directory.ts'

/** An activity on its way to the bot. */
export interface Activity {
  readonly type: string
  readonly id: string
  readonly [field: string]: unknown
}

const locale = 'en-GB'
const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone

const clientInfo = { type: 'clientInfo', locale, country: 'GB', platform: 'Web', timezone }

/** The time with the offset of this machine's zone, as a client writes `localTimestamp`. */
const localTime = (time: number) => {
  const offset = -new Date(time).getTimezoneOffset()
  const part = (minutes: number) => String(Math.floor(Math.abs(minutes))).padStart(2, '0')
  const local = new Date(time + offset * 60_000).toISOString().slice(0, -1)
  return `${local}${offset < 0 ? '-' : '+'}${part(offset / 60)}:${part(offset % 60)}`
}

const mention = ({ id, name }: { id: string; name: string }) => ({
  type: 'mention',
  text: `<at>${name}</at>`,
  mentioned: { id, name },
})

/** What Teams tells a bot about the place, beside the conversation itself. */
const channelData = ({ place }: Spot, tenant: string) => ({
  tenant: { id: tenant },
  ...(place.type === 'channel' && {
    teamsChannelId: place.id,
    teamsTeamId: place.team.id,
    channel: { id: place.id },
    team: { id: place.team.id },
  }),
})

/** Makes activities in the shape that Teams gives them ("Bot activity handlers" and "Conversation events", Microsoft Learn). */
export const createActivities = (directory: Directory, serviceUrl: string, now: () => number) => {
  const { bot, tenant } = directory

  /** What all activities of a person have in common; `fields` add to it or replace. */
  const activity = (
    person: Person,
    spot: Spot,
    { id, ...fields }: { id: string; type: string; channelData?: object; [field: string]: unknown },
  ): Activity => ({
    id,
    timestamp: new Date(now()).toISOString(),
    localTimestamp: localTime(now()),
    localTimezone: timezone,
    channelId: 'msteams',
    serviceUrl,
    from: { id: person.id, name: person.name, aadObjectId: person.aadObjectId },
    conversation: {
      ...(spot.place.type !== 'personal' && { isGroup: true }),
      conversationType: spot.place.type,
      tenantId: tenant,
      id: conversationId(spot),
    },
    recipient: bot,
    entities: [clientInfo],
    locale,
    ...fields,
    channelData: { ...channelData(spot, tenant), ...fields.channelData },
  })

  return {
    activity,

    /** A typed message: `@Name` of a member becomes a mention, and `toBot` puts the mention of the bot before it. */
    message(person: Person, spot: Spot, id: string, typed: string, toBot: boolean) {
      const mentioned = spot.place.members.filter(({ name }) => typed.includes(`@${name}`))
      const text = mentioned.reduce((sum, { name }) => sum.replaceAll(`@${name}`, `<at>${name}</at>`), typed)
      const mentions = [...(toBot ? [bot] : []), ...mentioned].map(mention)
      return {
        ...activity(person, spot, { id, type: 'message' }),
        textFormat: 'plain',
        text: toBot ? `<at>${bot.name}</at> ${text}` : text,
        attachments: [],
        entities: [...mentions, clientInfo],
      }
    },

    /** The bot was added to a place or removed from it: Teams says so twice. */
    installation(person: Person, spot: Spot, newId: () => string, action: 'add' | 'remove') {
      const { place } = spot
      const team = place.type === 'channel' && {
        team: place.team,
        settings: { selectedChannel: { id: place.id } },
      }
      const members = [
        { id: bot.id },
        ...(place.type === 'personal' ? [{ id: person.id, aadObjectId: person.aadObjectId }] : []),
      ]
      const added = action === 'add'
      return [
        activity(person, spot, {
          id: `f:${newId()}`,
          type: 'conversationUpdate',
          [added ? 'membersAdded' : 'membersRemoved']: members,
          channelData: team ? { ...team, eventType: added ? 'teamMemberAdded' : 'teamMemberRemoved' } : {},
        }),
        activity(person, spot, {
          id: `f:${newId()}`,
          type: 'installationUpdate',
          action,
          channelData: { ...team, source: { name: 'message' } },
        }),
      ]
    },
  }
}

export type Activities = ReturnType<typeof createActivities>
