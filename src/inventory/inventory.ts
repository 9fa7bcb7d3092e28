import { setImmediate } from 'node:timers/promises'
import type { Store } from '../store/store.ts'
import { add, type Bits, has, members, subtract } from './bits.ts'
import { minimumAbove } from './changes.ts'
import { createCollections, type Visible } from './collections.ts'
import type { Device, DeviceKey, Owner } from './device.ts'
import { createDraft } from './draft.ts'
import { createFind } from './find.ts'
import { createFleet } from './fleet.ts'
import { isLongAgo, isPending, type Limits } from './inactive.ts'
import { type OnChange, openJournal, portions } from './journal.ts'
import { createKept } from './kept.ts'
import { createMemory } from './memory.ts'
import { createPeople } from './people.ts'
import { dayOf } from './reader.ts'
import { createResolve } from './resolve.ts'
import { type KnownConnector, openSegments } from './segments.ts'
import { createSyncs } from './sync.ts'
import { createTerms } from './terms.ts'
import { createUpkeep } from './upkeep.ts'

export interface InventoryOptions {
  readonly store: Store
  readonly now: () => Date
  /** What the settings of a connector say of its devices; after they change, `review` is to be called. */
  readonly limits?: (connector: string) => Limits
  readonly onChange?: OnChange
  /** Told of each device that is different now, has come or is gone, whichever process has read it. */
  readonly touched?: () => void
  readonly log?: { warn(about: object, message: string): void }
}

/** What devices are counted by. */
export type Tallied = 'state' | 'reason' | 'os' | 'clientType' | 'clientVersion' | 'policyStatus'

export type Inventory = Awaited<ReturnType<typeof createInventory>>

/**
 * The devices of all connectors as they were last seen. It is read from memory, at once, and only what `visible` covers;
 * what is written is durable when the promise resolves, and known from then on.
 */
