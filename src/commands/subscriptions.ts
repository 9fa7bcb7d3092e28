import { z } from 'zod'
import type { Fact, Reply } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import { type Kind, kinds } from '../events/event.ts'
import { allDevices } from '../inventory/collections.ts'
import type { Subscription } from '../notify/subscriptions.ts'
import { type Context, defineCommand } from './command.ts'
import { connectorNamed } from './whichConnector.ts'

const isKind = (word: string): word is Kind => kinds.some((kind) => kind === word)

/** Kinds of event in words; `all` stands for every one. */
const Kinds = z
  .string()
  .trim()
  .toLowerCase()
  .transform((text, context): readonly Kind[] => {
    const words = text.split(/[\s,]+/)
    if (words.includes('all')) return kinds
    const unknown = words.find((word) => !isKind(word))
    if (unknown === undefined) return words.filter(isKind)
    context.addIssue(`there is no event “${unknown}”, but ${kinds.join(', ')}, or all`)
    return z.NEVER
  })
  .meta({ title: 'Events' })

const managing = { permission: ['Site.Modify', 'Site.Read'], scopes: [], changes: true } as const

/** The conversation whose subscriptions somebody may manage: who looks after the site, or owns the team. */
async function managed({ conversation, rights, caller }: Context): Promise<string> {
  if (conversation === undefined)
    throw new BotError('COMMAND_ARGUMENT', 'Subscriptions belong to a conversation; type this in a channel or a chat.')
  if (rights.holds('Site.Modify') || (rights.holds('Site.Read') && (await caller.ownsTeam?.()))) return conversation
  throw new BotError('ACCESS_DENIED', 'Site.Modify')
}

/** A collection that one may not read does not exist. */
function readable(name: string, { inventory, rights, subscriptions }: Context): string {
  const found = inventory.collections.get(name)
  if (found !== undefined && subscriptions.mayCover(rights, found.name)) return found.name
  if (name === allDevices) throw new BotError('ACCESS_DENIED', 'Collection.ReadResource')
  throw new BotError(
    'COMMAND_ARGUMENT',
    `You can read no collection “${name}”; “collections” lists those there are, and without collection: it is about all.`,
  )
}

const coverOf = ({ connector, collection }: Subscription) =>
  [connector, collection === allDevices && connector !== undefined ? undefined : collection]
    .filter((part) => part !== undefined)
    .join(', ')

const factOf = (subscription: Subscription): Fact => ({
  label: coverOf(subscription),
  value: `${subscription.kinds.join(', ')}; set up by ${subscription.by.name}`,
  ...(subscription.paused !== undefined && { tone: 'warning' as const, value: `Paused: ${subscription.paused}` }),
})

/** Outside a conversation one sees only what one has set up elsewhere. */
function headOf(conversation: string | undefined, count: number): { title: string; text: string } {
  if (conversation === undefined)
    return {
      title: 'Who is told of events',
      text: `${count === 0 ? 'You have set up nothing. ' : 'This you have set up. '}Type “subscribe” in the chat or channel that is to be told.`,
    }
  return count === 0
    ? {
        title: 'Nothing is told here',
        text: `Type for example “subscribe quarantine wipes”; there are ${kinds.join(', ')}.`,
      }
    : { title: 'What is told here', text: '“unsubscribe” ends it, “unsubscribe quarantine” a part of it.' }
}

async function reply(context: Context): Promise<Reply> {
  const { subscriptions, conversations, conversation, caller, scope, own } = context
  const here = conversation === undefined ? [] : await subscriptions.of(conversation)
  const mine = (await subscriptions.setUpBy(caller)).filter((one) => one.conversation !== conversation)
  const elsewhere =
    scope === 'personal' && own
      ? await Promise.all(
          mine.map(async (one): Promise<Fact> => {
            const { name, place } = (await conversations.get(one.conversation)) ?? {}
            const where = name ?? (place?.scope === 'channel' ? 'a channel' : 'a chat')
            return { ...factOf(one), label: `In ${where}: ${coverOf(one)}` }
          }),
        )
      : []
  return {
    template: 'facts',
    about: { verb: 'subscriptions', data: {} },
    data: {
      ...headOf(conversation, conversation === undefined ? elsewhere.length : here.length),
      facts: [...here.map(factOf), ...elsewhere],
      times: [],
    },
  }
}

export const subscriptions = defineCommand({
  name: 'subscriptions',
  usage: '',
  summary: 'Shows what this conversation is told of.',
  example: 'subscriptions',
  permission: ['Site.Read', 'Site.Modify'],
  scopes: [],
  changes: false,
  args: z.object({}),
  run: (_, context) => reply(context),
})

export const subscribe = defineCommand({
  ...managing,
  name: 'subscribe',
  usage: '<events> [connector:] [collection:]',
  summary: 'Has this conversation told of events, of one connector or one collection if you like.',
  example: 'subscribe quarantine wipes collection:Berlin',
  args: z.object({
    events: Kinds,
    connector: z.string().max(100).optional().meta({ title: 'Connector' }),
    collection: z.string().max(100).default(allDevices).meta({ title: 'Collection' }),
  }),
  async run({ events, connector, collection }, context) {
    const { tenant, id, name } = context.caller
    await context.subscriptions.add({
      conversation: await managed(context),
      by: { tenant, id, name },
      kinds: [...events],
      collection: readable(collection, context),
      ...(connector && { connector: connectorNamed(connector, context) }),
    })
    return reply(context)
  },
})

export const unsubscribe = defineCommand({
  ...managing,
  name: 'unsubscribe',
  usage: '[events]',
  summary: 'Ends what this conversation is told of, or a part of it.',
  example: 'unsubscribe quarantine',
  args: z.object({ events: Kinds.optional() }),
  async run({ events = kinds }, context) {
    const { subscriptions, outbox, caller, now } = context
    const conversation = await managed(context)
    for (const { collection } of await subscriptions.of(conversation)) readable(collection, context)
    const ended = await subscriptions.remove(conversation, events)
    if (ended.includes('security')) {
      const at = now().toISOString()
      const { name = 'a conversation' } = (await context.conversations.get(conversation)) ?? {}
      await outbox.publish({
        key: `unsubscribed ${conversation} ${at}`,
        kinds: ['security'],
        at,
        subject: { of: 'site' },
        story: `unsubscribed ${conversation} ${at}`,
        title: 'Fewer people hear of security',
        text: `${caller.name} ended the security notifications in ${name}.`,
        tone: 'warning',
        read: { verb: 'audit', data: {} },
      })
    }
    return reply(context)
  },
})
