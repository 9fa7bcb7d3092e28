import type { Account } from './model.ts'

/** The management roles that matter here, and the cmdlets they hold. */
const readRecipients =
  'Get-MobileDevice Get-MobileDeviceStatistics Get-ActiveSyncDevice Get-ActiveSyncDeviceStatistics Get-CASMailbox Get-Mailbox Get-Recipient Get-User'
const readConfiguration =
  'Get-MobileDeviceMailboxPolicy Get-ActiveSyncMailboxPolicy Get-ActiveSyncOrganizationSettings Get-ActiveSyncDeviceAccessRule Get-ActiveSyncDeviceClass Get-OrganizationConfig Get-ExchangeServer'
const everybody = 'Set-ADServerSettings Get-Command'

export const roles: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({
    'View-Only Recipients': `${everybody} ${readRecipients} Get-MobileDeviceMailboxPolicy Get-ActiveSyncMailboxPolicy`,
    'View-Only Configuration': `${everybody} ${readConfiguration} Get-ManagementRoleEntry`,
    'Mail Recipients': `${everybody} ${readRecipients} Clear-MobileDevice Remove-MobileDevice Clear-ActiveSyncDevice Remove-ActiveSyncDevice Set-CASMailbox Get-MobileDeviceMailboxPolicy Get-ActiveSyncMailboxPolicy`,
    'Recipient Policies': `${everybody} Get-MobileDeviceMailboxPolicy New-MobileDeviceMailboxPolicy Set-MobileDeviceMailboxPolicy Remove-MobileDeviceMailboxPolicy Get-ActiveSyncMailboxPolicy New-ActiveSyncMailboxPolicy Set-ActiveSyncMailboxPolicy Remove-ActiveSyncMailboxPolicy`,
    'Organization Client Access': `${everybody} ${readConfiguration} Set-ActiveSyncOrganizationSettings New-ActiveSyncDeviceAccessRule Set-ActiveSyncDeviceAccessRule Remove-ActiveSyncDeviceAccessRule`,
    'Role Management': 'Get-ManagementRoleEntry',
  }).map(([role, cmdlets]) => [role, cmdlets.split(' ')]),
)

/** The built-in role groups; who may do what follows "Clients and mobile devices permissions" of Exchange Server. */
const groups: Readonly<Record<string, readonly string[]>> = {
  'Organization Management': Object.keys(roles),
  'Recipient Management': ['Mail Recipients', 'View-Only Recipients'],
  'Server Management': [
    'Mail Recipients',
    'Recipient Policies',
    'Organization Client Access',
    'View-Only Configuration',
  ],
  'View-Only Organization Management': ['View-Only Recipients', 'View-Only Configuration'],
}

/**
 * Whether the account may use a cmdlet, or one of its parameters. Rights are role groups, roles or cmdlets; one that
 * begins with `-` takes a cmdlet (`-Clear-MobileDevice`) or parameter (`-Clear-MobileDevice AccountOnly`) away again.
 * Where only such stand, they are taken from everything; an empty list is nothing.
 */
export function allows({ rights }: Account, cmdlet: string, parameter?: string): boolean {
  if (!rights) return true
  const taken = rights.filter((right) => right.startsWith('-')).map((right) => right.slice(1))
  if (taken.includes(cmdlet) || taken.includes(`${cmdlet} ${parameter}`)) return false
  const given = rights.filter((right) => !right.startsWith('-'))
  if (given.length === 0) return taken.length > 0
  return given
    .flatMap((right) => groups[right] ?? [right])
    .flatMap((right) => roles[right] ?? [right])
    .includes(cmdlet)
}
