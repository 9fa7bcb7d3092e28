import { members } from './bits.ts'
import { type Told, toldKinds } from './changes.ts'
import { numbers } from './columns.ts'
import type { Owner } from './device.ts'
import type { Fleet } from './fleet.ts'
import {
  type Gone,
  rowsOfSegment,
  type Segment,
  type StoredDevice,
  type StoredSegment,
  sizeOf,
  withTold,
} from './segments.ts'
import { type Field, noField, valueAt } from './table.ts'
import type { Terms } from './terms.ts'

interface Parts {
  readonly fleet: Fleet
  readonly terms: Terms
  /** Rows of this connector in segments up to this one are not there any more. */
  readonly removedUpTo: (connector: string) => number
  /** Told of each device that has changed, come or gone since everything was loaded. */
  readonly touched: (n: number) => void
}

const smallSegment = rowsOfSegment / 2
const manySegments = 64

/** How much of a segment still counts. */
interface Size {
  readonly rows: number
  live: number
}

/** Something gone, with the segment that says so and the first one that did. */
interface Grave extends Gone {
  readonly home: number
  readonly since: number
}

export type Memory = ReturnType<typeof createMemory>

const bitsOf = (told: readonly Told[] = []) =>
  toldKinds.reduce((bits, kind, bit) => (told.includes(kind) ? bits | (1 << bit) : bits), 0)

const graveOf = (of: Gone['of'], connector: string, key: string) => `${of} ${key} ${connector}`

/**
 * The fleet as the stored segments say, and how much of each segment still counts. Segments may be applied in any order,
 * and more than once: of each row the one in the newest segment stays.
 */
