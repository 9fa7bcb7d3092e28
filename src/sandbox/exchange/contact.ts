import { randomUUID } from 'node:crypto'
import type { Characteristic, Device, Mailbox, Organization, Rule, Wipe } from './model.ts'

/** The name that Exchange gives a rule. */
export const ruleName = (rule: Rule) => `${rule.query}(${rule.characteristic})`

const characteristicOf: Readonly<Record<Characteristic, (device: Device) => string | undefined>> = {
  DeviceModel: (device) => device.model,
  DeviceType: (device) => device.type,
  DeviceOS: (device) => device.os,
  UserAgent: (device) => device.userAgent,
  XMSWLHeader: () => undefined,
}

const includes = (ids: readonly string[], id: string) => ids.some((one) => one.toLowerCase() === id.toLowerCase())

/** The state that each level leads to, in the order in which rules are looked at. */
const states = [
  ['Block', 'Blocked'],
  ['Quarantine', 'Quarantined'],
  ['Allow', 'Allowed'],
] as const

type Verdict = Pick<Device, 'state' | 'reason' | 'rule'>

export const defaultPolicy = (organization: Organization) =>
  [...organization.policies.values()].find((policy) => policy.isDefault)

export const policyOf = (organization: Organization, mailbox: Mailbox) =>
  organization.policies.get(mailbox.policy ?? '') ?? defaultPolicy(organization)

/** External management (reasons 51 to 53: MDM, compliance, enrolment) decides for itself; Exchange's lists do not. */
const external = (device: Device) => device.reason.startsWith('External')

/**
 * The access state in Exchange's documented order: policy, personal block, personal allow, rules that block, quarantine,
 * allow, and the organization's default level ("Controlling Exchange ActiveSync device access using the Allow, Block,
 * Quarantine list", TechNet ff959225).
 */
export function evaluateAccess(organization: Organization, mailbox: Mailbox, device: Device): Verdict {
  if (external(device)) return { state: device.state, reason: device.reason, rule: device.rule }
  const settings = policyOf(organization, mailbox)?.settings
  if (settings?.AllowNonProvisionableDevices === false && !device.provisionable)
    return { state: 'Blocked', reason: 'Policy', rule: undefined }
  if (includes(mailbox.blocked, device.deviceId)) return { state: 'Blocked', reason: 'Individual', rule: undefined }
  if (includes(mailbox.allowed, device.deviceId)) return { state: 'Allowed', reason: 'Individual', rule: undefined }
  const matching = [...organization.rules.values()].filter(
    (rule) => characteristicOf[rule.characteristic](device)?.toLowerCase() === rule.query.toLowerCase(),
  )
  for (const [level, state] of states) {
    const rule = matching.find((one) => one.level === level)
    if (rule) return { state, reason: 'DeviceRule', rule: ruleName(rule) }
  }
  const state = states.find(([level]) => level === organization.settings.defaultAccessLevel)?.[1] ?? 'Unknown'
  return { state, reason: 'Global', rule: undefined }
}

export const isOutlook = (device: Pick<Device, 'clientType'>) =>
  device.clientType === 'Outlook' || device.clientType === 'REST'
export const isPending = ({ requested, acknowledged }: Wipe) => requested !== undefined && acknowledged === undefined

/** What a phone that contacts Exchange says of itself, and how it treats an order to wipe. */
export type Report = Partial<Pick<Device, 'model' | 'os' | 'userAgent' | 'friendlyName' | 'clientVersion'>> & {
  /** `later`: takes the order and acknowledges it at its next contact. `failed`: reports status 2, so it stays pending. */
  readonly acknowledges?: 'now' | 'later' | 'failed' | undefined
}

/** How a contact ended. The first three leave the partnership as it was. */
export type Outcome =
  | 'account gone from the phone'
  | 'sign-in refused'
  | 'protocol disabled'
  | 'blocked'
  | 'quarantined'
  | 'synchronized'
  | 'wipe taken'
  | 'wipe acknowledged'

