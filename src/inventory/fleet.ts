import { add, createBits, drop, has } from './bits.ts'
import { type Column, flag, numbers, ownValue, record, sharedText, time } from './columns.ts'
import type { Device, Owner, Statistics, WipeTimes } from './device.ts'

export type Fleet = ReturnType<typeof createFleet>

/**
 * All devices and their owners in memory. Each has a number, from 1 up, that it keeps as long as it is there; columns hold
 * what is known of it.
 */
export function createFleet() {
  const owners = createOwners()
  const places = createPlaces()
  const live = createBits()
  let size = 0
  const ownerOf = numbers()
  /** The devices of an owner are a chain: the owner's first, and of each device the next. */
  const firstOf = numbers()
  const nextOf = numbers()

  function eachOf(o: number, visit: (n: number) => void): void {
    for (let n = firstOf.get(o); n !== 0; n = nextOf.get(n)) visit(n)
  }

  function unlink(n: number): void {
    const o = ownerOf.get(n)
    if (firstOf.get(o) === n) firstOf.set(o, nextOf.get(n))
    else
      eachOf(o, (other) => {
        if (nextOf.get(other) === n) nextOf.set(other, nextOf.get(n))
      })
    ownerOf.set(n, 0)
    if (firstOf.get(o) === 0) owners.forget(o)
  }

  /** Reads as the owner's mailbox; to set it links the device to the owner. */
  const mailbox: Column<string> = {
    get: (n) => owners.columns.mailbox.get(ownerOf.get(n)),
    same: (n, value) => mailbox.get(n) === value,
    set(n, value) {
      if (mailbox.get(n) === value) return
      if (ownerOf.get(n) !== 0) unlink(n)
      if (value === undefined) return
      const o = owners.take(columns.connector.get(n) ?? '', value)
      ownerOf.set(n, o)
      nextOf.set(n, firstOf.get(o))
      firstOf.set(o, n)
    },
  }
  const columns = {
    connector: sharedText(),
    guid: ownValue<string>(),
    deviceId: ownValue<string>(),
    mailbox,
    type: sharedText(),
    model: sharedText(),
    os: sharedText(),
    osLanguage: sharedText(),
    userAgent: sharedText(),
    friendlyName: sharedText(),
    imei: ownValue<string>(),
    phone: ownValue<string>(),
    operator: sharedText(),
    clientType: sharedText(),
    clientVersion: sharedText(),
    state: sharedText(),
    reason: sharedText(),
    rule: sharedText(),
    firstSync: time(),
    changed: time(),
  }
  const facts = record<Omit<Device, 'statistics'>>(columns, [
    'connector',
    'guid',
    'deviceId',
    'mailbox',
    'type',
    'state',
  ])
  const read = time()
  const lastSync = time()
  const wipe = { requested: time(), sent: time(), acknowledged: time(), requestor: sharedText() }
  const accountWipe = { requested: time(), sent: time(), acknowledged: time(), requestor: sharedText() }
  const statistics = record<Statistics>(
    {
      read,
      lastSync,
      lastAttempt: time(),
      policy: sharedText(),
      policyStatus: sharedText(),
      policyUpdated: time(),
      status: sharedText(),
      statusNote: sharedText(),
      remoteWipe: flag(),
      wipe: record<WipeTimes>(wipe, []),
      accountWipe: record<WipeTimes>(accountWipe, []),
    },
    ['read'],
  )

  function get(n: number): Device | undefined {
    const device: Device | undefined = facts.get(n)
    const known = statistics.get(n)
    if (device !== undefined && known !== undefined) device.statistics = known
    return device
  }

  return {
    owners,
    columns: { ...columns, read, lastSync, wipe, accountWipe },
    /** The numbers of all devices. */
    live,
    size: () => size,
    find: places.find,
    ofConnector: places.all,
    ownerOf: ownerOf.get,
    hasDevices: (o: number) => firstOf.get(o) !== 0,
    /** Visits the devices of an owner. */
    eachOf,
    get,
    /** Whether a device is known just so; statistics that it does not carry are no difference. */
    same: (n: number, device: Device) =>
      facts.same(n, device) && (device.statistics === undefined || statistics.same(n, device.statistics)),
    put(device: Device): number {
      const n = places.take(device.connector, device.guid)
      facts.set(n, device)
      statistics.set(n, device.statistics)
      if (!has(live, n)) size += 1
      add(live, n)
      return n
    },
    remove(n: number): void {
      if (has(live, n)) size -= 1
      places.release(columns.connector.get(n) ?? '', columns.guid.get(n) ?? '')
      facts.set(n, undefined)
      statistics.set(n, undefined)
      drop(live, n)
    },
    /** Leaves the mailbox of an owner who has devices. */
    removeOwner(o: number): void {
      owners.strip(o)
      if (firstOf.get(o) === 0) owners.forget(o)
    },
  }
}

