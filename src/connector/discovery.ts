import type { Device, Owner } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { SeenAccess, SeenMailbox } from './cmdlets/mailboxes.ts'
import type { Exchange } from './exchange.ts'

export interface Progress {
  readonly devices: number
  /** Mailboxes that have devices: at least about as many devices are to come. */
  readonly about: number
}

export interface Discovery {
  readonly connector: string
  readonly exchange: Exchange
  readonly inventory: Inventory
  readonly signal: AbortSignal
}

/** As many rows are handed to the inventory at once. */
const pageSize = 1000

/**
 * Reads the whole organization: the mailboxes that have devices, who they are, and all devices. Writes nothing to Exchange.
 * What Exchange no longer has is removed only when the read was complete.
 */
export async function fullSync(discovery: Discovery, progress: (progress: Progress) => void): Promise<Progress> {
  const { connector, exchange, inventory, signal } = discovery
  const sync = inventory.begin(connector)
  try {
    const owners = await readOwners(discovery)
    for await (const page of pages([...owners.values()])) await sync.owners(page)
    const named = new Map([...owners.values()].map((owner) => [owner.name.toLowerCase(), owner.mailbox]))
    let devices = 0
    for await (const page of pages(exchange.devices({}, signal))) {
      await sync.devices(
        page.map(({ device, mailboxName }): Device => {
          const mailbox = named.get(mailboxName.toLowerCase()) ?? mailboxName
          return { ...device, connector, mailbox }
        }),
      )
      devices += page.length
      progress({ devices, about: Math.max(devices, owners.size) })
    }
    await sync.complete()
    return { devices, about: devices }
  } catch (error) {
    await sync.abandon()
    throw error
  }
}

/** Mailboxes with devices, by Guid: what they may connect with comes from one cmdlet, who they are from another. */
async function readOwners({ connector, exchange, signal }: Discovery): Promise<Map<string, Owner>> {
  const owners = new Map<string, Owner>()
  for await (const access of exchange.accessOfAll(signal)) owners.set(access.mailbox, ownerOf(connector, access))
  for await (const mailbox of exchange.mailboxes(signal)) {
    const known = owners.get(mailbox.mailbox)
    if (known !== undefined) owners.set(mailbox.mailbox, ownerOf(connector, known, mailbox))
  }
  return owners
}

/** What two cmdlets know of one mailbox; what only one of them says is kept. */
export const ownerOf = (connector: string, access: SeenAccess | Owner, mailbox?: SeenMailbox): Owner => ({
  ...access,
  ...mailbox,
  connector,
})

/** Rows in groups, as they arrive. */
async function* pages<T>(rows: Iterable<T> | AsyncIterable<T>): AsyncIterable<T[]> {
  let page: T[] = []
  for await (const row of rows) {
    page.push(row)
    if (page.length < pageSize) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
