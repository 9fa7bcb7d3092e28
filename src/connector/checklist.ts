import { z } from 'zod'
import type { Connector } from './settings.ts'
import { nameIn2010 } from './version.ts'

interface Requirement {
  readonly cmdlet: string
  readonly parameter?: string
  /** The commands that need it; `sync` stands for discovery. */
  readonly for: readonly string[]
  readonly where?: Connector['kind']
  /** The built-in role group of Exchange Server that has it ("Clients and mobile devices permissions"). */
  readonly group: string
}

const recipients = 'Recipient Management'
const viewers = 'View-Only Organization Management'
const organization = 'Organization Management'
const exemptions = ['allow', 'block', 'reset'] as const
const wipes = ['wipe', 'wipe-account', 'cancel-wipe'] as const
const policyReads = ['policy', 'policy-check'] as const
const policyWrites = ['policy-set', 'policy-clear', 'policy-undo', 'policy-drift'] as const
const ruleWrites = ['rule-add', 'rule-remove', 'default-access'] as const

/** Whether a command changes what Exchange decides by itself about devices. */
export const isRuleWrite = (command: string) => ruleWrites.some((one) => one === command)

/** Every cmdlet and parameter that an account needs, and for what. */
export const requirements: readonly Requirement[] = [
  { cmdlet: 'Get-ExchangeServer', for: ['sync'], where: 'onPremises', group: viewers },
  { cmdlet: 'Set-ADServerSettings', parameter: 'ViewEntireForest', for: [], where: 'onPremises', group: recipients },
  { cmdlet: 'Get-OrganizationConfig', for: [], where: 'online', group: viewers },
  { cmdlet: 'Get-MobileDevice', for: ['sync', ...exemptions, ...wipes, 'delete'], group: recipients },
  { cmdlet: 'Get-CASMailbox', for: ['sync', ...exemptions, ...wipes], group: recipients },
  { cmdlet: 'Get-Mailbox', for: ['sync', ...wipes], group: recipients },
  { cmdlet: 'Get-MobileDeviceStatistics', for: wipes, group: recipients },
  { cmdlet: 'Set-CASMailbox', for: exemptions, group: recipients },
  { cmdlet: 'Set-CASMailbox', parameter: 'ActiveSyncAllowedDeviceIDs', for: exemptions, group: recipients },
  { cmdlet: 'Set-CASMailbox', parameter: 'ActiveSyncBlockedDeviceIDs', for: exemptions, group: recipients },
  { cmdlet: 'Clear-MobileDevice', for: wipes, group: recipients },
  { cmdlet: 'Clear-MobileDevice', parameter: 'AccountOnly', for: ['wipe-account'], group: recipients },
  { cmdlet: 'Clear-MobileDevice', parameter: 'Cancel', for: ['cancel-wipe'], group: recipients },
  { cmdlet: 'Remove-MobileDevice', for: ['delete'], group: recipients },
  { cmdlet: 'Get-ActiveSyncOrganizationSettings', for: ['rules', ...ruleWrites], group: viewers },
  { cmdlet: 'Set-ActiveSyncOrganizationSettings', for: ['default-access'], group: organization },
  { cmdlet: 'Get-ActiveSyncDeviceAccessRule', for: ['rules', ...ruleWrites], group: viewers },
  { cmdlet: 'Get-ActiveSyncDeviceClass', for: [], group: viewers },
  { cmdlet: 'New-ActiveSyncDeviceAccessRule', for: ['rule-add'], group: organization },
  { cmdlet: 'Set-ActiveSyncDeviceAccessRule', for: ['rule-add'], group: organization },
  { cmdlet: 'Remove-ActiveSyncDeviceAccessRule', for: ['rule-remove'], group: organization },
  { cmdlet: 'Get-MobileDeviceMailboxPolicy', for: [...policyReads, ...policyWrites], group: viewers },
  { cmdlet: 'Set-MobileDeviceMailboxPolicy', for: policyWrites, group: organization },
]

/** The cmdlets that an account may run, with their parameters where the door tells them; all in lower case. */
export type Offered = ReadonlyMap<string, ReadonlySet<string> | undefined>

/** Whether the account may run a cmdlet, or use a parameter of it. */
export const FindingSchema = z.object({
  cmdlet: z.string(),
  parameter: z.string().optional(),
  state: z.enum(['granted', 'missing', 'notTold', 'tooOld']),
  group: z.string(),
})

export type Finding = z.infer<typeof FindingSchema>

/** What is known of an organization that decides about the checklist. */
export interface Facts {
  readonly kind: Connector['kind']
  /** `undefined` where the account could not ask. */
  readonly offered: Offered | undefined
  readonly is2010: boolean
  readonly hasAccountOnly: boolean
}

/** Whether an account may run a cmdlet, with this parameter. */
export function rightTo(offered: Offered | undefined, cmdlet: string, parameter?: string) {
  if (offered === undefined) return 'notTold'
  if (!offered.has(cmdlet.toLowerCase())) return 'missing'
  if (parameter === undefined) return 'granted'
  const known = offered.get(cmdlet.toLowerCase())
  if (known === undefined) return 'notTold'
  return known.has(parameter.toLowerCase()) ? 'granted' : 'missing'
}

/** Holds what an account may do against what is required, line by line. */
export function checkRights({ kind, offered, is2010, hasAccountOnly }: Facts): Finding[] {
  return requirements
    .filter(({ where = kind }) => where === kind)
    .map(({ cmdlet: since2013, parameter, group }) => {
      const cmdlet = is2010 ? nameIn2010(since2013) : since2013
      const isTooOld = parameter === 'AccountOnly' && !hasAccountOnly
      const state = isTooOld ? 'tooOld' : rightTo(offered, cmdlet, parameter)
      return { cmdlet, ...(parameter && { parameter }), group, state }
    })
}

/** A cmdlet with its parameter, as people write it. */
export const commandOf = ({ cmdlet, parameter }: Pick<Finding, 'cmdlet' | 'parameter'>) =>
  parameter === undefined ? cmdlet : `${cmdlet} -${parameter}`

/** The first thing that a command needs and the account lacks. */
export function lackOf(findings: readonly Finding[], command: string): Finding | undefined {
  const needed = requirements.filter(({ for: commands }) => commands.includes(command))
  const isOf = (one: Requirement, { cmdlet, parameter }: Finding) =>
    [one.cmdlet, nameIn2010(one.cmdlet)].includes(cmdlet) && one.parameter === parameter
  return findings.find((finding) => finding.state === 'missing' && needed.some((one) => isOf(one, finding)))
}
