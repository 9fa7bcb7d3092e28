import { z } from 'zod'
import type { Store } from '../store/store.ts'
import { ChangeSchema, type Told, toldKinds } from './changes.ts'
import { type Device, DeviceSchema, type Owner, OwnerSchema, type Statistics, StatisticsSchema } from './device.ts'
import { checker, tableOf } from './table.ts'

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

/** Rows that are checked and not copied: to copy a million of them costs more than all the rest of reading them. */
function rowsOf<T>(schema: z.ZodType<T>) {
  const areRows = checker(z.array(schema))
  return z.custom<T[]>((value) => (Array.isArray(value) && value.length === 0) || areRows(value))
}

/** Rows that were new when they were written. */
const SegmentSchema = z.object({
  devices: rowsOf(StoredDeviceSchema),
  owners: rowsOf(OwnerSchema),
  gone: rowsOf(GoneSchema),
  /** What these rows mean to people, until it is handed over. */
  changes: rowsOf(ChangeSchema),
})

const FactsSchema = StoredDeviceSchema.omit({ statistics: true })
const facts = tableOf<z.infer<typeof FactsSchema>>(FactsSchema.shape)
const statistics = tableOf<Statistics>(StatisticsSchema.shape)
const owners = tableOf<Owner>(OwnerSchema.shape)

/**
 * A part of the fleet as it is stored: the rows of a segment as tables. Of each device and owner the row in the newest
 * segment counts.
 */
const StoredSegmentSchema = SegmentSchema.extend({
  devices: facts.schema,
  /** Of these devices, in the same order. */
  statistics: statistics.schema,
  owners: owners.schema,
}).refine(({ devices, statistics: known, owners: people }) => {
  const isOfThese = [0, facts.size(devices)].includes(statistics.size(known))
  return isOfThese && !facts.hasGaps(devices) && !owners.hasGaps(people)
})

export type StoredSegment = z.infer<typeof StoredSegmentSchema>

/** How many rows there are in it. */
export const sizeOf = ({ devices, owners: people, gone }: StoredSegment) =>
  facts.size(devices) + owners.size(people) + gone.length

const pack = ({ devices, owners: people, ...rest }: Segment): StoredSegment => ({
  ...rest,
  devices: facts.pack(devices),
  statistics: statistics.pack(devices.map((device) => device.statistics)),
  owners: owners.pack(people),
})

function unpack({ devices, statistics: table, owners: people, ...rest }: StoredSegment): Segment {
  const known = statistics.unpack(table)
  return {
    ...rest,
    devices: facts
      .unpack(devices)
      .flatMap((device, at) => (device ? { ...device, ...(known[at] && { statistics: known[at] }) } : [])),
    owners: owners.unpack(people).filter((owner) => owner !== undefined),
  }
}

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
  /** It was removed and not read since: no row of it is there. */
  gone: z.boolean().optional(),
})

export type KnownConnector = z.infer<typeof ConnectorSchema>

/** At most so many rows lie in one segment. */
export const rowsOfSegment = 1000

/** A process that is late must not take a number that was there before, so of a shared store the newest segments stay. */
const young = 64

export type Segments = Awaited<ReturnType<typeof openSegments>>

/** The stored fleet. Segments are numbered; a newer one has a higher number. */
export async function openSegments(store: Store) {
  const stored = await store.open({
    name: 'fleet',
    schema: StoredSegmentSchema,
    version: 2,
    upgrade: (rows) => pack(SegmentSchema.parse(rows)),
    resident: false,
  })
  const connectors = await store.open({ name: 'fleet-connectors', schema: ConnectorSchema, version: 1 })
  const isShared = store.shared !== undefined
  const idOf = (number: number) => String(number).padStart(12, '0')
  /** Numbers up to this one are known to have been used, also when no segment is left that has one of them. */
  let used = Math.max(0, ...(await connectors.list()).map(({ removed = 0 }) => removed))
  let last = used

  return {
    isShared,
    connectors: () => connectors.list(),
    async putConnector(connector: KnownConnector): Promise<void> {
      await connectors.put(connector.name, connector)
      used = Math.max(used, connector.removed ?? 0)
    },
    last: () => last,

    /** Every segment, in any order. */
    async *all(): AsyncIterable<readonly [number: number, segment: StoredSegment]> {
      for await (const [id, segment] of stored.scan()) {
        last = Math.max(last, Number(id))
        yield [Number(id), segment]
      }
    },

    /** The numbers of all segments, the oldest first. */
    numbers: async (): Promise<number[]> => (await stored.ids()).map(Number).sort((a, b) => a - b),

    /** One that another process may have written or deleted. */
    async get(number: number): Promise<Segment | undefined> {
      const segment = await stored.get(idOf(number))
      if (segment === undefined) return undefined
      last = Math.max(last, number)
      return unpack(segment)
    },

    /** Adds the newest segment and resolves to its number; to `undefined` when another process was faster. */
    async add(segment: Segment): Promise<number | undefined> {
      const number = last + 1
      const packed = pack(segment)
      let isOurs = false
      await stored.update(idOf(number), (old) => {
        isOurs = old === undefined
        return old ?? packed
      })
      if (!isOurs) return undefined
      last = Math.max(last, number)
      return number
    },

    /** The changes of a segment were handed over. */
    async settle(number: number): Promise<void> {
      await stored.update(idOf(number), (old) => old && { ...old, changes: [] })
    },

    /** Deletes a segment if it is time. The newest stays: changes are named by its number, which must not come again. */
    async remove(number: number): Promise<boolean> {
      if (number === last && last > used) return false
      if (isShared && number > last - young) return false
      await stored.delete(idOf(number))
      return true
    },

    /** Says which segment another process has written, changed or deleted; without a number, any may be meant. */
    follow: (told: (number: number | undefined) => void) =>
      stored.follow((id) => told(id === undefined ? undefined : Number(id))),

    /** Says that another process has changed what is known of connectors. */
    followConnectors: (told: () => void) => connectors.follow(told),
  }
}
