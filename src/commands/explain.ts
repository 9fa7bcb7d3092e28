import { type Device, exemptionOf, type Owner } from '../inventory/device.ts'

/** Exchange's reasons for an access state (DeviceAccessStateReason), in words; it may name others. */
const reasons: Readonly<Record<string, string>> = {
  Global: "by the organization's default access level",
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

/** Why a device may or may not connect, and what happens at its next contact. */
export function whyOf(device: Device, owner: Owner): string {
  const { state, reason = 'Unknown', rule } = device
  const because =
    reasons[reason] ?? (reason === 'Unknown' ? 'Exchange gives no reason' : `Exchange's reason: ${reason}`)
  const named = reason === 'DeviceRule' && rule !== undefined ? `${because}: ${rule}` : because
  const exemption = exemptionOf(device, owner)
  const coming = exemption === 'blocked' ? 'Blocked' : exemption === 'allowed' ? 'Allowed' : undefined
  if (coming === undefined && reason === 'Individual')
    return 'the personal exemption is gone; Exchange decides anew at its next contact'
  if (coming === undefined || coming === state) return named
  return `${named}; it becomes ${coming.toLowerCase()} at its next contact, by a personal exemption`
}

/** Which client it is, and over which protocol; only Exchange ActiveSync has a version worth showing. */
export function clientOf({ clientType, clientVersion, type }: Device): string {
  if (clientType === 'EAS' && type !== 'Outlook')
    return `Mail app over Exchange ActiveSync ${clientVersion ?? ''}`.trim()
  if (clientType === 'Outlook' || clientType === 'REST' || type === 'Outlook') return 'Outlook mobile'
  return clientType ?? 'Unknown client'
}
