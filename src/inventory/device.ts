import { z } from 'zod'

/** ISO 8601 text in UTC. */
const time = z.string()

/** One kind of wipe as Exchange shows it; `requestor` is whoever Exchange names. */
export const WipeTimesSchema = z.object({
  requested: time.optional(),
  sent: time.optional(),
  acknowledged: time.optional(),
  requestor: z.string().optional(),
})

/** What only Get-MobileDeviceStatistics knows; it opens the mailbox, so it is read when it is needed. */
export const StatisticsSchema = z.object({
  /** When it was read from Exchange. */
  read: time,
  lastSync: time.optional(),
  lastAttempt: time.optional(),
  policy: z.string().optional(),
  policyStatus: z.string().optional(),
  policyUpdated: time.optional(),
  status: z.string().optional(),
  statusNote: z.string().optional(),
  remoteWipe: z.boolean().optional(),
  wipe: WipeTimesSchema,
  accountWipe: WipeTimesSchema,
})

/** One mobile device partnership of one mailbox, as last seen; keyed by connector and Exchange's Guid. */
export const DeviceSchema = z.object({
  connector: z.string(),
  /** Exchange's Guid, lower case. */
  guid: z.string(),
  /** The id that the client chose; one phone with two mailboxes shows it twice. */
  deviceId: z.string(),
  /** `Owner.mailbox` of the mailbox it belongs to. */
  mailbox: z.string(),
  type: z.string(),
  model: z.string().optional(),
  os: z.string().optional(),
  osLanguage: z.string().optional(),
  userAgent: z.string().optional(),
  friendlyName: z.string().optional(),
  imei: z.string().optional(),
  phone: z.string().optional(),
  operator: z.string().optional(),
  /** `EAS`, `Outlook`, `REST` …: an open enumeration. */
  clientType: z.string().optional(),
  /** The protocol version where the client is EAS, else anything. */
  clientVersion: z.string().optional(),
  /** `Allowed`, `Blocked`, `Quarantined`, `DeviceDiscovery` …: an open enumeration, like the reason. */
  state: z.string(),
  reason: z.string().optional(),
  rule: z.string().optional(),
  firstSync: time.optional(),
  changed: time.optional(),
  statistics: StatisticsSchema.optional(),
})

/** The mailbox behind devices. What is not known yet is absent. */
export const OwnerSchema = z.object({
  connector: z.string(),
  /** The mailbox's Guid in lower case; until it is resolved, the name that stands in the device's Identity. */
  mailbox: z.string(),
  /** The mailbox's Name, which device identities carry. */
  name: z.string(),
  displayName: z.string(),
  alias: z.string().optional(),
  upn: z.string().optional(),
  mail: z.string().optional(),
  entraId: z.string().optional(),
  /** RecipientTypeDetails: `UserMailbox`, `SharedMailbox` …: an open enumeration. */
  kind: z.string().optional(),
  accountDisabled: z.boolean().optional(),
  distinguishedName: z.string().optional(),
  activeSync: z.boolean().optional(),
  outlookMobile: z.boolean().optional(),
  /** The mobile device mailbox policy; absent means the organization's default. */
  policy: z.string().optional(),
  /** Personal exemptions: device ids. */
  allowed: z.array(z.string()).optional(),
  blocked: z.array(z.string()).optional(),
})

export type WipeTimes = z.infer<typeof WipeTimesSchema>
export type Statistics = z.infer<typeof StatisticsSchema>
export type Device = z.infer<typeof DeviceSchema>
export type Owner = z.infer<typeof OwnerSchema>

/** Names one device for good: connector and Guid. */
export interface DeviceKey {
  readonly connector: string
  readonly guid: string
}

/** How people know a mailbox in a device's name: `jdoe` in `jdoe_iPhone`. */
export const userOf = (owner: Pick<Owner, 'alias' | 'upn' | 'name'>) =>
  owner.alias ?? owner.upn?.split('@')[0] ?? owner.name

/** The name that Configuration Manager gives a device; several devices may share it. */
export const nameOf = (device: Pick<Device, 'type'>, owner: Pick<Owner, 'alias' | 'upn' | 'name'>) =>
  `${userOf(owner)}_${device.type}`

/** What the mailbox's personal exemptions say of a device; the block list beats the allow list. */
export function exemptionOf({ deviceId }: Device, { allowed = [], blocked = [] }: Owner): Exemption {
  const named = (list: readonly string[]) => list.some((id) => id.toLowerCase() === deviceId.toLowerCase())
  return named(blocked) ? 'blocked' : named(allowed) ? 'allowed' : 'none'
}

export type Exemption = 'allowed' | 'blocked' | 'none'
