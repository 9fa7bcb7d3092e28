import { z } from 'zod'
import { deviceIdentity } from '../columns/device.ts'
import { contact, wipeStatus } from '../contact.ts'
import { createDevice } from '../fleet/fleet.ts'
import { android, apple, type Client, outlook, partnershipName, someDeviceId } from '../fleet/phones.ts'
import type { Random } from '../fleet/random.ts'
import type { Device, Mailbox, Organization, Wipe } from '../model.ts'
import { Refused } from './refused.ts'

const said = {
  DeviceModel: z.string().optional(),
  DeviceOS: z.string().optional(),
  DeviceUserAgent: z.string().optional(),
  DeviceFriendlyName: z.string().optional(),
  ClientVersion: z.string().optional(),
}

/** A phone on which somebody adds their account. */
export const PhoneSchema = z.strictObject({
  ...said,
  organization: z.string().optional(),
  mailbox: z.string(),
  DeviceType: z.string().default('iPhone'),
  DeviceId: z.string().optional(),
  ClientType: z.string().optional(),
  IsRemoteWipeSupported: z.boolean().default(true),
  /** Whether it can enforce every setting of a policy. */
  provisionable: z.boolean().default(true),
})

/** What a phone says when it contacts Exchange again; `mailbox` chooses one of several accounts on it. */
export const ReportSchema = z.strictObject({
  ...said,
  organization: z.string().optional(),
  mailbox: z.string().optional(),
  acknowledges: z.enum(['now', 'later', 'failed']).optional(),
})

export type Shown = ReturnType<typeof show>
export type ShownWipe = Shown['wipe']
export type Contacts = ReturnType<typeof sync>

/** Which devices somebody wants to see. */
export const DevicesSchema = z.strictObject({
  organization: z.string().optional(),
  mailbox: z.string().optional(),
  /** What its name, owner, model or id contains. */
  text: z.string().default(''),
  state: z.string().optional(),
  wipe: z.literal('ordered').optional(),
  limit: z.coerce.number().int().positive().default(5000),
})

const given = (report: Partial<Record<keyof typeof said, string | undefined>>) =>
  Object.fromEntries(
    Object.entries({
      model: report.DeviceModel,
      os: report.DeviceOS,
      userAgent: report.DeviceUserAgent,
      friendlyName: report.DeviceFriendlyName,
      clientVersion: report.ClientVersion,
    }).filter(([, value]) => value !== undefined),
  )

function typical(phone: z.infer<typeof PhoneSchema>): Client {
  if (phone.DeviceType === 'Outlook') return outlook(phone.DeviceOS ?? 'iOS 26.1')
  if (phone.DeviceType === 'Android') return android('Pixel 9', 'Android 16')
  return { ...apple('iPhone', 'iPhone17C1', 'iOS 26.1 23B85'), type: phone.DeviceType }
}

/** Adds the account to a phone, which contacts Exchange at once. */
export function connect(
  organization: Organization,
  mailbox: Mailbox,
  phone: z.infer<typeof PhoneSchema>,
  random: Random,
  now: number,
) {
  const usual = typical(phone)
  const client: Client = {
    ...usual,
    clientType: phone.ClientType ?? usual.clientType,
    ...given(phone),
    provisionable: phone.provisionable,
  }
  const deviceId = phone.DeviceId ?? someDeviceId(client, random)
  const name = partnershipName(client, deviceId)
  const known = organization.devicesOf(mailbox).find((device) => device.name === name)
  const about = { deviceId, created: now, firstSync: undefined, remoteWipeSupported: phone.IsRemoteWipeSupported }
  const { emptied: _, ...device } = known ?? createDevice(organization, mailbox, client, about, random)
  organization.putDevice(device)
  const outcome = contact(organization, device, now, known ? given(phone) : {})
  return { ...show(organization, organization.devices.get(device.guid) ?? device), outcome }
}

/** What is on the phones with this id, or with this Guid of a partnership. */
export function phonesOf(organization: Organization, id: string) {
  const one = organization.findDevice(id)
  return one ? [one] : organization.phones(id)
}

/** Lets a phone contact Exchange once, with each account on it or with one. */
export function sync(organization: Organization, id: string, report: z.infer<typeof ReportSchema>, now: number) {
  const mailbox = report.mailbox === undefined ? undefined : organization.findMailbox(report.mailbox)
  const wanted = phonesOf(organization, id).filter(
    (phone) => report.mailbox === undefined || phone.mailbox === mailbox?.guid,
  )
  if (wanted.length === 0) throw new Refused(404, `No phone has the id ${id}.`)
  const contacts = wanted.map((phone) => {
    const outcome = contact(organization, phone, now, { ...given(report), acknowledges: report.acknowledges })
    const owner = organization.mailboxes.get(phone.mailbox)
    const current = owner && organization.devicesOf(owner).find(({ name }) => name === phone.name)
    return { ...show(organization, current ?? phone), outcome }
  })
  return { contacts }
}

const time = (milliseconds: number | undefined) =>
  milliseconds === undefined ? null : new Date(milliseconds).toISOString()

const times = ({ requested, sent, acknowledged, requestor }: Wipe) => ({
  requested: time(requested),
  sent: time(sent),
  acknowledged: time(acknowledged),
  requestor: requestor ?? null,
})

/** A partnership for somebody who watches: the page, the strip of phones, a test. */
export function show(organization: Organization, device: Device) {
  const mailbox = organization.mailboxes.get(device.mailbox)
  return {
    organization: organization.name,
    name: `${mailbox?.alias ?? device.userDisplayName}_${device.type}`,
    Guid: device.guid,
    DeviceId: device.deviceId,
    Identity: deviceIdentity(organization, device),
    mailbox: mailbox?.address ?? null,
    displayName: mailbox?.displayName ?? device.userDisplayName,
    mailboxType: mailbox?.kind ?? null,
    DeviceType: device.type,
    DeviceModel: device.model ?? null,
    DeviceOS: device.os ?? null,
    DeviceFriendlyName: device.friendlyName ?? null,
    ClientType: device.clientType,
    ClientVersion: device.clientVersion,
    DeviceAccessState: device.state,
    DeviceAccessStateReason: device.reason,
    DeviceAccessControlRule: device.rule ?? null,
    FirstSyncTime: time(device.firstSync),
    LastSuccessSync: time(device.lastSync),
    LastSyncAttemptTime: time(device.lastAttempt),
    Status: wipeStatus(device),
    wipe: times(device.wipe),
    accountWipe: times(device.accountWipe),
    /** The phone still knows the account. */
    configured: !device.emptied,
  }
}

export function find(organization: Organization, devices: Iterable<Device>, wish: z.infer<typeof DevicesSchema>) {
  const text = wish.text.toLowerCase()
  const found: Device[] = []
  for (const device of devices) {
    if (found.length === wish.limit) break
    if (wish.state !== undefined && device.state !== wish.state) continue
    if (wish.wipe === 'ordered' && wipeStatus(device) === 'DeviceOk') continue
    if (text === '' || names(organization, device).some((name) => name?.toLowerCase().includes(text)))
      found.push(device)
  }
  return found.map((device) => show(organization, device))
}

function names(organization: Organization, device: Device) {
  const mailbox = organization.mailboxes.get(device.mailbox)
  return [
    `${mailbox?.alias}_${device.type}`,
    mailbox?.displayName,
    device.model,
    device.os,
    device.deviceId,
    device.friendlyName,
  ]
}
