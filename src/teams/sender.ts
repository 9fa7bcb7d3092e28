import { ConnectorClient } from 'botframework-connector'
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel'
import { z } from 'zod'
import type { Drawn } from '../cards/draw.ts'
import type { Place } from '../notify/conversations.ts'
import { createTurns } from '../store/turns.ts'
import type { BotCredentials } from './adapter.ts'

export type Sender = ReturnType<typeof createSender>

/** What the client of the connector service throws: a status where there was an answer. */
const FailureSchema = z.object({ statusCode: z.number() })

/** A member of a conversation in Teams' roster ("Get single member", Teams bot documentation). */
const MemberSchema = z.object({ email: z.string().nullish(), userPrincipalName: z.string().nullish() })

export const statusOf = (error: unknown) => FailureSchema.safeParse(error).data?.statusCode

/**
 * Of the statuses after which Teams asks for another try ("Optimize your bot with rate limiting"), the client itself repeats the
 * 5xx, lost answers, and what comes with Retry-After.
 */
const patience = retry(
  handleWhen((error) => [412, 429].includes(statusOf(error) ?? 0)),
  { maxAttempts: 4, backoff: new ExponentialBackoff({ initialDelay: 500 }) },
)

/**
 * Posts and edits cards through Teams' connector service. A message whose answer was lost is sent again and may then appear
 * twice; an edit may be repeated without harm.
 */
export function createSender(credentials: BotCredentials) {
  const clients = new Map<string, Promise<ConnectorClient>>()
  const { inTurn } = createTurns(1)

  function clientOf({ serviceUrl }: Place) {
    const known = clients.get(serviceUrl)
    if (known !== undefined) return known
    const made = credentials.createCredentials().then((own) => new ConnectorClient(own, { baseUri: serviceUrl }))
    clients.set(serviceUrl, made)
    return made
  }

  const messageOf = (place: Place, card: Drawn) => ({
    type: 'message',
    from: { id: place.bot, name: 'Device Desk' },
    conversation: {
      id: place.conversation,
      isGroup: place.scope !== 'personal',
      conversationType: place.scope,
      name: '',
    },
    summary: String(card.fallbackText),
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }],
  })

  return {
    /** Resolves to the id under which the message can be edited. */
    async post(place: Place, card: Drawn, replyTo?: string): Promise<string> {
      const { conversations } = await clientOf(place)
      const message = messageOf(place, card)
      const sent = await patience.execute(() =>
        replyTo === undefined
          ? conversations.sendToConversation(place.conversation, message)
          : conversations.replyToActivity(place.conversation, replyTo, { ...message, replyToId: replyTo }),
      )
      return sent.id
    },

    /** The mail addresses of a member of a conversation, as Teams' roster has them. */
    async addressesOf(place: Place, account: string): Promise<readonly string[]> {
      const { conversations } = await clientOf(place)
      const member = await patience.execute(() => conversations.getConversationMember(place.conversation, account))
      const { email, userPrincipalName } = MemberSchema.parse(member)
      return [email, userPrincipalName].flatMap((address) => address?.toLowerCase() ?? [])
    },

    /** Edits of one message come one after the other, each drawn when it is its turn: the newest state stands last. */
    edit: (place: Place, id: string, draw: () => Drawn | Promise<Drawn>): Promise<void> =>
      inTurn(`${place.conversation} ${id}`, async () => {
        const { conversations } = await clientOf(place)
        const message = { ...messageOf(place, await draw()), id }
        await patience.execute(() => conversations.updateActivity(place.conversation, id, message))
      }),
  }
}
