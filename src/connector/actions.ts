import { BotError, isBotError } from '../errors.ts'
import { type Device, type Exemption, exemptionOf, nameOf, type Owner } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { ownerOf } from './discovery.ts'
import type { Exchange } from './exchange.ts'
import { Refusal } from './transport.ts'

export interface Target {
  readonly device: Device
  readonly exchange: Exchange
  readonly inventory: Inventory
  readonly signal: AbortSignal
}

export const isNotFound = (error: unknown) =>
  isBotError(error, 'EXCHANGE_REFUSED') && error.cause instanceof Refusal && error.cause.kind === 'notFound'

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
  const owner = ownerOf(device.connector, { ...inventory.owner(device), ...access })
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
  await readAccess(target).catch(() =>
    inventory.putOwner(withExemption(inventory.owner(device), device.deviceId, wish)),
  )
}

/** The lists as Exchange must have them after a write that it confirmed. */
function withExemption(owner: Owner, deviceId: string, wish: Exemption): Owner {
  const without = (list: readonly string[] = []) => list.filter((id) => id.toLowerCase() !== deviceId.toLowerCase())
  const lists = { allowed: without(owner.allowed), blocked: without(owner.blocked) }
  return wish === 'none' ? { ...owner, ...lists } : { ...owner, ...lists, [wish]: [...lists[wish], deviceId] }
}

/** Reads a device and the statistics of its mailbox's devices anew; true when anything about it is different. */
export async function refresh(target: Target, now: Date): Promise<boolean> {
  const { device, exchange, inventory, signal } = target
  const before = JSON.stringify([inventory.get(device), inventory.owner(device)])
  await readDevice(target)
  await readAccess(target)
  for await (const { guid, deviceId, statistics } of exchange.statistics(device.mailbox, signal)) {
    const other = guid === undefined ? undefined : inventory.get({ connector: device.connector, guid })
    const owned = other ?? inventory.devicesOf(inventory.owner(device)).find((one) => one.deviceId === deviceId)
    if (owned !== undefined) await inventory.put({ ...owned, statistics: { ...statistics, read: now.toISOString() } })
  }
  const after = JSON.stringify([inventory.get(device), inventory.owner(device)])
  return withoutRead(before) !== withoutRead(after)
}

/** The moment of reading alone is no difference. */
const withoutRead = (text: string) => text.replaceAll(/"read":"[^"]*"/g, '')
