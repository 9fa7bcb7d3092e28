import type { Connectors } from '../connector/connectors.ts'
import { type Device, nameOf, type Owner, type WipeTimes } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { effectOf, type Kind, obstaclesOf } from './consequence.ts'
import type { PhoneOwner, Wipe } from './request.ts'

/** A device as Exchange has it in this moment, with all that a wipe of it depends on. */
export interface Look {
  readonly device: Device
  readonly owner: Owner
  readonly wipe: Wipe
  /** The times of this kind of wipe, as Exchange shows them. */
  readonly times: WipeTimes
}

const phoneOwner = ({ mailbox, displayName, entraId, mail, upn }: Owner): PhoneOwner => ({
  mailbox,
  name: displayName,
  ...(entraId && { entraId }),
  addresses: [...new Set([mail, upn].flatMap((address) => address?.toLowerCase() ?? []))],
})

export const timesOf = (device: Device, kind: Kind): WipeTimes =>
  (kind === 'wipe' ? device.statistics?.wipe : device.statistics?.accountWipe) ?? {}

/** Whether Exchange still waits for the device to acknowledge a wipe. */
export const isWaiting = ({ requested, acknowledged }: WipeTimes) =>
  requested !== undefined && (acknowledged === undefined || acknowledged < requested)

/**
 * Reads a device, its mailbox and every partnership of the same phone from Exchange. Throws as the carrier does, and
 * DEVICE_GONE: what cannot be read cannot be judged.
 */
export async function look(
  known: Device,
  kind: Kind,
  parts: { connectors: Connectors; inventory: Inventory; now: Date; signal: AbortSignal },
): Promise<Look> {
  const { connectors, inventory, now, signal } = parts
  const { device, partnerships } = await connectors.read(known, signal)
  const owner = inventory.owner(device)
  const owners = new Map(
    partnerships.map((one) => [`${one.connector} ${one.mailbox}`, phoneOwner(inventory.owner(one))]),
  )
  const wipe: Wipe = {
    kind,
    connector: device.connector,
    guid: device.guid,
    deviceId: device.deviceId,
    mailbox: device.mailbox,
    name: nameOf(device, owner),
    shortId: inventory.shortId(device),
    what: [device.model ?? device.type, device.os].filter(Boolean).join(' · '),
    clientType: device.clientType,
    clientVersion: device.clientVersion,
    owners: [...owners.values()],
    effect: effectOf(kind, device),
    obstacles: obstaclesOf(device, owner, now),
    lastSync: device.statistics?.lastSync,
  }
  return { device, owner, wipe, times: timesOf(device, kind) }
}
