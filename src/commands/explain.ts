import type { Tone } from '../cards/card.ts'
import { evaluate, type Verdict } from '../connector/rules/evaluate.ts'
import type { OrganizationAccess } from '../connector/rules/rule.ts'
import { type Device, exemptionOf, type Owner } from '../inventory/device.ts'

/** Exchange's reasons for an access state (DeviceAccessStateReason), in words; it may name others. */
const reasons: Readonly<Record<string, string>> = {
  Global: "by the organization's default access level",
  Unknown: 'and Exchange gives no reason',
  Individual: 'by a personal exemption of the mailbox',
  DeviceRule: 'by an access rule',
  Upgrade: 'for now, because the mailbox was moved or upgraded',
  Policy: 'because it does not meet the mobile device mailbox policy; no exemption changes that',
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

/** What its next contact makes of a device, where that can be told. */
function comingOf(device: Device, owner: Owner, access: OrganizationAccess | undefined): Verdict | undefined {
  const verdict = evaluate(device, owner, access ?? { rules: [], defaultLevel: 'Allow' })
  if (verdict.by === 'elsewhere' || verdict.by === 'exemption') return verdict
  // Where Conditional Access covers Outlook mobile, Exchange skips the rules, and does not say so.
  const isOutlook = device.clientType === 'Outlook' || device.clientType === 'REST'
  return access === undefined || isOutlook ? undefined : verdict
}

const byWhat = (verdict: Verdict) =>
  verdict.by === 'exemption'
    ? 'by a personal exemption of the mailbox'
    : verdict.by === 'rule'
      ? `by the access rule ${verdict.rule.name}`
      : "by the organization's default access level"

/** Whether a device may connect and why, what its next contact changes, and whether that can be changed from here. */
export function accessOf(
  device: Device,
  owner: Owner,
  access?: OrganizationAccess,
): { state: string; tone: Tone; why: string } {
  const { state, reason = 'Unknown', rule } = device
  const coming = comingOf(device, owner, access)
  const isGone = reason === 'Individual' && exemptionOf(device, owner) === 'none'
  if (coming !== undefined && coming.by !== 'elsewhere' && coming.state !== state) {
    const why = `until its next contact, then ${coming.state.toLowerCase()} ${byWhat(coming)}`
    return { state, tone: coming.state === 'Blocked' ? 'warning' : 'accent', why }
  }
  if (isGone)
    return {
      state,
      tone: 'accent',
      why: 'until its next contact, when Exchange decides anew; the personal exemption is gone',
    }
  const named = reason === 'DeviceRule' && rule !== undefined ? `: ${rule}` : ''
  const kept = coming?.by === 'exemption' && reason !== 'Individual' ? '; a personal exemption keeps it so' : ''
  return { state, tone: toneOf(state), why: `${reasons[reason] ?? `for the reason ${reason}`}${named}${kept}` }
}

interface Client extends Pick<Device, 'type'> {
  readonly clientType?: string | undefined
  readonly clientVersion?: string | undefined
}

/** A name of Exchange's as people write: `AppliedInFull` becomes “Applied in full”. */
export const inWords = (name: string) => name.replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

/** The client in few words, as `find client:` takes them. */
export const clientName = (client: Client) =>
  client.clientType === 'EAS' && client.type !== 'Outlook'
    ? `EAS ${client.clientVersion ?? ''}`.trim()
    : clientOf(client)

/** Which client it is, and over which protocol; only Exchange ActiveSync has a version worth showing. */
export function clientOf({ clientType, clientVersion, type }: Client): string {
  if (clientType === 'EAS' && type !== 'Outlook')
    return `Mail app over Exchange ActiveSync ${clientVersion ?? ''}`.trim()
  if (clientType === 'Outlook' || clientType === 'REST' || type === 'Outlook') return 'Outlook mobile'
  return clientType ?? 'Unknown client'
}
