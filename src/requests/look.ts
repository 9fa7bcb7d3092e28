import type { Access } from '../access/access.ts'
import type { Connectors } from '../connector/connectors.ts'
import { BotError } from '../errors.ts'
import { type Device, nameOf, type Owner, type WipeTimes } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { soldAs } from '../inventory/models.ts'
import { effectOf, obstaclesOf, whyImpossible } from './consequence.ts'
import type { Kind, PhoneOwner, Wipe } from './request.ts'

/** A device as Exchange has it in this moment, with all that a wipe of it depends on. */
export interface Look {
  readonly device: Device
  readonly wipe: Wipe
  /** The times of this kind of wipe, as Exchange shows them. */
  readonly times: WipeTimes
  /** Why this kind of wipe cannot be had for this client. */
  readonly impossible: string | undefined
}

export interface LookParts {
  readonly connectors: Pick<Connectors, 'read' | 'canWipeAccount'>
  readonly inventory: Pick<Inventory, 'owner' | 'shortId'>
  readonly access: Pick<Access, 'accountAt'>
  readonly now: () => Date
  readonly signal: AbortSignal
}

export const timesOf = (device: Device, kind: Kind): WipeTimes =>
  (kind === 'wipe' ? device.statistics?.wipe : device.statistics?.accountWipe) ?? {}

/** The device of a wipe as far as it is known: enough to be read, also where the inventory is not filled yet. */
export const deviceOf = ({ connector, guid, deviceId, mailbox }: Wipe, { get }: Pick<Inventory, 'get'>): Device =>
  get({ connector, guid }) ?? { connector, guid, deviceId, mailbox, type: 'Unknown', state: 'Unknown' }

/** Where Exchange does not name the account in Entra ID, Graph may know it by its address. */
async function phoneOwner(owner: Owner, { accountAt }: LookParts['access']): Promise<PhoneOwner> {
  const { mailbox, displayName, mail, upn } = owner
  const addresses = [...new Set([mail, upn].flatMap((address) => address?.toLowerCase() ?? []))]
  let { entraId } = owner
  for (const address of addresses) entraId ??= await accountAt(address)
  return { mailbox, name: displayName, ...(entraId && { entraId }), addresses }
}

/**
 * Reads a device, its mailbox and every partnership of the same phone from Exchange. Throws as the carrier does, DEVICE_GONE
 * and DIRECTORY_UNREACHABLE: what cannot be read cannot be judged.
 */
export async function look(known: Device, kind: Kind, parts: LookParts): Promise<Look> {
  const { connectors, inventory, access, now, signal } = parts
  const begun = now().toISOString()
  const { device, partnerships } = await connectors.read(known, signal)
  const owner = inventory.owner(device)
  const name = nameOf(device, owner)
  if ((device.statistics?.read ?? '') < begun)
    throw new BotError('REQUEST_REFUSED', `Exchange says nothing of the wipes of ${name}, so nothing was done.`)
  const mailboxes = new Map(
    [device, ...partnerships].map((one) => [`${one.connector} ${one.mailbox}`, inventory.owner(one)]),
  )
  const wipe: Wipe = {
    kind,
    connector: device.connector,
    guid: device.guid,
    deviceId: device.deviceId,
    mailbox: device.mailbox,
    name,
    shortId: inventory.shortId(device),
    what: [soldAs(device.model ?? device.type), device.os].filter(Boolean).join(' · '),
    clientType: device.clientType,
    clientVersion: device.clientVersion,
    owners: await Promise.all([...mailboxes.values()].map((one) => phoneOwner(one, access))),
    effect: effectOf(kind, device),
    obstacles: obstaclesOf(device, owner, now()),
    lastSync: device.statistics?.lastSync,
  }
  const impossible = whyImpossible(kind, name, device, connectors.canWipeAccount(device.connector))
  return { device, wipe, times: timesOf(device, kind), impossible }
}