/** One contact of a phone with Exchange: its access state anew, then a pending wipe, else a synchronization. */
export function contact(organization: Organization, phone: Device, now: number, report: Report = {}): Outcome {
  const mailbox = organization.mailboxes.get(phone.mailbox)
  if (phone.emptied) return 'account gone from the phone'
  if (!mailbox || mailbox.accountDisabled || mailbox.kind !== 'UserMailbox') return 'sign-in refused'
  if (!(isOutlook(phone) ? mailbox.outlookMobile : mailbox.activeSync)) return 'protocol disabled'

  // A partnership that was removed begins anew: another object, assessed afresh, without the wipe that was ordered.
  const partner: Device = organization.devices.has(phone.guid)
    ? phone
    : { ...phone, guid: randomUUID(), created: now, firstSync: now, lastSync: undefined, wipe: {}, accountWipe: {} }
  const { acknowledges = 'now', ...said } = report
  // A blocked phone is turned away before it can tell what has become of it, so its rule goes on matching.
  const told: Device = partner.state === 'Blocked' ? partner : { ...partner, ...said }
  const assessed: Device = { ...told, ...evaluateAccess(organization, mailbox, told), lastAttempt: now }
  const same = described.every((property) => assessed[property] === partner[property])
  const device: Device = same ? assessed : { ...assessed, changed: now }

  if (device.state === 'Blocked') return put(organization, device, 'blocked')
  if (isPending(device.wipe))
    return device.remoteWipeSupported
      ? takeWipe(organization, device, 'wipe', now, acknowledges)
      : put(organization, device, 'blocked')
  // Account-only says nothing to Outlook, which holds nothing but the account ("Perform a remote wipe on a mobile phone").
  if (isPending(device.accountWipe) && !isOutlook(device))
    return takeWipe(organization, device, 'accountWipe', now, acknowledges)
  if (device.state === 'Quarantined') return put(organization, device, 'quarantined')

  const policy = policyOf(organization, mailbox)
  const current = device.policyApplied === policy?.name && (device.policyUpdated ?? 0) >= (policy?.changed ?? 0)
  const applied = current ? {} : { policyApplied: policy?.name, policyUpdated: now }
  const synced = { ...device, ...applied, firstSync: device.firstSync ?? now, lastSync: now }
  return put(organization, synced, 'synchronized')
}

const described = ['state', 'reason', 'rule', 'model', 'os', 'userAgent', 'friendlyName', 'clientVersion'] as const

/**
 * The order travels in a Provision response and the client acknowledges before it wipes (MS-ASPROV 3.1.5.1.2.2). Outlook
 * in Exchange Online wipes its data too, but that is never reported back, so the wipe stays pending.
 */
function takeWipe(
  organization: Organization,
  device: Device,
  kind: 'wipe' | 'accountWipe',
  now: number,
  acknowledges: 'now' | 'later' | 'failed',
): Outcome {
  const sent: Wipe = { ...device[kind], sent: acknowledges === 'failed' ? now : (device[kind].sent ?? now) }
  if (organization.kind === 'online' && isOutlook(device))
    return put(organization, { ...device, [kind]: sent, emptied: true }, 'wipe taken')
  if (acknowledges !== 'now') return put(organization, { ...device, [kind]: sent }, 'wipe taken')
  return put(organization, { ...device, [kind]: { ...sent, acknowledged: now }, emptied: true }, 'wipe acknowledged')
}

function put(organization: Organization, device: Device, outcome: Outcome): Outcome {
  organization.putDevice(device)
  return outcome
}

/** Exchange's word for what has become of the wipes of a device. */
export function wipeStatus(device: Device) {
  const { wipe, accountWipe } = device
  if (isPending(wipe)) return device.remoteWipeSupported ? 'DeviceWipePending' : 'DeviceBlocked'
  if (isPending(accountWipe)) return 'AccountOnlyDeviceWipePending'
  const full = wipe.acknowledged ?? 0
  const accountOnly = accountWipe.acknowledged ?? 0
  if (full + accountOnly === 0) return 'DeviceOk'
  return full >= accountOnly ? 'DeviceWipeSucceeded' : 'AccountOnlyDeviceWipeSucceeded'
}

/** The level changes for every connected device at once, other than rules and exemptions (Set-ActiveSyncOrganizationSettings). */
export function assessAll(organization: Organization, now: number) {
  for (const device of organization.devices.values()) {
    const mailbox = organization.mailboxes.get(device.mailbox)
    if (!mailbox || device.reason !== 'Global') continue
    const verdict = evaluateAccess(organization, mailbox, device)
    if (verdict.state !== device.state || verdict.reason !== device.reason)
      organization.putDevice({ ...device, ...verdict, changed: now })
  }
}
