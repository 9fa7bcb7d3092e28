import { z } from 'zod'
import type { Access } from '../access/access.ts'
import type { Rights } from '../access/rights.ts'
import { BotError } from '../errors.ts'
import { type Event, type Kind, kinds } from '../events/event.ts'
import { allDevices } from '../inventory/collections.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { ActorSchema } from '../requests/request.ts'
import type { Store } from '../store/store.ts'

/** What a conversation wants to hear, and by whose rights it may. */
const SubscriptionSchema = z.object({
  id: z.string(),
  conversation: z.string(),
  by: ActorSchema,
  kinds: z.array(z.enum(kinds)).min(1),
  /** Only what concerns this connector. */
  connector: z.string().optional(),
  /** Only devices of this collection; what concerns no device is heard on the root alone. */
  collection: z.string(),
  /** Why nothing is told for the time being. */
  paused: z.string().optional(),
})

export type Subscription = z.infer<typeof SubscriptionSchema>

type Wish = Pick<Subscription, 'conversation' | 'by' | 'kinds' | 'connector' | 'collection'>

export type Subscriptions = Awaited<ReturnType<typeof openSubscriptions>>

/** Who wants to hear what. What somebody set up is heard for as long as they could read it themselves. */
export async function openSubscriptions({
  store,
  access,
  inventory,
}: {
  store: Store
  access: Pick<Access, 'rightsOf'>
  inventory: Pick<Inventory, 'get' | 'contains' | 'collections'>
}) {
  const stored = await store.open({
    name: 'subscriptions',
    schema: SubscriptionSchema,
    version: 1,
    indexes: { conversation: ({ conversation }) => conversation, by: ({ by }) => by.id, kind: (one) => one.kinds },
  })
  const of = (conversation: string) => stored.list({ index: 'conversation', value: conversation })

  /** Whether an event is about what a subscription covers. A device is judged by where it is now; one that is gone, by where it was. */
  function covers({ connector, collection }: Subscription, { subject, kinds: all }: Event): boolean {
    if (all.includes('digest')) return true
    if (connector !== undefined && (subject.of === 'site' || subject.connector !== connector)) return false
    if (collection === allDevices) return true
    if (subject.of !== 'device') return false
    const device = inventory.get(subject)
    return device === undefined ? subject.collections.includes(collection) : inventory.contains(collection, device)
  }

  /** Whether somebody may have a conversation hear of a collection. */
  const mayCover = (rights: Rights, collection: string) =>
    rights.reach('Collection.ReadResource').some((held) => inventory.collections.within(collection, held))

  return {
    of,
    covers,
    mayCover,
    get: (id: string) => stored.get(id),
    setUpBy: ({ id }: { id: string }) => stored.list({ index: 'by', value: id }),

    /** Adds kinds to what a conversation hears; whoever asks now answers for all of it from then on. */
    async add({ conversation, by, kinds: wanted, connector, collection }: Wish): Promise<Subscription> {
      const id = [conversation, connector ?? '*', collection].join(' ')
      const kept = await stored.update(id, (old) => ({
        id,
        conversation,
        by,
        kinds: kinds.filter((kind) => wanted.includes(kind) || old?.kinds.includes(kind)),
        ...(connector && { connector }),
        collection,
      }))
      if (kept === undefined) throw new BotError('STORE_UNWRITABLE')
      return kept
    },

    /** Takes kinds from what a conversation hears; resolves to those that it did hear. */
    async remove(conversation: string, unwanted: readonly Kind[]): Promise<Kind[]> {
      const heard = await of(conversation)
      for (const { id } of heard)
        await stored.update(id, (old) => {
          const left = old?.kinds.filter((kind) => !unwanted.includes(kind)) ?? []
          return old && left.length > 0 ? { ...old, kinds: left } : undefined
        })
      return unwanted.filter((kind) => heard.some((one) => one.kinds.includes(kind)))
    },

    /** The conversation is no more: resolves to what it heard. */
    async end(conversation: string): Promise<readonly Subscription[]> {
      const heard = await of(conversation)
      for (const { id } of heard) await stored.delete(id)
      return heard
    },

    pause: (id: string, why: string) => stored.update(id, (old) => old && { ...old, paused: why }),
    resume: (id: string) => stored.update(id, (old) => old && { ...old, paused: undefined }),

    /** Those that hear of an event. */
    async hearing(event: Event): Promise<Subscription[]> {
      const all = await Promise.all(event.kinds.map((kind) => stored.list({ index: 'kind', value: kind })))
      const unique = new Map(all.flat().map((one) => [one.id, one]))
      return [...unique.values()].filter((one) => one.paused === undefined && covers(one, event))
    },

    /** Whether any conversation hears events of a kind, on the whole site. */
    hasListener: async (kind: Kind) =>
      (await stored.list({ index: 'kind', value: kind })).some(
        (one) => one.paused === undefined && one.connector === undefined && one.collection === allDevices,
      ),

    /** Whether whoever set it up could still do so; undefined while nobody can tell. */
    async isStillAllowed({ by, collection }: Subscription): Promise<boolean | undefined> {
      const rights = await access.rightsOf(by)
      if (rights.holds('Site.Modify', 'Site.Read') && mayCover(rights, collection)) return true
      return rights.standing === 'unreachable' ? undefined : false
    },
  }
}
