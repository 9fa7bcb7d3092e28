import { add, type Bits, createBits, drop, each } from './bits.ts'
import {
  type Column,
  fillEach,
  flag,
  numbers,
  ownValue,
  rareValue,
  record,
  type SharedText,
  sharedText,
  time,
} from './columns.ts'
import type { Device, DeviceKey, Owner, Statistics, WipeTimes } from './device.ts'
import { createPlaces } from './places.ts'
import type { Table } from './table.ts'

export type Fleet = ReturnType<typeof createFleet>

/** What is known of a device without opening its mailbox. */
type Facts = Omit<Device, 'statistics'>

/**
 * All devices and their owners in memory. Each has a number, from 1 up, that it keeps as long as it is there; columns hold
 * what is known of it.
 */
export function createFleet() {
  const owners = createOwners()
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
    fill: fillEach((n, value) => mailbox.set(n, value)),
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
  const places = createPlaces(columns.connector, columns.guid)
  const facts = record<Facts>(columns, ['connector', 'guid', 'deviceId', 'mailbox', 'type', 'state'])
  const { connector: _, guid: _guid, ...beyondKey } = columns
  const factsBeyondKey = record<Omit<Device, 'statistics' | keyof DeviceKey>>(beyondKey, [])
  const read = time()
  const lastSync = time()
  const policyStatus = sharedText()
  const wipe = { requested: time(), sent: time(), acknowledged: time(), requestor: sharedText() }
  const accountWipe = { requested: time(), sent: time(), acknowledged: time(), requestor: sharedText() }
  const statistics = record<Statistics>(
    {
      read,
      lastSync,
      lastAttempt: time(),
      policy: sharedText(),
      policyStatus,
      policyUpdated: time(),
      status: sharedText(),
      statusNote: sharedText(),
      remoteWipe: flag(),
      wipe: record<WipeTimes>(wipe, []),
      accountWipe: record<WipeTimes>(accountWipe, []),
    },
    ['read'],
  )

  /** Gives a number to a device that is not there; nothing but its key is known of it then. */
  function take(connector: string, guid: string): number {
    const n = places.take(guid)
    columns.connector.set(n, connector)
    columns.guid.set(n, guid)
    add(live, n)
    size += 1
    return n
  }

  function get(n: number): Device | undefined {
    const device: Device | undefined = facts.get(n)
    const known = statistics.get(n)
    if (device !== undefined && known !== undefined) device.statistics = known
    return device
  }

  return {
    owners,
    columns: { ...columns, read, lastSync, policyStatus, wipe, accountWipe },
    /** The numbers of all devices. */
    live,
    size: () => size,
    highest: places.highest,
    find: places.find,
    ofConnector: (connector: string) => having(columns.connector, connector, live),
    ownerOf: ownerOf.get,
    hasDevices: (o: number) => firstOf.get(o) !== 0,
    /** Visits the devices of an owner. */
    eachOf,
    get,
    /** Whether a device is known just so; statistics that it does not carry are no difference. */
    same: (n: number, device: Device) =>
      factsBeyondKey.same(n, device) && (device.statistics === undefined || statistics.same(n, device.statistics)),
    take,
    /** Adds a device, or changes the one that has this number. */
    put(device: Device, known = take(device.connector, device.guid)): number {
      facts.set(known, device)
      statistics.set(known, device.statistics)
      return known
    },
    /** Changes the devices with these numbers to what the tables say; a row with number 0 is left out. */
    fill(ns: Uint32Array, devices: Table<Facts>, known: Table<Statistics>): void {
      facts.fillAll(ns, devices)
      statistics.fillAll(ns, known)
    },
    remove(n: number): void {
      size -= 1
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
    allowed: rareValue<string[]>(texts),
    blocked: rareValue<string[]>(texts),
  }
  const places = createPlaces(columns.connector, columns.mailbox)
  const rows = record<Owner>(columns, ['connector', 'mailbox', 'name', 'displayName'])
  const { connector: _, mailbox: _mailbox, ...beyondKey } = columns

  function take(connector: string, mailbox: string): number {
    const known = places.find(connector, mailbox)
    if (known !== undefined) return known
    const o = places.take(mailbox)
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

  /** Keeps equal names and equal addresses of an owner once: most have two or three of the same. */
  function share(o: number): void {
    const [name, upn] = [columns.name.get(o), columns.upn.get(o)]
    if (columns.alias.same(o, name)) columns.alias.set(o, name)
    if (columns.mail.same(o, upn)) columns.mail.set(o, upn)
  }

  /** The owner of a mailbox; where nothing was read of it, it stands for everything. */
  const of = (connector: string, mailbox: string): Owner =>
    rows.get(places.find(connector, mailbox) ?? 0) ?? { connector, mailbox, name: mailbox, displayName: mailbox }

  return {
    columns,
    live,
    highest: places.highest,
    find: places.find,
    ofConnector: (connector: string) => having(columns.connector, connector, live),
    take,
    forget,
    of,
    /** What was read of the owner, if anything was. */
    known: rows.get,
    get: (o: number): Owner => of(columns.connector.get(o) ?? '', columns.mailbox.get(o) ?? ''),
    same: record<Omit<Owner, 'connector' | 'mailbox'>>(beyondKey, []).same,
    /** Leaves nothing but the mailbox. */
    strip(o: number): void {
      const connector = columns.connector.get(o)
      const mailbox = columns.mailbox.get(o)
      rows.set(o, undefined)
      columns.connector.set(o, connector)
      columns.mailbox.set(o, mailbox)
    },
    /** Adds an owner, or changes the one that has this number. */
    put(owner: Owner, known = take(owner.connector, owner.mailbox)): number {
      rows.set(known, owner)
      share(known)
      return known
    },
    /** Changes the owners with these numbers to what the table says; a row with number 0 is left out. */
    fill(ns: Uint32Array, people: Table<Owner>): void {
      rows.fillAll(ns, people)
      for (const o of ns) share(o)
    },
  }
}

/** Those of these rows that have just this text. */
function having({ texts, code }: SharedText, text: string, rows: Bits): number[] {
  const wanted = texts.indexOf(text)
  const found: number[] = []
  each(rows, (n) => {
    if (code(n) === wanted) found.push(n)
  })
  return found
}
