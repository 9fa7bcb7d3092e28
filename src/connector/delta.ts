import type { Device } from '../inventory/device.ts'
import type { SeenDevice } from './cmdlets/devices.ts'
import { createLosses, type Discovery, pages, unitsOf } from './discovery.ts'
import { isNotFound } from './transport.ts'

export interface DeltaResult {
  /** Devices that are new or quarantined. */
  readonly found: number
  /** Devices that are no longer quarantined, or gone. */
  readonly released: number
  readonly unreadable: number
}

/** As many single reads are under way at once: five batches of ten. */
const atOnce = 50

/** Clocks differ, the directory takes its time, and a server may read a time as one of its own zone. */
const overlap = 24 * 60 * 60_000

/**
 * Finds what cannot wait for the next full read: devices that are new since then, that are quarantined, and that were and
 * are not any more. Exchange filters; other changes are found by a full read only.
 */
export async function deltaSync(discovery: Discovery, since: Date): Promise<DeltaResult> {
  const { connector, exchange, inventory, signal } = discovery
  const losses = createLosses(discovery)
  const seen = new Map<string, SeenDevice>()
  for (const filter of [
    `FirstSyncTime -gt '${new Date(since.getTime() - overlap).toISOString()}'`,
    "DeviceAccessState -eq 'Quarantined'",
  ])
    for (const unit of unitsOf(discovery))
      for await (const one of exchange.devices({ filter, unit }, signal, losses.unreadable))
        seen.set(one.device.guid, one)

  const left = inventory.inState(connector, 'Quarantined').filter(({ guid }) => !seen.has(guid))
  for await (const page of pages(seen.values())) await inventory.put(...(await withMailboxes(page, discovery)))
  for await (const some of pages(left, atOnce)) await Promise.all(some.map((device) => readAgain(device, discovery)))
  return { found: seen.size, released: left.length, unreadable: losses.count() }
}

/** Devices with their mailboxes, which are read for devices that are new. */
async function withMailboxes(page: readonly SeenDevice[], discovery: Discovery): Promise<Device[]> {
  const { connector, inventory } = discovery
  const known = ({ guid }: SeenDevice['device']) => inventory.mailboxOf({ connector, guid })
  const identities = new Set(page.flatMap((seen) => (known(seen.device) === undefined ? seen.mailboxIdentity : [])))
  const mailboxes = new Map<string, string>()
  for await (const some of pages(identities, atOnce)) {
    const owners = await Promise.all(some.map((identity) => readOwner(identity, discovery)))
    for (const [at, identity] of some.entries()) mailboxes.set(identity, owners[at]?.mailbox ?? identity)
    await inventory.putOwner(...owners.filter((owner) => owner !== undefined))
  }
  return page.map(({ device, mailboxIdentity }) => ({
    ...device,
    connector,
    mailbox: known(device) ?? mailboxes.get(mailboxIdentity) ?? mailboxIdentity,
  }))
}

/** A mailbox and, where that is not known yet, who it is; nothing when it is gone again. */
async function readOwner(identity: string, { connector, exchange, inventory, signal }: Discovery) {
  try {
    const { owner } = await exchange.access(identity, signal)
    const known = inventory.owner({ connector, mailbox: owner.mailbox })
    const who = known.kind === undefined ? await exchange.mailbox(identity, signal) : undefined
    return { ...known, ...owner, ...who?.owner }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Reads a device that left the quarantine: what has become of it no filter tells. */
async function readAgain(
  { connector, guid, mailbox }: Pick<Device, 'connector' | 'guid' | 'mailbox'>,
  discovery: Discovery,
): Promise<void> {
  const { exchange, inventory, signal } = discovery
  try {
    const { device } = await exchange.device(guid, signal, { together: true })
    await inventory.put({ ...device, connector, mailbox })
  } catch (error) {
    if (!isNotFound(error)) throw error
    await inventory.remove({ connector, guid })
  }
}
