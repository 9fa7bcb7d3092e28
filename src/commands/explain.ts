import type { Tone } from '../cards/card.ts'
import { type Device, exemptionOf, type Owner } from '../inventory/device.ts'

/** Exchange's reasons for an access state (DeviceAccessStateReason), in words; it may name others. */
const reasons: Readonly<Record<string, string>> = {
  Global: "by the organization's default access level",
  Unknown: 'and Exchange gives no reason',
  Individual: 'by a personal exemption of the mailbox',
  DeviceRule: 'by an access rule',
  Upgrade: 'for now, because the mailbox was moved or upgraded',
  Policy: 'because it does not meet the mobile device mailbox policy',
  UserAgentsChanges: 'by the automatic block: its user agent changed too often',
  RecentCommands: 'by the automatic block: it repeated commands',
  Watsons: 'by the automatic block: it caused failures on the server',
  OutOfBudgets: 'by the automatic block: it used more than its share',
  SyncCommands: 'by the automatic block: it synced too often',
  EnableNotificationEmail: 'by the automatic block',
  CommandFrequency: 'by the automatic block: it sent commands too often',
  ExternallyManaged: 'by another device management, which decides about it',
  ExternalCompliance: 'by Intune or Conditional Access: it is not compliant; only they can change that',
  ExternalEnrollment: 'by Intune or Conditional Access: it is not enrolled; only they can change that',
}

/** Colours of access states; Exchange may name others. */
export const toneOf = (state: string): Tone =>
  state === 'Allowed' ? 'good' : state === 'Blocked' ? 'attention' : state === 'Quarantined' ? 'warning' : 'accent'

/** The reasons that a personal exemption overrules; others are judged before it, or by somebody else. */
const overruled = ['Global', 'Individual', 'DeviceRule', 'Upgrade', 'Unknown']

/** Whether a device may connect and why, and what its next contact changes. */
export function accessOf(device: Device, owner: Owner): { state: string; tone: Tone; why: string } {
  const { state, reason = 'Unknown', rule } = device
  const exemption = overruled.includes(reason) ? exemptionOf(device, owner) : undefined
  const coming = (tone: Tone, what: string) => ({ state, tone, why: `until its next contact, ${what}` })
  if (exemption === 'blocked' && state !== 'Blocked')
    return coming('warning', 'then blocked by a personal exemption of the mailbox')
  if (exemption === 'allowed' && state !== 'Allowed')
    return coming('accent', 'then allowed by a personal exemption of the mailbox')
  if (exemption === 'none' && reason === 'Individual')
    return coming('accent', 'when Exchange decides anew; the personal exemption is gone')
  const named = reason === 'DeviceRule' && rule !== undefined ? `: ${rule}` : ''
  return { state, tone: toneOf(state), why: `${reasons[reason] ?? `for the reason ${reason}`}${named}` }
}

/** Which client it is, and over which protocol; only Exchange ActiveSync has a version worth showing. */
export function clientOf({ clientType, clientVersion, type }: Device): string {
  if (clientType === 'EAS' && type !== 'Outlook')
    return `Mail app over Exchange ActiveSync ${clientVersion ?? ''}`.trim()
  if (clientType === 'Outlook' || clientType === 'REST' || type === 'Outlook') return 'Outlook mobile'
  return clientType ?? 'Unknown client'
}
