import { changesOf, changesOfGone } from './changes.ts'
import type { Device, DeviceKey, Owner } from './device.ts'
import type { Fleet } from './fleet.ts'
import type { Limits } from './inactive.ts'
import type { Memory } from './memory.ts'
import { type Segment, withTold } from './segments.ts'
import { fold } from './words.ts'

/** What is to become of the fleet; at most as many rows as fit into one segment. */
export interface Wish {
  readonly owners?: readonly Owner[]
  readonly devices?: readonly Device[]
  /** Devices of which something may be true today that was not when they were written. */
  readonly review?: readonly DeviceKey[]
  readonly goneDevices?: readonly DeviceKey[]
  readonly goneOwners?: readonly Pick<Owner, 'connector' | 'mailbox'>[]
}

interface Parts {
  readonly fleet: Fleet
  readonly memory: Memory
  readonly now: () => Date
  /** What the connector's settings say. */
  readonly limits: (connector: string) => Limits
  /** The end of the first complete read of a connector. */
  readonly since: (connector: string) => string | undefined
  readonly withDeviceId: (id: string) => readonly Device[]
}

/** Finds out what a wish comes to: rows that are different from what is known, and what that means to people. */
export function createDraft({ fleet, memory, now, limits, since, withDeviceId }: Parts) {
  const { owners } = fleet

  /** Of rows with the same key the last one counts. */
  const unique = <T>(rows: readonly T[], keyOf: (row: T) => string) =>
    new Map(rows.map((row) => [keyOf(row), row])).values()

  function known({ connector, guid }: DeviceKey) {
    const n = fleet.find(connector, guid)
    const device = n === undefined ? undefined : fleet.get(n)
    return n === undefined || device === undefined ? undefined : { device, told: memory.toldOf(n) }
  }

  return ({ owners: people = [], devices = [], review = [], goneDevices = [], goneOwners = [] }: Wish): Segment => {
    const segment: Segment = { owners: [], devices: [], gone: [], changes: [] }
    for (const owner of unique(people, ({ connector, mailbox }) => `${mailbox} ${connector}`)) {
      const o = owners.find(owner.connector, owner.mailbox)
      if (o === undefined || !owners.same(o, owner)) segment.owners.push(owner)
    }

    const circumstances = ({ connector, mailbox }: Device) => ({
      owner: owners.of(connector, mailbox),
      now: now(),
      limits: limits(connector),
      since: since(connector),
    })
    /** Devices that are new in this very wish, by device id. */
    const fresh = new Map<string, Device[]>()
    function othersOf(device: Device): Device[] {
      const id = fold(device.deviceId)
      const before = fresh.get(id) ?? []
      fresh.set(id, [...before, device])
      return [...withDeviceId(id), ...before].filter(
        ({ connector, mailbox }) => connector !== device.connector || mailbox !== device.mailbox,
      )
    }

    for (const device of unique(devices, ({ connector, guid }) => `${guid} ${connector}`)) {
      const n = fleet.find(device.connector, device.guid)
      if (n !== undefined && fleet.same(n, device)) continue
      const before = known(device)
      const now = { ...device, statistics: device.statistics ?? before?.device.statistics }
      const isNews = before === undefined && since(device.connector) !== undefined
      const { changes, told } = changesOf(before?.device, now, {
        ...circumstances(now),
        told: before?.told ?? [],
        others: isNews ? othersOf(now) : [],
      })
      segment.devices.push(withTold(now, told))
      segment.changes.push(...changes)
    }
    for (const key of review) {
      const before = known(key)
      if (before === undefined) continue
      const { device } = before
      const { changes, told } = changesOf(device, device, { ...circumstances(device), told: before.told, others: [] })
      if (told.join() === before.told.join()) continue
      segment.devices.push(withTold(device, told))
      segment.changes.push(...changes)
    }
    for (const key of goneDevices) {
      const before = known(key)
      if (before === undefined) continue
      segment.gone.push({ of: 'device', connector: key.connector, key: key.guid })
      segment.changes.push(...changesOfGone(before.device, circumstances(before.device)))
    }
    for (const { connector, mailbox } of goneOwners) segment.gone.push({ of: 'owner', connector, key: mailbox })
    return segment
  }
}
