import { z } from 'zod'
import { CmdletError } from '../errors.ts'
import type { Account, Organization } from '../model.ts'
import { allows } from '../rights.ts'
import type { Table } from '../values.ts'
import { type Availability, onPremises } from '../version.ts'
import { flag, resultSize, text } from './parameters.ts'

/** What a cmdlet works on. */
export interface Context {
  readonly organization: Organization
  readonly now: number
  /** The name by which it was called: cmdlets of Exchange 2010 live on beside the newer ones. */
  readonly called: string
  /** Who runs it, as Exchange would name them. */
  readonly requestor: string
}

/** What a cmdlet answers with. */
export interface Answer {
  readonly table?: Table
  readonly warnings?: readonly string[]
}

/** A cmdlet that has been bound to its arguments. */
interface Bound {
  /** Set when it must not run before somebody has confirmed this text. */
  readonly confirmation: string | undefined
  run(): Answer
}

export interface Cmdlet {
  readonly name: string
  readonly parameters: (organization: Organization) => readonly string[]
  readonly offered: Availability
  bind(given: Readonly<Record<string, unknown>>, account: Account, context: Context): Bound
}

interface Definition<Shape extends z.ZodRawShape> {
  readonly name: string
  readonly where?: Availability
  readonly parameters: Shape
  /** Parameters that do not exist everywhere. */
  readonly only?: { readonly [name in keyof Shape]?: Availability }
  /** The question of a cmdlet with a built-in pause; the others ask only when `Confirm` is given. */
  readonly pause?: (subject: string) => string
  /** Checks and looks up, and hands back what is to be done once that is confirmed. */
  readonly run: (given: z.infer<z.ZodObject<Shape>>, context: Context) => Answer | (() => Answer | undefined)
}

const always: Availability = () => true
const whereCommon: Readonly<Record<string, Availability>> = { DomainController: onPremises }

const common = z.object({
  DomainController: text.optional(),
  ErrorAction: text.optional(),
  WarningAction: text.optional(),
  Verbose: flag.optional(),
})
const changing = common.extend({ Confirm: flag.optional(), WhatIf: flag.optional() })

/** A list that can be limited; Exchange gives 1,000 objects unless told otherwise. */
export const limited = { ResultSize: resultSize.optional(), SortBy: text.optional() }

/** Ties the schema of the parameters to the handler. */
export function defineCmdlet<const Shape extends z.ZodRawShape>(definition: Definition<Shape>): Cmdlet {
  const { name, where = always, pause, run } = definition
  const own = z.object(definition.parameters)
  const shared = name.startsWith('Get-') ? common : changing
  const available: Readonly<Record<string, Availability | undefined>> = { ...whereCommon, ...definition.only }
  const parameters = (organization: Organization) =>
    Object.keys({ ...own.shape, ...shared.shape }).filter((one) => (available[one] ?? always)(organization))

  return {
    name,
    offered: where,
    parameters,
    bind(given, account, context) {
      const allowed = parameters(context.organization).filter((parameter) => allows(account, name, parameter))
      const args = spelled(given, allowed)
      const { Confirm, WhatIf } = read(changing, args)
      const result = run(read(own, args), context)
      const asks = Confirm ?? pause !== undefined
      const question = pause ?? ((about) => `Are you sure you want to perform this action? ${name} on "${about}".`)
      return {
        confirmation: shared === changing && asks ? question(String(args.Identity ?? args.Name ?? name)) : undefined,
        run: () => (WhatIf ? {} : typeof result === 'function' ? (result() ?? {}) : result),
      }
    },
  }
}

/** The arguments under their proper names, which PowerShell reads without regard to case. */
function spelled(given: Readonly<Record<string, unknown>>, allowed: readonly string[]) {
  const proper = new Map(allowed.map((parameter) => [parameter.toLowerCase(), parameter]))
  const unknown = Object.keys(given).filter((parameter) => !proper.has(parameter.toLowerCase()))
  if (unknown.length > 0)
    throw new CmdletError(
      'parameter',
      `A parameter cannot be found that matches parameter name '${unknown.join("', '")}'.`,
      { parameters: unknown },
    )
  return Object.fromEntries(
    Object.entries(given).map(([parameter, value]) => [proper.get(parameter.toLowerCase()) ?? parameter, value]),
  )
}

/** What the arguments say, or the first thing that is wrong with them in Exchange's terms. */
function read<Schema extends z.ZodObject>(schema: Schema, args: Readonly<Record<string, unknown>>): z.infer<Schema> {
  const result = schema.safeParse(args)
  if (result.success) return result.data
  const [wrong] = result.error.issues
  const parameter = String(wrong?.path[0])
  if (!(parameter in args))
    throw new CmdletError(
      'parameter',
      `Cannot process command because of one or more missing mandatory parameters: ${parameter}.`,
      { parameters: [parameter] },
    )
  if (wrong?.code === 'custom' && wrong.params?.range === true)
    throw new CmdletError('refused', `${parameter}: ${wrong.message}`, {
      type: 'Microsoft.Exchange.Data.DataValidationException',
    })
  throw new CmdletError(
    'argument',
    `Cannot process argument transformation on parameter '${parameter}'. ${wrong?.message}`,
  )
}

/** The object that was named, or Exchange's error that there is none. */
export function found<T>(object: T | undefined, identity: string, organization: Organization): T {
  if (object !== undefined) return object
  const server =
    organization.kind === 'online' ? 'AM0PR04A002DC01.EURPR04A002.PROD.OUTLOOK.COM' : `dc01.${organization.domain}`
  throw new CmdletError(
    'notFound',
    `The operation couldn't be performed because object '${identity}' couldn't be found on '${server}'.`,
  )
}

/** The object with this name or Guid. */
export const named = <T extends { readonly guid: string; readonly name: string }>(
  objects: ReadonlyMap<string, T>,
  identity: string,
) =>
  objects.get(identity.toLowerCase()) ??
  [...objects.values()].find(({ name }) => name.toLowerCase() === identity.toLowerCase())

export const unchanged = (name: string): Answer => ({
  warnings: [`The command completed successfully but no settings of '${name}' have been modified.`],
})
