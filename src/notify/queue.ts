import { z } from 'zod'
import type { Store } from '../store/store.ts'

const EntrySchema = z.object({
  /** Number of the event. */
  n: z.int(),
  /** When it was queued. */
  since: z.iso.datetime(),
  /** By which subscription it is heard; none: it is told personally. */
  subscription: z.string().optional(),
})
const QueueSchema = z.object({
  conversation: z.string(),
  /** Every event up to this number was queued, if it was to be. */
  upTo: z.int(),
  entries: z.array(EntrySchema),
})

export type Entry = z.infer<typeof EntrySchema>

export type Queues = Awaited<ReturnType<typeof openQueues>>
export type Settling = ReturnType<Queues['settling']>

/** What each conversation has still to be told, in order. */
export async function openQueues(store: Store) {
  const stored = await store.open({
    name: 'queues',
    schema: QueueSchema,
    version: 1,
    indexes: { waiting: ({ entries }) => (entries.length > 0 ? 'yes' : undefined) },
  })
  const waiting = () => stored.list({ index: 'waiting', value: 'yes' })

  return {
    waiting,
    entries: async (conversation: string) => (await stored.get(conversation))?.entries ?? [],

    /** Adds what is new; what was queued before is not queued again. */
    async add(conversation: string, entries: readonly Entry[]): Promise<void> {
      await stored.update(conversation, (old) => {
        const fresh = entries.filter(({ n }) => n > (old?.upTo ?? 0))
        const upTo = fresh.at(-1)?.n
        return upTo === undefined ? old : { conversation, upTo, entries: [...(old?.entries ?? []), ...fresh] }
      })
    },

    /**
     * Gathers what was told or will not be, to take it out of the queue at once: a write for each message would cost as much as
     * the messages. After a crash before that, the stories know what was told.
     */
    settling(conversation: string) {
      const done = new Set<number>()
      return {
        has: (n: number) => done.has(n),
        add(entries: readonly Entry[]): void {
          for (const { n } of entries) done.add(n)
        },
        async settle(): Promise<void> {
          if (done.size === 0) return
          await stored.update(
            conversation,
            (old) => old && { ...old, entries: old.entries.filter(({ n }) => !done.has(n)) },
          )
          done.clear()
        },
      }
    },

    forget: (conversation: string) => stored.delete(conversation),
  }
}