export async function createInventory(options: InventoryOptions) {
  const { store, now, limits = () => ({}), onChange = async () => {}, touched = () => {} } = options
  const log = options.log ?? { warn() {} }
  const today = () => dayOf(now().getTime())

  const fleet = createFleet()
  const { owners, columns } = fleet
  const terms = createTerms(fleet)
  const collections = await createCollections(store, fleet, today, log)
  const segments = await openSegments(store)
  const connectors = new Map((await segments.connectors()).map((connector) => [connector.name, connector]))

  const isWipePending = (n: number) =>
    [columns.wipe, columns.accountWipe].some(({ requested, acknowledged }) =>
      isPending(requested.at(n), acknowledged.at(n)),
    )
  const inactive = createKept(
    fleet,
    (n, day) => isLongAgo(columns.lastSync.at(n), limits(columns.connector.get(n) ?? ''), day) && !isWipePending(n),
    today,
  )
  const seen = collections.members
  const { find, touch } = createFind({ fleet, terms, seen, hideInactive, now })
  const memory = createMemory({
    fleet,
    terms,
    removedUpTo(connector) {
      const { gone, removed = 0 } = connectors.get(connector) ?? {}
      return gone ? Number.POSITIVE_INFINITY : removed
    },
    touched(n) {
      inactive.touch(n)
      collections.touch(n)
      touch(n)
      touched()
    },
  })
  const { resolve, shortId, withDeviceId } = createResolve({ fleet, terms, seen })
  const since = (connector: string) => connectors.get(connector)?.since
  const draft = createDraft({ fleet, memory, now, limits, since, withDeviceId })
  const journal = await openJournal({
    memory,
    segments,
    draft,
    onChange,
    heard({ devices, owners: people, gone }) {
      const left = gone.flatMap(({ of, connector, key }) => (of === 'device' ? [{ connector, guid: key }] : []))
      syncs.touch([...devices, ...left])
      syncs.touchOwners(people)
    },
    log,
  })
  inactive.refresh()
  collections.refresh()

  async function putConnector(connector: KnownConnector): Promise<void> {
    await segments.putConnector(connector)
    connectors.set(connector.name, connector)
  }
  const syncs = createSyncs({
    fleet,
    journal,
    async beginning(name) {
      if (connectors.get(name)?.gone) await putConnector({ name, removed: segments.last() })
    },
    completed: (name) => {
      const time = now().toISOString()
      return putConnector({ ...connectors.get(name), name, since: since(name) ?? time, complete: time })
    },
  })

  /** Another process has read a connector completely, or removed it. */
  async function followConnectors(): Promise<void> {
    for (const connector of await segments.connectors()) {
      const { name, gone, removed = 0 } = connector
      const before = connectors.get(name)
      connectors.set(name, connector)
      if ((gone && !before?.gone) || removed > (before?.removed ?? 0)) {
        syncs.stop(name)
        memory.removeConnector(name, gone ? undefined : removed)
      }
    }
  }
  journal.follow()
  segments.followConnectors(() => {
    journal
      .inTurn(followConnectors)
      .catch((error) => log.warn({ err: error }, 'what another process knows of connectors could not be read'))
  })

  const numberOf = ({ connector, guid }: DeviceKey) => fleet.find(connector, guid) ?? 0
  const keyOf = (n: number): DeviceKey => ({
    connector: columns.connector.get(n) ?? '',
    guid: columns.guid.get(n) ?? '',
  })
  const devicesIn = (numbers: Iterable<number>) => [...numbers].map(fleet.get).filter((device) => device !== undefined)
  const ownerOf = ({ connector, mailbox }: Pick<Device, 'connector' | 'mailbox'>) => owners.of(connector, mailbox)

  /** Whether a device is below its connector's minimum version, which is worked out once for each version. */
  function belowMinimum(): (n: number) => boolean {
    const { connector, os } = columns
    const known = new Map<number, boolean>()
    return (n) => {
      const key = connector.code(n) * 2 ** 26 + os.code(n)
      const isBelow = known.get(key) ?? minimumAbove({ os: os.get(n) }, limits(connector.get(n) ?? '')) !== undefined
      known.set(key, isBelow)
      return isBelow
    }
  }

  /** Takes out the devices that are shown only to those who ask for them, but these. */
  function hideInactive(found: Bits, held: Iterable<DeviceKey>): void {
    const shown = [...held].map(numberOf).filter((n) => has(found, n))
    subtract(found, inactive.bits())
    for (const n of shown) add(found, n)
  }

  return {
    get: (key: DeviceKey): Device | undefined => fleet.get(numberOf(key)),
    mailboxOf: (key: DeviceKey): string | undefined => columns.mailbox.get(numberOf(key)),
    /** The owner of a device, of which only the mailbox may be known. */
    owner: ownerOf,
    devicesOf({ connector, mailbox }: Pick<Owner, 'connector' | 'mailbox'>): Device[] {
      const numbers: number[] = []
      fleet.eachOf(owners.find(connector, mailbox) ?? 0, (n) => numbers.push(n))
      return devicesIn(numbers)
    },
    /** All partnerships of a phone: one for each mailbox that it was set up with. */
    partnerships: withDeviceId,
    size: () => fleet.size(),
    shortId,
    resolve,
    find,
    ...createPeople({ fleet, terms, seen }),
    ...createUpkeep({ fleet, isWipePending }),

    /** Whether a device is in a collection, also one that is gone: then its owner is to be given as it was last. */
    contains: (collection: string, device: Device, owner: Owner = ownerOf(device)): boolean =>
      collections.contains(collection, { device, owner }),
    collections: { ...collections, of: (device: Device) => collections.of({ device, owner: ownerOf(device) }) },
    /** Whether a device had no contact for so long that it is shown only to those who ask for it. */
    isIgnored: (key: DeviceKey): boolean => has(inactive.bits(), numberOf(key)),

    /** All devices, one after the other; what changes meanwhile may or may not be seen. */
    *devices(visible: Visible): Iterable<Device> {
      for (const n of members(seen(visible))) {
        const device = fleet.get(n)
        if (device !== undefined) yield device
      }
    },
    /** How many devices are in each access state. */
    counts(visible: Visible): Record<string, number> {
      const counts: Record<string, number> = {}
      for (const n of members(seen(visible))) {
        const state = columns.state.get(n) ?? ''
        counts[state] = (counts[state] ?? 0) + 1
      }
      return counts
    },
    /** How many devices have each value of a field, or of two fields together. */
    tally(visible: Visible, field: Tallied, other = field): { values: (string | undefined)[]; count: number }[] {
      const [first, second] = [columns[field], columns[other]]
      const counts = new Map<number, { values: (string | undefined)[]; count: number }>()
      for (const n of members(seen(visible))) {
        const key = first.code(n) * 2 ** 26 + second.code(n)
        const found = counts.get(key)
        if (found !== undefined) found.count += 1
        else counts.set(key, { values: [first.get(n), second.get(n)], count: 1 })
      }
      return [...counts.values()]
    },
    /** The owners of devices that have personal exemptions. */
    exempted: (visible: Visible): Owner[] => {
      const owned = new Set([...members(seen(visible))].map(fleet.ownerOf))
      const { allowed, blocked } = owners.columns
      return [...owned].filter((o) => allowed.get(o)?.length || blocked.get(o)?.length).map(owners.get)
    },
    /** When the latest complete read of a connector ended. */
    lastComplete(connector: string): Date | undefined {
      const complete = connectors.get(connector)?.complete
      return complete === undefined ? undefined : new Date(complete)
    },

    /** A read of all devices of a connector begins. */
    begin: syncs.begin,
    /** Devices were read on their own; statistics that one does not carry stay as they are. */
    put: (...devices: Device[]): Promise<void> =>
      journal.inTurn(async () => {
        for (const some of portions(devices)) await journal.write({ devices: some })
        syncs.touch(devices)
      }),
    putOwner: (...people: Owner[]): Promise<void> =>
      journal.inTurn(async () => {
        for (const some of portions(people)) await journal.write({ owners: some })
        syncs.touchOwners(people)
      }),
    /** Exchange no longer has these devices. */
    remove: (...keys: DeviceKey[]): Promise<void> =>
      journal.inTurn(async () => {
        for (const some of portions(keys)) await journal.write({ goneDevices: some })
        syncs.touch(keys)
      }),
    /** Forgets all of a connector, which nobody is told as a change: in Exchange everything is as it was. */
    removeConnector: (name: string): Promise<void> =>
      journal.inTurn(async () => {
        syncs.stop(name)
        await putConnector({ name, gone: true, removed: segments.last() })
        memory.removeConnector(name)
        await journal.tidy()
      }),

    /**
     * Notices what came with time or with other settings: devices that are stale or below a minimum now. To be called at
     * the start, every day and after `limits` have changed; also hands over changes that could not be before.
     */
    async review(): Promise<void> {
      await inactive.refreshInPieces()
      const isBelow = belowMinimum()
      const isTold = (n: number) => {
        const told = memory.toldOf(n)
        return told.includes('stale') === has(inactive.bits(), n) && told.includes('osBelowMinimum') === isBelow(n)
      }
      for (const some of portions([...members(fleet.live)])) {
        const review = some.filter((n) => !isTold(n)).map(keyOf)
        if (review.length > 0) await journal.inTurn(() => journal.write({ review }))
        await setImmediate()
      }
      journal.tell()
    },

    /** Other `limits` hold, which another process reviews. */
    reconsider: (): Promise<void> => inactive.refreshInPieces(),

    /** Resolves when everything that was asked so far is durable and what was noticed is handed over. */
    settled: journal.settled,
  }
}
