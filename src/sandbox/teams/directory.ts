import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { Refusal } from './http.ts'

/** Somebody of the tenant, as Teams shows people to a bot. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly aadObjectId: string
  readonly userPrincipalName: string
  readonly givenName: string
  readonly surname: string
  readonly email: string
}

export interface Team {
  readonly id: string
  readonly name: string
  readonly aadGroupId: string
}

/** Where people and the bot talk. */
export type Place =
  | { readonly type: 'personal' | 'groupChat'; readonly id: string; readonly name: string; readonly members: Person[] }
  | {
      readonly type: 'channel'
      readonly id: string
      readonly name: string
      readonly members: Person[]
      readonly team: Team
    }

/** A place and, in a channel, the message that the thread began with. */
export interface Spot {
  readonly place: Place
  readonly thread: string | undefined
}

/** The file of the Agents Playground, which spells `userPrincipleName` so, and takes the General channel for granted. */
const PlaygroundSchema = z.object({
  tenantId: z.guid(),
  bot: z.object({ id: z.string().startsWith('28:'), name: z.string() }),
  users: z.array(
    z
      .object({
        id: z.string().startsWith('29:'),
        name: z.string(),
        userPrincipleName: z.string(),
        aadObjectId: z.guid(),
        givenName: z.string(),
        surname: z.string(),
        email: z.string(),
      })
      .transform(({ userPrincipleName, ...person }): Person => ({ ...person, userPrincipalName: userPrincipleName })),
  ),
  personalChat: z.object({ id: z.string() }),
  groupChat: z.object({ id: z.string(), name: z.string() }),
  team: z.object({
    id: z.string(),
    name: z.string(),
    aadGroupId: z.guid(),
    channels: z.array(z.object({ id: z.string(), name: z.string() })),
  }),
})

const shortName = (person: Person) => person.id.slice('29:'.length)

/** The conversation's id as Teams writes it: in a channel it carries the thread. */
export const conversationId = ({ place, thread }: Spot) =>
  thread && place.type === 'channel' ? `${place.id};messageid=${thread}` : place.id

/** The place that a conversation's id names, without the thread. */
export const placeId = (conversation: string) => conversation.split(';')[0] ?? conversation

/** Reads who and what there is: people, the bot, each person's chat with the bot, one group chat, one team. */
export const readDirectory = async (path: string) => {
  const { tenantId, bot, users, personalChat, groupChat, team } = PlaygroundSchema.parse(
    parse(await readFile(path, 'utf8')),
  )
  const { channels: others, ...aboutTeam } = team
  const channels = [{ id: team.id, name: 'General' }, ...others]
  const places: Place[] = [
    ...users.map((person) => ({
      type: 'personal' as const,
      id: `${personalChat.id}-${shortName(person)}`,
      name: bot.name,
      members: [person],
    })),
    { type: 'groupChat', ...groupChat, members: users },
    ...channels.map((channel) => ({
      type: 'channel' as const,
      ...channel,
      members: users,
      team: aboutTeam,
    })),
  ]

  const findSpot = (id: string): Spot | undefined => {
    const [placeId, thread] = id.split(';messageid=')
    const place = places.find((one) => one.id === placeId)
    return place && { place, thread }
  }
  const aliases = ({ type, id, name }: Place) =>
    ({ personal: [id, 'personal'], groupChat: [id, 'group', name], channel: [id, name] })[type]

  return {
    tenant: tenantId,
    bot,
    team: { ...aboutTeam, channels },
    people: users,
    places,
    findSpot,
    /** A person by short name (`hanna`), `29:` id, Entra object id or display name. */
    person(name: string) {
      const person = users.find((one) => [shortName(one), one.id, one.aadObjectId, one.name].includes(name))
      if (!person) throw new Refusal(404, 'UserNotFound', `There is no person "${name}".`)
      return person
    },
    /** A conversation of this person by id, `personal`, `group` or a channel's name; `;messageid=…` names a thread. */
    spot(person: Person, name: string): Spot {
      const [alias = '', thread] = name.split(';messageid=')
      const place = places.find((one) => one.members.includes(person) && aliases(one).includes(alias))
      if (!place) throw new Refusal(404, 'ConversationNotFound', `${person.name} has no conversation "${name}".`)
      return { place, thread }
    },
  }
}

export type Directory = Awaited<ReturnType<typeof readDirectory>>