/** The owners; one of whom nothing but the mailbox is known has a number as soon as there is a device. */
function createOwners() {
  const places = createPlaces()
  const live = createBits()
  const texts = (a: readonly string[], b: readonly string[]) =>
    a.length === b.length && a.every((id, at) => id === b[at])
  const columns = {
    connector: sharedText(),
    mailbox: ownValue<string>(),
    name: ownValue<string>(),
    displayName: ownValue<string>(),
    alias: ownValue<string>(),
    upn: ownValue<string>(),
    mail: ownValue<string>(),
    entraId: ownValue<string>(),
    kind: sharedText(),
    accountDisabled: flag(),
    distinguishedName: ownValue<string>(),
    activeSync: flag(),
    outlookMobile: flag(),
    policy: sharedText(),
    allowed: ownValue<string[]>(texts),
    blocked: ownValue<string[]>(texts),
  }
  const rows = record<Owner>(columns, ['connector', 'mailbox', 'name', 'displayName'])

  function take(connector: string, mailbox: string): number {
    const o = places.take(connector, mailbox)
    columns.connector.set(o, connector)
    columns.mailbox.set(o, mailbox)
    add(live, o)
    return o
  }

  /** Gives the number free, unless more than the mailbox is known. */
  function forget(o: number): void {
    if (columns.name.get(o) !== undefined) return
    places.release(columns.connector.get(o) ?? '', columns.mailbox.get(o) ?? '')
    rows.set(o, undefined)
    drop(live, o)
  }

  /** The owner of a mailbox; where nothing was read of it, it stands for everything. */
  const of = (connector: string, mailbox: string): Owner =>
    rows.get(places.find(connector, mailbox) ?? 0) ?? { connector, mailbox, name: mailbox, displayName: mailbox }

  return {
    columns,
    live,
    find: places.find,
    ofConnector: places.all,
    take,
    forget,
    of,
    /** What was read of the owner, if anything was. */
    known: rows.get,
    get: (o: number): Owner => of(columns.connector.get(o) ?? '', columns.mailbox.get(o) ?? ''),
    same: rows.same,
    /** Leaves nothing but the mailbox. */
    strip(o: number): void {
      const connector = columns.connector.get(o)
      const mailbox = columns.mailbox.get(o)
      rows.set(o, undefined)
      columns.connector.set(o, connector)
      columns.mailbox.set(o, mailbox)
    },
    put(owner: Owner): number {
      const o = take(owner.connector, owner.mailbox)
      rows.set(o, owner)
      return o
    },
  }
}

/** Gives each key of a connector a number, and those of keys that are gone to the next. */
function createPlaces() {
  const connectors = new Map<string, Map<string, number>>()
  const free: number[] = []
  let last = 0
  return {
    find: (connector: string, key: string) => connectors.get(connector)?.get(key),
    all: (connector: string): Iterable<number> => connectors.get(connector)?.values() ?? [],
    take(connector: string, key: string): number {
      const keys = connectors.get(connector) ?? new Map<string, number>()
      connectors.set(connector, keys)
      const n = keys.get(key) ?? free.pop() ?? ++last
      keys.set(key, n)
      return n
    },
    release(connector: string, key: string): void {
      const n = connectors.get(connector)?.get(key)
      if (n === undefined) return
      connectors.get(connector)?.delete(key)
      free.push(n)
    },
  }
}