export function createMemory({ fleet, terms, removedUpTo, touched }: Parts) {
  const { owners } = fleet
  const sizes = new Map<number, Size>()
  const graves = new Map<string, Grave>()
  const homes = { device: numbers(), owner: numbers() }
  const told = numbers((length) => new Uint8Array(length))
  const places = { device: fleet, owner: owners }
  let isLoaded = false

  /** Does something that changes these devices and owners, in lists that may grow by it, and says so once all is loaded. */
  function changing(devices: number[], people: number[], change: () => void): void {
    if (!isLoaded) {
      change()
      return
    }
    terms.changing(devices, people, change)
    devices.forEach(touched)
  }

  function putDevice(device: StoredDevice, known: number | undefined): number {
    const owner = owners.find(device.connector, device.mailbox)
    const devices = known === undefined ? [] : [known]
    const before = devices.map(fleet.ownerOf)
    const people = before[0] === owner ? [] : before
    let n = 0
    changing(devices, people, () => {
      n = fleet.put(device, known)
      devices[0] = n
      if (owner === undefined) people.push(fleet.ownerOf(n))
    })
    return n
  }

  function removeDevice(n: number): void {
    changing([n], [fleet.ownerOf(n)], () => fleet.remove(n))
    homes.device.set(n, 0)
  }

  function devicesOf(o: number): number[] {
    const devices: number[] = []
    fleet.eachOf(o, (n) => devices.push(n))
    return devices
  }

  function putOwner(owner: Owner, known: number | undefined): number {
    const people = known === undefined ? [] : [known]
    let o = 0
    changing(people.flatMap(devicesOf), people, () => {
      o = owners.put(owner, known)
      people[0] = o
    })
    return o
  }

  function removeOwner(o: number): void {
    changing(devicesOf(o), [o], () => fleet.removeOwner(o))
    homes.owner.set(o, 0)
  }

  /** Whether a row of this segment is the newest; the one that was so far does not count any more. */
  function supersedes(number: number, of: Gone['of'], connector: string, key: string, n: number | undefined): boolean {
    const grave = graves.size === 0 ? undefined : graves.get(graveOf(of, connector, key))
    const home = Math.max(n === undefined ? 0 : homes[of].get(n), grave?.home ?? 0)
    if (home >= number || removedUpTo(connector) >= number) return false
    const before = sizes.get(home)
    if (before !== undefined) before.live -= 1
    const here = sizes.get(number)
    if (here !== undefined) here.live += 1
    if (grave !== undefined) graves.delete(graveOf(of, connector, key))
    return true
  }

  /** The number of a row, which `put` says when the row counts; otherwise 0. */
  function settle(number: number, of: Gone['of'], connector: string, key: string, put: (known?: number) => number) {
    const known = places[of].find(connector, key)
    if (!supersedes(number, of, connector, key, known)) return 0
    const n = put(known)
    homes[of].set(n, number)
    return n
  }

  /** The numbers of the rows of a table with these keys; 0 for those that do not count. */
  function settleAll(
    number: number,
    of: Gone['of'],
    connectors: Field<string> = noField,
    keys: Field<string> = noField,
  ) {
    const ns = new Uint32Array(keys.at.length)
    for (let row = 0; row < ns.length; row++) {
      const [connector, key] = [valueAt(connectors, row) ?? '', valueAt(keys, row) ?? '']
      ns[row] = settle(number, of, connector, key, (known = places[of].take(connector, key)) => known)
    }
    return ns
  }

  function bury(number: number, gone: readonly Gone[]): void {
    for (const one of gone) {
      const { of, connector, key, since = number } = one
      const n = places[of].find(connector, key)
      if (!supersedes(number, of, connector, key, n)) continue
      if (n !== undefined) (of === 'device' ? removeDevice : removeOwner)(n)
      graves.set(graveOf(of, connector, key), { of, connector, key, home: number, since })
    }
  }

  return {
    /** What was told of a device. */
    toldOf,

    /** Takes in a stored segment, field by field, before everything is loaded. */
    load(number: number, segment: StoredSegment): void {
      if (sizes.has(number)) return
      const { devices, statistics, owners: people, gone } = segment
      sizes.set(number, { rows: sizeOf(segment), live: 0 })
      owners.fill(settleAll(number, 'owner', people.connector, people.mailbox), people)
      const ns = settleAll(number, 'device', devices.connector, devices.guid)
      fleet.fill(ns, devices, statistics)
      told.fill(ns, devices.told, bitsOf)
      bury(number, gone)
    },

    /** Takes in a segment, row by row, after everything is loaded. */
    apply(number: number, { devices, owners: people, gone }: Segment): void {
      if (sizes.has(number)) return
      sizes.set(number, { rows: devices.length + people.length + gone.length, live: 0 })
      for (const owner of people)
        settle(number, 'owner', owner.connector, owner.mailbox, (known) => putOwner(owner, known))
      for (const device of devices)
        settle(number, 'device', device.connector, device.guid, (known) => {
          const n = putDevice(device, known)
          told.set(n, bitsOf(device.told))
          return n
        })
      bury(number, gone)
    },

    /** Everything is applied: from now on, what devices are found by is kept up with each change. */
    loaded(): void {
      isLoaded = true
      terms.fill()
    },

    /** Takes out all of a connector that lies in segments up to this one. */
    removeConnector(connector: string, upTo = Number.POSITIVE_INFINITY): void {
      const drop = (of: Gone['of'], n: number, remove: (n: number) => void) => {
        if (homes[of].get(n) > upTo) return
        const size = sizes.get(homes[of].get(n))
        if (size !== undefined) size.live -= 1
        remove(n)
      }
      for (const n of fleet.ofConnector(connector)) drop('device', n, removeDevice)
      for (const o of owners.ofConnector(connector)) drop('owner', o, removeOwner)
      for (const [id, grave] of graves) if (grave.connector === connector && grave.home <= upTo) dropGrave(id, grave)
    },

    /** Segments of which nothing counts any more. What is gone need not be said when no older segment could say otherwise. */
    dead(): number[] {
      const oldest = Math.min(...sizes.keys())
      for (const [id, grave] of graves) if (grave.since <= oldest) dropGrave(id, grave)
      return [...sizes].flatMap(([number, { live }]) => (live === 0 ? [number] : []))
    },

    forget: (number: number) => sizes.delete(number),
    has: (number: number) => sizes.has(number),
    numbers: () => [...sizes.keys()],

    /** Segments that are better written anew as one: large ones that are mostly dead, small ones when they are many. */
    wasteful(): number[] {
      const all = [...sizes].map(([number, { rows, live }]) => ({ number, rows, live }))
      const small = all.filter(({ rows }) => rows < smallSegment)
      const chosen: number[] = []
      let left = rowsOfSegment
      for (const { number, rows, live } of all) {
        const isWaste = rows < smallSegment ? small.length >= manySegments : live * 2 < rows
        if (!isWaste || live > left) continue
        left -= live
        chosen.push(number)
      }
      return chosen
    },

    /** Everything that counts in these segments. */
    rowsOf(numbers: ReadonlySet<number>): Segment {
      const inThese = (of: Gone['of']) => (n: number) => numbers.has(homes[of].get(n))
      const devices = [...members(fleet.live)].filter(inThese('device')).flatMap((n) => storedDevice(n) ?? [])
      const people = [...members(owners.live)].filter(inThese('owner')).flatMap((o) => owners.known(o) ?? [])
      const gone = [...graves.values()].flatMap(({ home, ...rest }) => (numbers.has(home) ? [rest] : []))
      return { devices, owners: people, gone, changes: [] }
    },
  }

  function toldOf(n: number): Told[] {
    return toldKinds.filter((_, bit) => (told.get(n) & (1 << bit)) !== 0)
  }

  function storedDevice(n: number): StoredDevice | undefined {
    const device = fleet.get(n)
    return device && withTold(device, toldOf(n))
  }

  function dropGrave(id: string, { home }: Grave): void {
    const size = sizes.get(home)
    if (size !== undefined) size.live -= 1
    graves.delete(id)
  }
}
