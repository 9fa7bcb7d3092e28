import { z } from 'zod'
import type { Store } from '../store/store.ts'
import { ChangeSchema, type Told, toldKinds } from './changes.ts'
import { type Device, DeviceSchema, OwnerSchema } from './device.ts'

/** A device or an owner that is no longer there. */
const GoneSchema = z.object({
  of: z.enum(['device', 'owner']),
  connector: z.string(),
  /** The device's Guid or the owner's mailbox. */
  key: z.string(),
  /** The first segment that said so, when it is not this one: rows of it can lie in older ones only. */
  since: z.int().optional(),
})

const StoredDeviceSchema = DeviceSchema.extend({ told: z.array(z.enum(toldKinds)).optional() })

/**
 * A part of the fleet as it is stored: rows that were new when it was written. Of each device and owner the row in the
 * newest segment counts.
 */
const SegmentSchema = z.object({
  devices: z.array(StoredDeviceSchema),
  owners: z.array(OwnerSchema),
  gone: z.array(GoneSchema),
  /** What these rows mean to people, until it is handed over. */
  changes: z.array(ChangeSchema),
})

/** A device as it is stored. */
export const withTold = (device: Device, told: Told[]): StoredDevice =>
  told.length === 0 ? device : { ...device, told }

export type Gone = z.infer<typeof GoneSchema>
export type StoredDevice = z.infer<typeof StoredDeviceSchema>
export type Segment = z.infer<typeof SegmentSchema>

/** What is known of a connector apart from its devices. */
const ConnectorSchema = z.object({
  name: z.string(),
  /** The ends of the first and of the latest complete read. */
  since: z.string().optional(),
  complete: z.string().optional(),
  /** Rows in segments up to this one are not there any more. */
  removed: z.int().optional(),
})

export type KnownConnector = z.infer<typeof ConnectorSchema>

/** At most so many rows lie in one segment. */
export const rowsOfSegment = 1000

export type Segments = Awaited<ReturnType<typeof openSegments>>

/** The stored fleet. Segments are numbered; a newer one has a higher number. */
export async function openSegments(store: Store) {
  const stored = await store.open({ name: 'fleet', schema: SegmentSchema, version: 1, resident: false })
  const connectors = await store.open({ name: 'fleet-connectors', schema: ConnectorSchema, version: 1 })
  const idOf = (number: number) => String(number).padStart(12, '0')
  let last = Math.max(0, ...(await connectors.list()).map(({ removed = 0 }) => removed))

  return {
    connectors: () => connectors.list(),
    putConnector: (connector: KnownConnector) => connectors.put(connector.name, connector),
    last: () => last,

    /** Every segment, in any order. */
    async *all(): AsyncIterable<readonly [number: number, segment: Segment]> {
      for await (const [id, segment] of stored.scan()) {
        last = Math.max(last, Number(id))
        yield [Number(id), segment]
      }
    },

    /** Adds the newest segment and resolves to its number; one that another process has taken is left alone. */
    async add(segment: Segment): Promise<number> {
      for (let taken = true; taken; ) {
        last += 1
        await stored.update(idOf(last), (old) => {
          taken = old !== undefined
          return old ?? segment
        })
      }
      return last
    },

    /** The changes of a segment were handed over. */
    async settle(number: number): Promise<void> {
      await stored.update(idOf(number), (old) => old && { ...old, changes: [] })
    },

    remove: (number: number) => stored.delete(idOf(number)),
  }
}
