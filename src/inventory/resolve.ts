import { type Bits, has } from './bits.ts'
import type { Visible } from './collections.ts'
import type { Device, DeviceKey } from './device.ts'
import type { Fleet } from './fleet.ts'
import { numbersIn } from './sorted.ts'
import type { Terms } from './terms.ts'
import { fold, wordsOf } from './words.ts'

/** Devices that a reference names, the first 25 in the order of names, and how many more there are. */
export interface Resolved {
  readonly devices: readonly Device[]
  readonly more: number
}

interface Parts {
  readonly fleet: Fleet
  readonly terms: Terms
  /** The devices of these collections, in a set of its own. */
  readonly seen: (visible: Visible) => Bits
}

const mostDevices = 25
const shortest = 8

/** Finds the devices that people mean by a name or an id. */
export function createResolve({ fleet, terms, seen }: Parts) {
  const { guid, deviceId } = fleet.columns
  const { mail, upn, displayName } = fleet.owners.columns

  /** The numbers that a walk through one of the lists comes by and that pass. */
  function collect(walk: (visit: (n: number) => void) => void, passes: (n: number) => boolean): number[] {
    const found: number[] = []
    walk((n) => {
      if (passes(n)) found.push(n)
    })
    return found
  }

  const isNow = (text: string | undefined, ref: string) => text !== undefined && fold(text) === ref
  const byGuid = (ref: string) =>
    collect(
      (visit) => terms.ids.equal(ref, visit),
      (n) => guid.get(n) === ref,
    )
  const byDeviceId = (ref: string) =>
    collect(
      (visit) => terms.ids.equal(ref, visit),
      (n) => isNow(deviceId.get(n), ref),
    )
  const byName = (ref: string) =>
    collect(
      (visit) => terms.named(ref, true, visit),
      () => true,
    )
  const byShortId = (ref: string) =>
    ref.length < shortest ? [] : [...numbersIn(terms.ids.starting(ref))].filter((n) => guid.get(n)?.startsWith(ref))

  function byPerson(ref: string): number[] {
    const [word = ''] = wordsOf(ref)
    const people = collect(
      (visit) => terms.people.equal(word, visit),
      (o) => [mail, upn, displayName].some((column) => isNow(column.get(o), ref)),
    )
    return people.flatMap((o) =>
      collect(
        (visit) => fleet.eachOf(o, visit),
        () => true,
      ),
    )
  }

  return {
    /**
     * The devices that a Guid, short id, name or device id names; if none, those of the person of an address or display name.
     * A phone chooses its device id itself, so one that is what Exchange gave to another device does not stand in for it.
     */
    resolve(typed: string, visible: Visible): Resolved {
      const ref = fold(typed).trim()
      const sees = seen(visible)
      for (const find of [byGuid, byShortId, byName, byDeviceId, byPerson]) {
        const found = find(ref).filter((n) => has(sees, n))
        if (found.length === 0) continue
        const devices = terms.sorted(found).slice(0, mostDevices).map(fleet.get)
        return {
          devices: devices.filter((device) => device !== undefined),
          more: Math.max(0, found.length - mostDevices),
        }
      }
      return { devices: [], more: 0 }
    },

    /** The first eight characters of the Guid, or as many more as tell it from every other device of the site. */
    shortId({ guid: own }: DeviceKey): string {
      let length = shortest
      for (const { ns, from, to } of terms.ids.starting(own.slice(0, shortest)))
        for (let at = from; at < to; at++) {
          const other = guid.get(ns[at] ?? 0) ?? ''
          if (other === own) continue
          let same = 0
          while (same < own.length && other[same] === own[same]) same += 1
          length = Math.max(length, same + 1)
        }
      return own.slice(0, length)
    },

    /** All partnerships of a phone: one for each mailbox that it was set up with. */
    withDeviceId: (id: string): Device[] =>
      byDeviceId(fold(id))
        .map(fleet.get)
        .filter((device) => device !== undefined),
  }
}
