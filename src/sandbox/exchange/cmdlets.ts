import type { Answer, Cmdlet, Context } from './cmdlets/cmdlet.ts'
import { defineCmdlet } from './cmdlets/cmdlet.ts'
import { configurationCmdlets } from './cmdlets/configuration.ts'
import { deviceCmdlets } from './cmdlets/devices.ts'
import { mailboxCmdlets } from './cmdlets/mailboxes.ts'
import { text as textParameter } from './cmdlets/parameters.ts'
import { policyCmdlets } from './cmdlets/policies.ts'
import { CmdletError } from './errors.ts'
import type { Organization } from './model.ts'
import { allows } from './rights.ts'
import { type Columns, table, text, texts } from './values.ts'
import { onPremises } from './version.ts'

const commandColumns = (organization: Organization): Columns<Cmdlet> => ({
  Name: text((cmdlet) => cmdlet.name),
  CommandType: text(() => 'Function'),
  Parameters: texts((cmdlet) =>
    cmdlet.parameters(organization).filter((parameter) => allows(organization.account, cmdlet.name, parameter)),
  ),
})

/** What the account may run, as a PowerShell session shows it: what is not there does not exist. */
const getCommand = defineCmdlet({
  name: 'Get-Command',
  where: onPremises,
  parameters: { Name: textParameter.optional() },
  run({ Name }, { organization }) {
    const wanted = Name?.toLowerCase()
    const offered = offeredTo(organization).filter(({ name }) => wanted === undefined || name.toLowerCase() === wanted)
    return { table: table(commandColumns(organization), offered) }
  },
})

const cmdlets: readonly Cmdlet[] = [
  ...deviceCmdlets,
  ...mailboxCmdlets,
  ...configurationCmdlets,
  ...policyCmdlets,
  getCommand,
]
const byName = new Map(cmdlets.map((cmdlet) => [cmdlet.name.toLowerCase(), cmdlet]))

/** The cmdlets that exist for the organization's account. */
export const offeredTo = (organization: Organization) =>
  cmdlets.filter((cmdlet) => cmdlet.offered(organization) && allows(organization.account, cmdlet.name))

/** A cmdlet as it arrived at a door. */
export interface Call {
  readonly cmdlet: string
  readonly parameters: Readonly<Record<string, unknown>>
}

/** Ran to its end, or waits for somebody to confirm this text (then nothing has been done). */
export type Result = (Answer & { readonly confirmation?: undefined }) | { readonly confirmation: string }

/** Runs a cmdlet, or throws a CmdletError that says why not; then nothing has been changed. */
export function runCmdlet(call: Call, about: Omit<Context, 'called'>): Result {
  const cmdlet = byName.get(call.cmdlet.toLowerCase())
  const { organization } = about
  if (!cmdlet?.offered(organization) || !allows(organization.account, cmdlet.name))
    throw new CmdletError(
      'hidden',
      `The term '${call.cmdlet}' is not recognized as the name of a cmdlet, function, script file, or operable program.`,
    )
  const bound = cmdlet.bind(call.parameters, organization.account, { ...about, called: cmdlet.name })
  return bound.confirmation === undefined ? bound.run() : { confirmation: bound.confirmation }
}
