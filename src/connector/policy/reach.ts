import type { Device, Owner } from '../../inventory/device.ts'
import { scan } from '../rules/scan.ts'

/** Whom a default policy concerns. */
export interface Reach {
  readonly devices: number
  /** Mailboxes that have such devices. */
  readonly mailboxes: number
  /** Devices of the organization. */
  readonly all: number
}

/** Whether the mailbox of a device has the default policy: none of its own, or just that one. */
export const isUnderPolicy = (name: string, ownerOf: (device: Device) => Owner) => (device: Device) => {
  const { policy } = ownerOf(device)
  return policy === undefined || policy.split(/[\\/]/).at(-1)?.toLowerCase() === name.toLowerCase()
}

/** Counts the devices of a connector whose mailbox has the default policy. */
export async function reachOf(
  { connector, name }: { connector: string; name: string },
  devices: Iterable<Device>,
  ownerOf: (device: Device) => Owner,
  signal: AbortSignal,
): Promise<Reach> {
  const isUnder = isUnderPolicy(name, ownerOf)
  const mailboxes = new Set<string>()
  let all = 0
  let under = 0
  await scan(
    devices,
    (device) => {
      if (device.connector !== connector) return
      all += 1
      if (!isUnder(device)) return
      under += 1
      mailboxes.add(device.mailbox)
    },
    signal,
  )
  return { devices: under, mailboxes: mailboxes.size, all }
}
