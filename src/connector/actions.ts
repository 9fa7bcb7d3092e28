import { BotError, isBotError } from '../errors.ts'
import { type Device, type Exemption, exemptionOf, nameOf, type Owner } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Exchange } from './exchange.ts'
import { isNotFound } from './transport.ts'

export interface Target {
  readonly device: Device
  readonly exchange: Exchange
  readonly inventory: Inventory
  readonly signal: AbortSignal
}

/** Reads a device anew. Throws DEVICE_GONE, and forgets it, when Exchange no longer has it. */
export async function readDevice({ device, exchange, inventory, signal }: Target): Promise<Device> {
  const { connector, mailbox, statistics } = device
  try {
    const seen = await exchange.device(device.guid, signal)
    const now = { ...seen.device, connector, mailbox, statistics }
    await inventory.put(now)
    return now
  } catch (error) {
    if (!isNotFound(error)) throw error
    const name = nameOf(device, inventory.owner(device))
    await inventory.remove(device)
    throw new BotError('DEVICE_GONE', name, { cause: error })
  }
}

/** Reads anew what the device's mailbox may connect with, and its exemptions. */
async function readAccess({ device, exchange, inventory, signal }: Target): Promise<Owner> {
  const access = await exchange.access(device.mailbox, signal)
  const owner = { ...inventory.owner(device), ...access.owner }
  await inventory.putOwner(owner)
  return owner
}

/**
 * Writes a personal exemption for a device that is still there. After a lost answer the lists are read back: only what they
 * show is said. Throws as the carrier does, and DEVICE_GONE.
 */
export async function exempt(target: Target, wish: Exemption): Promise<void> {
  const device = await readDevice(target)
  try {
    await target.exchange.exempt(device.mailbox, device.deviceId, wish, target.signal)
  } catch (error) {
    if (!isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN')) throw error
    const owner = await readAccess(target).catch(() => undefined)
    if (owner !== undefined && exemptionOf(device, owner) === wish) return
    if (owner === undefined) throw error
    throw new BotError('EXCHANGE_OUTCOME_UNKNOWN', 'and shows the exemptions as they were', { cause: error })
  }
  const { inventory } = target
  await readAccess(target)
    .catch(() => inventory.putOwner(withExemption(inventory.owner(device), device.deviceId, wish)))
    .catch(unstored)
}

/** What Exchange has done is done, also where it cannot be stored here; the next sync finds it. */
function unstored(error: unknown): void {
  if (!isBotError(error, 'STORE_UNWRITABLE')) throw error
}

/** The lists as Exchange must have them after a write that it confirmed. */
function withExemption(owner: Owner, deviceId: string, wish: Exemption): Owner {
  const without = (list: readonly string[] = []) => list.filter((id) => id.toLowerCase() !== deviceId.toLowerCase())
  const lists = { allowed: without(owner.allowed), blocked: without(owner.blocked) }
  return wish === 'none' ? { ...owner, ...lists } : { ...owner, ...lists, [wish]: [...lists[wish], deviceId] }
}

/** Deletes a partnership that is still there; after a lost answer Exchange is asked whether it still has it. */
export async function remove(target: Target): Promise<void> {
  const { exchange, inventory, signal } = target
  const device = await readDevice(target)
  try {
    await exchange.remove(device.guid, signal)
  } catch (error) {
    if (!isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN')) throw error
    const gone = await exchange.device(device.guid, signal).then(() => false, isNotFound)
    if (!gone) throw error
  }
  await inventory.remove(device).catch(unstored)
}

/** Reads who the mailbox belongs to, what it may connect with, and its exemptions. */
async function readOwner(target: Target): Promise<Owner> {
  const { device, exchange, inventory, signal } = target
  const mailbox = await exchange.mailbox(device.mailbox, signal)
  await inventory.putOwner({ ...inventory.owner(device), ...mailbox.owner })
  return readAccess(target)
}

/** The devices of a mailbox with their statistics, for which Exchange opens it. */
async function statisticsOf(
  { exchange, inventory, signal }: Omit<Target, 'device'>,
  mailbox: Pick<Device, 'connector' | 'mailbox'>,
  now: Date,
): Promise<Device[]> {
  const owned = inventory.devicesOf(mailbox)
  const read: Device[] = []
  for await (const { guid, deviceId, statistics } of exchange.statistics(mailbox.mailbox, signal)) {
    const one = owned.find((other) => (guid === undefined ? other.deviceId === deviceId : other.guid === guid))
    if (one !== undefined) read.push({ ...one, statistics: { ...statistics, read: now.toISOString() } })
  }
  return read
}

/** Reads the statistics of all devices of the mailbox. */
export const readStatistics = async (
  target: Omit<Target, 'device'>,
  mailbox: Pick<Device, 'connector' | 'mailbox'>,
  now: Date,
): Promise<void> => target.inventory.put(...(await statisticsOf(target, mailbox, now)))

/** A device as Exchange has it in this moment, and all partnerships of the same phone. */
export interface Reading {
  readonly device: Device
  readonly partnerships: readonly Device[]
}

/** Reads everything about one device anew: itself, its mailbox, its statistics, and who else has this phone. */
export async function readAll(target: Target, now: Date): Promise<Reading> {
  const { exchange, inventory, signal } = target
  const { connector, guid, deviceId } = await readDevice(target)
  const [read] = await Promise.all([statisticsOf(target, target.device, now), readOwner(target)])
  await inventory.put(...read)
  const partnerships: Device[] = inventory.partnerships(deviceId).filter((one) => one.connector !== connector)
  for await (const seen of exchange.devices({ filter: `DeviceId -eq '${deviceId.replaceAll("'", "''")}'` }, signal)) {
    if (seen.device.deviceId.toLowerCase() !== deviceId.toLowerCase()) continue
    const known = inventory.get({ connector, guid: seen.device.guid })
    const mailbox = known?.mailbox ?? (await exchange.mailbox(seen.mailboxIdentity, signal)).owner.mailbox
    const other = { ...seen.device, connector, mailbox, statistics: known?.statistics }
    if (known === undefined) await inventory.put(other)
    if (other.guid !== guid) await readOwner({ ...target, device: other })
    partnerships.push(other)
  }
  const device = read.find((one) => one.guid === guid) ?? inventory.get({ connector, guid }) ?? target.device
  return { device, partnerships }
}

/** Reads what Exchange shows of the wipes of a device. Throws as the carrier does, and DEVICE_GONE. */
export async function readWipes(target: Target, now: Date): Promise<Device> {
  const device = await readDevice(target)
  const read = await statisticsOf(target, device, now)
  await target.inventory.put(...read).catch(unstored)
  return read.find(({ guid }) => guid === device.guid) ?? device
}

/** All that is known of a device, for comparing; when it was read does not matter. */
export const known = ({ device, inventory }: Pick<Target, 'device' | 'inventory'>): string =>
  JSON.stringify([inventory.get(device), inventory.owner(device)]).replaceAll(/"read":"[^"]*"/g, '')

/** Reads a device anew while people look at it. */
export async function refresh(target: Target, now: Date): Promise<void> {
  await readDevice(target)
  await readAccess(target)
  await readStatistics(target, target.device, now)
}
