import { type Device, exemptionOf, type Owner } from '../../inventory/device.ts'
import { type AccessRule, type Level, matches, type OrganizationAccess } from './rule.ts'

/** What Exchange makes of a device at its next contact, and which of its layers decides. */
export type Verdict =
  /** Intune, the mailbox policy or the automatic block, which come before all that can be set here. */
  | { readonly by: 'elsewhere'; readonly state: string; readonly reason: string }
  | { readonly by: 'exemption'; readonly state: string }
  | { readonly by: 'rule'; readonly state: string; readonly rule: AccessRule }
  | { readonly by: 'default'; readonly state: string }

/** The state that a level leads to. */
export const stateOf: Readonly<Record<Level, string>> = {
  Allow: 'Allowed',
  Block: 'Blocked',
  Quarantine: 'Quarantined',
}

/** The order in which rules are looked at; the first that matches decides. */
const order: readonly Level[] = ['Block', 'Quarantine', 'Allow']

/** Reasons of an automatic block, which Exchange ends by itself (Set-ActiveSyncDeviceAutoblockThreshold). */
export const automatic = [
  'UserAgentsChanges',
  'RecentCommands',
  'Watsons',
  'OutOfBudgets',
  'SyncCommands',
  'EnableNotificationEmail',
  'CommandFrequency',
] as const

/** Whether a device is judged before anything that can be set here, or by somebody else. */
const isElsewhere = (reason: string) =>
  reason === 'Policy' || reason.startsWith('External') || automatic.some((one) => one === reason)

/**
 * Exchange's order: external management and the mailbox policy, personal block, personal allow, rules that block, quarantine,
 * allow, and the default ("Controlling Exchange ActiveSync device access using the Allow, Block, Quarantine list", TechNet
 * ff959225).
 */
export function evaluate(device: Device, owner: Owner, { rules, defaultLevel }: OrganizationAccess): Verdict {
  const { state, reason = 'Unknown' } = device
  if (isElsewhere(reason)) return { by: 'elsewhere', state, reason }
  const exemption = exemptionOf(device, owner)
  if (exemption !== 'none') return { by: 'exemption', state: exemption === 'blocked' ? 'Blocked' : 'Allowed' }
  for (const level of order) {
    const rule = rules.find((one) => one.level === level && matches(one, device))
    if (rule !== undefined) return { by: 'rule', state: stateOf[level], rule }
  }
  return { by: 'default', state: stateOf[defaultLevel] }
}
