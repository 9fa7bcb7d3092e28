import type { Logger } from 'pino'
import type { Owner } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { type Exchange, type Unreadable, whereOf } from './exchange.ts'

export interface Progress {
  readonly devices: number
  /** Mailboxes that have devices: at least about as many devices are to come. */
  readonly about: number
}

export interface Discovery {
  readonly connector: string
  /** Organizational units to which the search is limited; none means everywhere. */
  readonly units: readonly string[]
  readonly exchange: Exchange
  readonly inventory: Inventory
  readonly log: Logger
  readonly signal: AbortSignal
}

export interface FullResult {
  readonly devices: number
  /** Rows that could not be read: with any of them nothing was removed. */
  readonly unreadable: number
}

/** As many rows are handed to the inventory at once. */
const pageSize = 1000

/** What to limit each read to, one after the other. */
export const unitsOf = ({ units }: Discovery): readonly (string | undefined)[] =>
  units.length > 0 ? units : [undefined]

/** Counts rows that cannot be read, and logs where they cannot. */
export function createLosses({ log }: Discovery) {
  let count = 0
  const unreadable: Unreadable = (cmdlet, error) => {
    count += 1
    if (count <= 10) log.warn({ cmdlet, where: whereOf(error) }, 'row not readable')
  }
  return { unreadable, count: () => count }
}

/**
 * Reads the whole organization: the mailboxes that have devices, who they are, and all devices. Writes nothing to Exchange.
 * What Exchange no longer has is removed only when the read was complete, and not when there were rows that cannot be read.
 */
export async function fullSync(discovery: Discovery, progress: (progress: Progress) => void): Promise<FullResult> {
  const { connector, exchange, inventory, signal } = discovery
  const losses = createLosses(discovery)
  const sync = inventory.begin(connector)
  try {
    const { owners, mailboxOf } = await readOwners(discovery, losses.unreadable)
    for await (const page of pages(owners.values())) await sync.owners(page)
    let devices = 0
    for (const unit of unitsOf(discovery))
      for await (const page of pages(exchange.devices({ unit }, signal, losses.unreadable))) {
        await sync.devices(
          page.map(({ device, mailboxIdentity }) =>
            Object.assign(device, { connector, mailbox: mailboxOf(mailboxIdentity) }),
          ),
        )
        devices += page.length
        progress({ devices, about: Math.max(devices, owners.size) })
      }
    signal.throwIfAborted()
    if (losses.count() === 0) await sync.complete()
    else await sync.abandon()
    return { devices, unreadable: losses.count() }
  } catch (error) {
    await sync.abandon()
    throw error
  }
}

/** Mailboxes with devices, by Guid: what they may connect with comes from one cmdlet, who they are from another. */
async function readOwners(discovery: Discovery, unreadable: Unreadable) {
  const { connector, exchange, signal } = discovery
  const owners = new Map<string, Owner>()
  const mailboxes = new Map<string, string>()
  const named = (identity: string, { mailbox, name }: Owner) => {
    mailboxes.set(identity.toLowerCase(), mailbox)
    if (name !== identity && !mailboxes.has(name.toLowerCase())) mailboxes.set(name.toLowerCase(), mailbox)
  }
  for (const unit of unitsOf(discovery)) {
    for await (const { identity, owner } of exchange.accessOfAll(unit, signal, unreadable)) {
      const found = { ...owner, connector }
      owners.set(owner.mailbox, found)
      named(identity, found)
    }
    for await (const { identity, owner } of exchange.mailboxes(unit, signal, unreadable)) {
      const known = owners.get(owner.mailbox)
      if (known === undefined) continue
      owners.set(owner.mailbox, { ...known, ...owner })
      named(identity, known)
    }
  }
  let others: ReadonlyMap<string, string> | undefined
  const mailboxOf = (identity: string) => {
    const name = identity.toLowerCase()
    const known = mailboxes.get(name)
    if (known !== undefined) return known
    others ??= otherNames(owners.values())
    return others.get(name) ?? identity
  }
  return { owners, mailboxOf }
}

/** A device may also name its mailbox by one of its addresses or its Guid, which is rare and so looked up when it is. */
function otherNames(owners: Iterable<Owner>): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { mailbox, mail, upn } of owners)
    for (const name of [mailbox, upn, mail]) if (name !== undefined) names.set(name.toLowerCase(), mailbox)
  return names
}

/** Rows in groups, as they arrive. */
export async function* pages<T>(rows: Iterable<T> | AsyncIterable<T>, size = pageSize): AsyncIterable<T[]> {
  let page: T[] = []
  for await (const row of rows) {
    page.push(row)
    if (page.length < size) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
