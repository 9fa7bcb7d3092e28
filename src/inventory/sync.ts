import { setImmediate } from 'node:timers/promises'
import { numbers } from './columns.ts'
import type { Device, DeviceKey, Owner } from './device.ts'
import type { Fleet } from './fleet.ts'
import { type Journal, portions } from './journal.ts'

/** A read of a whole organization, in pages. */
export interface Sync {
  devices(page: readonly Device[]): Promise<void>
  owners(page: readonly Owner[]): Promise<void>
  /** All was read: what was in no page is gone. Resolves to how many rows were different, and how many devices are gone. */
  complete(): Promise<{ written: number; gone: number }>
  /** The read ended early: nothing is gone. */
  abandon(): Promise<void>
}

interface Parts {
  readonly fleet: Fleet
  readonly journal: Journal
  /** Called before anything of a read is written. */
  readonly beginning: (connector: string) => Promise<void>
  readonly completed: (connector: string) => Promise<void>
}

const ownerKey = ({ connector, mailbox }: Owner) => `${mailbox} ${connector}`
const keyOf = ({ connector, guid }: DeviceKey) => `${guid} ${connector}`

/** Tells what is gone by what was not seen since a read began. */
export function createSyncs({ fleet, journal, beginning, completed }: Parts) {
  const { owners } = fleet
  /** Counts what happens, so that before and after can be told. */
  let clock = 0
  const seen = numbers()
  const seenOwner = numbers()
  const running = new Map<Sync, string>()
  /** Devices that were read or removed singly while a sync runs: a page may have been read before. */
  const touched = new Map<string, number>()
  /** Owners likewise: those of a sync are all read before the first page of them comes. */
  const touchedOwners = new Map<string, number>()

  function seeDevices(devices: readonly DeviceKey[]): void {
    for (const { connector, guid } of devices) {
      const n = fleet.find(connector, guid)
      if (n !== undefined) seen.set(n, clock)
    }
  }

  function seeOwners(people: readonly Owner[]): void {
    for (const { connector, mailbox } of people) {
      const o = owners.find(connector, mailbox)
      if (o !== undefined) seenOwner.set(o, clock)
    }
  }

  function end(sync: Sync): void {
    running.delete(sync)
    if (running.size > 0) return
    touched.clear()
    touchedOwners.clear()
  }

  return {
    /** These were read on their own just now. */
    touchOwners(people: readonly Owner[]): void {
      clock += 1
      seeOwners(people)
      if (running.size > 0) for (const owner of people) touchedOwners.set(ownerKey(owner), clock)
    },

    /** These were read or removed on their own just now. */
    touch(devices: readonly DeviceKey[]): void {
      clock += 1
      seeDevices(devices)
      if (running.size > 0) for (const device of devices) touched.set(keyOf(device), clock)
    },

    begin(connector: string): Sync {
      clock += 1
      const began = clock
      let written = 0
      let isFirst = true
      /** When the last pages came: what a page says is older than the page before it, as one is read ahead. */
      let [pageBefore, lastPage] = [began, began]

      /** Does something in its turn, unless the read does not count any more. */
      const inTurn = <T>(otherwise: T, job: () => Promise<T>): Promise<T> =>
        journal.inTurn(async () => {
          if (!running.has(sync)) return otherwise
          if (isFirst) await beginning(connector)
          isFirst = false
          return job()
        })

      const sync: Sync = {
        devices: (page) =>
          inTurn(undefined, async () => {
            clock += 1
            const isOld = (device: Device) => touched.size > 0 && (touched.get(keyOf(device)) ?? 0) > pageBefore
            const different = page.filter((device) => {
              const n = fleet.find(device.connector, device.guid)
              if (n !== undefined) seen.set(n, clock)
              return !(n !== undefined && fleet.same(n, device)) && !isOld(device)
            })
            pageBefore = lastPage
            lastPage = clock
            for (const devices of portions(different)) written += await journal.write({ devices })
            seeDevices(different)
            await setImmediate()
          }),

        owners: (page) =>
          inTurn(undefined, async () => {
            const different = page.filter((owner) => {
              const o = owners.find(owner.connector, owner.mailbox)
              if (o !== undefined) seenOwner.set(o, clock)
              const isOld = touchedOwners.size > 0 && (touchedOwners.get(ownerKey(owner)) ?? 0) >= began
              return !isOld && (o === undefined || !owners.same(o, owner))
            })
            for (const people of portions(different)) written += await journal.write({ owners: people })
            seeOwners(different)
            await setImmediate()
          }),

        complete: () =>
          inTurn({ written: 0, gone: 0 }, async () => {
            const unseen = fleet.ofConnector(connector).filter((n) => seen.get(n) < began)
            const goneDevices = unseen.flatMap((n) => {
              const guid = fleet.columns.guid.get(n)
              return guid === undefined ? [] : [{ connector, guid }]
            })
            for (const gone of portions(goneDevices)) await journal.write({ goneDevices: gone })
            const goneOwners = owners.ofConnector(connector).flatMap((o) => {
              const mailbox = owners.columns.mailbox.get(o)
              const stays = seenOwner.get(o) >= began || fleet.hasDevices(o) || mailbox === undefined
              return stays ? [] : [{ connector, mailbox }]
            })
            for (const gone of portions(goneOwners)) await journal.write({ goneOwners: gone })
            await completed(connector)
            end(sync)
            return { written, gone: goneDevices.length }
          }),

        async abandon() {
          end(sync)
        },
      }
      running.set(sync, connector)
      return sync
    },

    /** What is read of this connector from now on by syncs that run does not count. */
    stop(connector: string): void {
      for (const [sync, of] of running) if (of === connector) end(sync)
    },
  }
}
