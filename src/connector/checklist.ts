import { z } from 'zod'
import type { Connector } from './settings.ts'
import { nameIn2010 } from './version.ts'

/** What people may want of an organization, by the command that does it; `sync` is discovery. */
export type Action =
  | 'sync'
  | 'allow'
  | 'block'
  | 'reset'
  | 'wipe'
  | 'wipe-account'
  | 'cancel-wipe'
  | 'delete'
  | 'default-access'
  | 'rules'
  | 'rule-add'
  | 'rule-remove'
  | 'policy'
  | 'policy-set'

interface Requirement {
  readonly cmdlet: string
  readonly parameters?: readonly string[]
  readonly for: readonly Action[]
  readonly where?: Connector['kind']
  /** The built-in role group of Exchange Server that has it ("Clients and mobile devices permissions"). */
  readonly group: string
}

const recipients = 'Recipient Management'
const viewers = 'View-Only Organization Management'
const organization = 'Organization Management'
const exemptions = ['allow', 'block', 'reset'] as const
const wipes = ['wipe', 'wipe-account', 'cancel-wipe'] as const

/** Every cmdlet and parameter that an account needs, and for what. */
export const requirements: readonly Requirement[] = [
  { cmdlet: 'Get-ExchangeServer', for: ['sync'], where: 'onPremises', group: viewers },
  { cmdlet: 'Set-ADServerSettings', parameters: ['ViewEntireForest'], for: [], where: 'onPremises', group: recipients },
  { cmdlet: 'Get-MobileDevice', for: ['sync', ...exemptions, ...wipes, 'delete'], group: recipients },
  { cmdlet: 'Get-CASMailbox', for: ['sync', ...exemptions, ...wipes], group: recipients },
  { cmdlet: 'Get-Mailbox', for: ['sync', ...wipes], group: recipients },
  { cmdlet: 'Get-MobileDeviceStatistics', for: wipes, group: recipients },
  {
    cmdlet: 'Set-CASMailbox',
    parameters: ['ActiveSyncAllowedDeviceIDs', 'ActiveSyncBlockedDeviceIDs'],
    for: exemptions,
    group: recipients,
  },
  { cmdlet: 'Clear-MobileDevice', for: wipes, group: recipients },
  { cmdlet: 'Clear-MobileDevice', parameters: ['AccountOnly'], for: ['wipe-account'], group: recipients },
  { cmdlet: 'Clear-MobileDevice', parameters: ['Cancel'], for: ['cancel-wipe'], group: recipients },
  { cmdlet: 'Remove-MobileDevice', for: ['delete'], group: recipients },
  {
    cmdlet: 'Get-ActiveSyncOrganizationSettings',
    for: ['rules', 'rule-add', 'rule-remove', 'default-access'],
    group: viewers,
  },
  { cmdlet: 'Set-ActiveSyncOrganizationSettings', for: ['default-access'], group: organization },
  {
    cmdlet: 'Get-ActiveSyncDeviceAccessRule',
    for: ['rules', 'rule-add', 'rule-remove', 'default-access'],
    group: viewers,
  },
  { cmdlet: 'New-ActiveSyncDeviceAccessRule', for: ['rule-add'], group: organization },
  { cmdlet: 'Set-ActiveSyncDeviceAccessRule', for: ['rule-add'], group: organization },
  { cmdlet: 'Remove-ActiveSyncDeviceAccessRule', for: ['rule-remove'], group: organization },
  { cmdlet: 'Get-MobileDeviceMailboxPolicy', for: ['policy', 'policy-set'], group: viewers },
  { cmdlet: 'Set-MobileDeviceMailboxPolicy', for: ['policy-set'], group: organization },
]

/** The cmdlets that an account may run, with their parameters where the door tells them; all in lower case. */
export type Offered = ReadonlyMap<string, ReadonlySet<string> | undefined>

/** Whether the account may run a cmdlet with these parameters. */
export const FindingSchema = z.object({
  cmdlet: z.string(),
  parameters: z.array(z.string()),
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

/** Holds what an account may do against what is required, line by line. */
export function checkRights({ kind, offered, is2010, hasAccountOnly }: Facts): Finding[] {
  const stateOf = (cmdlet: string, parameters: readonly string[]): Finding['state'] => {
    if (offered === undefined) return 'notTold'
    if (!offered.has(cmdlet.toLowerCase())) return 'missing'
    if (parameters.length === 0) return 'granted'
    const known = offered.get(cmdlet.toLowerCase())
    if (known === undefined) return 'notTold'
    return parameters.every((parameter) => known.has(parameter.toLowerCase())) ? 'granted' : 'missing'
  }
  return requirements
    .filter(({ where = kind }) => where === kind)
    .map(({ cmdlet: since2013, parameters = [], group }) => {
      const cmdlet = is2010 ? nameIn2010(since2013) : since2013
      const isTooOld = parameters.includes('AccountOnly') && !hasAccountOnly
      return { cmdlet, parameters: [...parameters], group, state: isTooOld ? 'tooOld' : stateOf(cmdlet, parameters) }
    })
}

/** A cmdlet with its parameters, as people write it. */
export const commandOf = ({ cmdlet, parameters }: Pick<Finding, 'cmdlet' | 'parameters'>) =>
  [cmdlet, ...parameters.map((parameter) => `-${parameter}`)].join(' ')

/** The first thing that an action needs and the account lacks. */
export function lackOf(findings: readonly Finding[], action: string): Finding | undefined {
  const needed = requirements.filter(({ for: actions }) => actions.some((one) => one === action))
  return findings.find(
    ({ cmdlet, parameters, state }) =>
      state === 'missing' &&
      needed.some(
        (one) =>
          [one.cmdlet, nameIn2010(one.cmdlet)].includes(cmdlet) && (one.parameters ?? []).join() === parameters.join(),
      ),
  )
}
