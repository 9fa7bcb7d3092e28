import { z } from 'zod'
import type { Audit } from '../audit/audit.ts'
import { PersonSchema } from '../audit/person.ts'
import { BotError, isBotError } from '../errors.ts'
import type { Event } from '../events/event.ts'
import type { Device, DeviceKey, Exemption } from '../inventory/device.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../store/work.ts'

const time = z.iso.datetime()
const DeviceSchema = z.object({ connector: z.string(), guid: z.string(), name: z.string() })

/** What came of one device. */
const ResultSchema = z.object({ outcome: z.enum(['done', 'refused']), why: z.string().optional() })

const BatchSchema = z.object({
  id: z.string(),
  action: z.enum(['allow', 'block']),
  by: PersonSchema.extend({ name: z.string() }),
  reason: z.string(),
  asked: time,
  /** The request that a second person approved. */
  request: z.string().optional(),
  devices: z.array(DeviceSchema),
  /** In the order of the devices, as far as it got. */
  results: z.array(ResultSchema),
  state: z.enum(['running', 'stopped', 'done']),
})

export type Batch = z.infer<typeof BatchSchema>
export type BatchWish = Pick<Batch, 'action' | 'by' | 'reason' | 'devices' | 'request'>

export interface BatchesOptions {
  readonly store: Store
  readonly work: Work
  readonly audit: Pick<Audit, 'record'>
  readonly find: (key: DeviceKey) => Device | undefined
  readonly exempt: (device: Device, wish: Exemption, signal: AbortSignal) => Promise<void>
  /** Throws when the person may not do this to a device any more, or when it would do harm now. */
  readonly assertMay: (batch: Batch, device: Device, signal: AbortSignal) => Promise<void>
  /** It has got further. */
  readonly moved: (batch: Batch) => Promise<void>
  readonly now: () => Date
}

export type Batches = Awaited<ReturnType<typeof createBatches>>

const firstId = 1000
/** What may be different later. After a lost answer the exemptions were read, so writing them again does no harm. */
const passing = [
  'EXCHANGE_UNREACHABLE',
  'EXCHANGE_OUTCOME_UNKNOWN',
  'AUDIT_UNWRITABLE',
  'DIRECTORY_UNREACHABLE',
] as const
/** A card is edited so often while a batch runs, in milliseconds. */
const pause = 2000
const hour = 60 * 60_000

/**
 * Allows or blocks many devices one after the other, each once, recorded and judged by itself. What was done is kept, so that it
 * goes on after a restart; doing a device again that was done when the process ended does no harm.
 */
export async function createBatches(options: BatchesOptions) {
  const { store, work, audit, find, exempt, assertMay, moved, now } = options
  const stored = await store.open({
    name: 'batches',
    schema: BatchSchema,
    version: 1,
    indexes: { state: ({ state }) => state, person: ({ by }) => by.id, request: ({ request }) => request },
  })
  const counters = await store.open({ name: 'batch-counter', schema: z.object({ last: z.number().int() }), version: 1 })
  const stopping = new AbortController()

  async function get(id: string): Promise<Batch> {
    const batch = await stored.get(id.toUpperCase())
    if (batch === undefined)
      throw new BotError('COMMAND_ARGUMENT', `You have no batch “${id}”; the card with which you began one names it.`)
    return batch
  }

  /** One device, recorded before and after; what Exchange or the rules refuse is said and does not end the batch. */
  async function carryOut(batch: Batch, { name, ...key }: Batch['devices'][number]): Promise<Batch['results'][number]> {
    const { id, by, action, reason } = batch
    const who = { tenant: by.tenant, id: by.id }
    const entry = { who, command: action, target: `${key.connector}/${key.guid}`, reason, note: id }
    try {
      const device = find(key)
      if (device === undefined) throw new BotError('DEVICE_GONE', name)
      await assertMay(batch, device, stopping.signal)
      const { n } = await audit.record({ ...entry, outcome: 'started' })
      try {
        await exempt(device, action === 'allow' ? 'allowed' : 'blocked', stopping.signal)
      } catch (error) {
        const outcome = isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN') ? 'unknown' : 'failed'
        await audit.record({ ...entry, outcome, of: n })
        throw error
      }
      await audit.record({ ...entry, outcome: 'done', of: n })
      return { outcome: 'done' }
    } catch (error) {
      if (!(error instanceof BotError) || passing.some((code) => code === error.code)) throw error
      return { outcome: 'refused', why: error.message }
    }
  }

  /** Goes on until all is done or somebody stops it; what is unreachable now is tried again later. */
  async function run(id: string): Promise<void> {
    let shown = 0
    for (;;) {
      stopping.signal.throwIfAborted()
      const batch = await get(id)
      const device = batch.devices[batch.results.length]
      if (batch.state !== 'running' || device === undefined) break
      const result = await carryOut(batch, device)
      const after = await stored.update(id, (old) => old && { ...old, results: [...old.results, result] })
      if (after === undefined || now().getTime() - shown < pause) continue
      shown = now().getTime()
      await moved(after)
    }
    const ended = await stored.update(id, (old) => (old?.state === 'running' ? { ...old, state: 'done' } : old))
    if (ended !== undefined) await moved(ended)
  }

  work.on('batch', run)

  return {
    get,

    /** Begins at once; resolves when it is stored. Of one request there is one batch, however often it is carried out. */
    async start(wish: BatchWish): Promise<Batch> {
      const [begun] = wish.request === undefined ? [] : await stored.list({ index: 'request', value: wish.request })
      if (begun !== undefined) return begun
      const { last = firstId } = (await counters.update('batch', (old) => ({ last: (old?.last ?? firstId) + 1 }))) ?? {}
      const batch: Batch = { ...wish, id: `B${last}`, asked: now().toISOString(), results: [], state: 'running' }
      await stored.put(batch.id, batch)
      await work.due('batch', batch.id)
      return batch
    },

    /** What runs at this moment is finished, and no more. */
    async stop(id: string): Promise<Batch> {
      const batch = await stored.update((await get(id)).id, (old) =>
        old?.state === 'running' ? { ...old, state: 'stopped' } : old,
      )
      return batch ?? get(id)
    },

    /** How many devices somebody has had blocked by batches within an hour. */
    async blockedLately(person: string): Promise<number> {
      const since = new Date(now().getTime() - hour).toISOString()
      const lately = (await stored.list({ index: 'person', value: person })).filter(
        ({ asked, action }) => asked > since && action === 'block',
      )
      return lately.reduce((sum, { devices }) => sum + devices.length, 0)
    },

    /** Takes up what was under way when the process ended. */
    async resume(): Promise<void> {
      for (const { id } of await stored.list({ index: 'state', value: 'running' })) await work.due('batch', id)
    },

    close: () => stopping.abort(),
  }
}

/** Whoever started a batch has one card of it, which shows how far it has got. */
export const batchNews = ({ id, by, asked, reason }: Batch): Event => ({
  key: `batch ${id}`,
  kinds: [],
  to: [by.id],
  at: asked,
  subject: { of: 'site' },
  story: `batch ${id}`,
  title: id,
  text: `A batch of yours is under way: ${reason}.`,
  read: { verb: 'batch-progress', data: { id } },
  whole: true,
})
