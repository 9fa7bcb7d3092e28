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

const common = {
  DomainController: text.optional(),
  ErrorAction: text.optional(),
  WarningAction: text.optional(),
  Verbose: flag.optional(),
}
const changing = { Confirm: flag.optional(), WhatIf: flag.optional() }
const whereCommon: Readonly<Record<string, Availability>> = { DomainController: onPremises }

/** A list that can be limited; Exchange gives 1,000 objects unless told otherwise. */
export const limited = { ResultSize: resultSize.optional(), SortBy: text.optional() }

/** Ties the schema of the parameters to the handler. */
export function defineCmdlet<const Shape extends z.ZodRawShape>(definition: Definition<Shape>): Cmdlet {
  const { name, where = always, pause, run } = definition
  const schema = z.object(definition.parameters)
  const changes = !name.startsWith('Get-')
  const available: Readonly<Record<string, Availability | undefined>> = { ...whereCommon, ...definition.only }
  const everything = z.object({ ...definition.parameters, ...common, ...(changes && changing) })
  const parameters = (organization: Organization) =>
    Object.keys(everything.shape).filter((parameter) => (available[parameter] ?? always)(organization))

  return {
    name,
    offered: where,
    parameters,
    bind(given, account, context) {
      const known = new Map(
        parameters(context.organization)
          .filter((parameter) => allows(account, name, parameter))
          .map((parameter) => [parameter.toLowerCase(), parameter]),
      )
      const unknown = Object.keys(given).filter((parameter) => !known.has(parameter.toLowerCase()))
      if (unknown.length > 0)
        throw new CmdletError(
          'parameter',
          `A parameter cannot be found that matches parameter name '${unknown.join("', '")}'.`,
          { parameters: unknown },
        )
      const named = Object.fromEntries(
        Object.entries(given).map(([parameter, value]) => [known.get(parameter.toLowerCase()) ?? parameter, value]),
      )
      check(everything, named)
      const args = schema.parse(named)
      const result = run(args, context)
      const act = typeof result === 'function' ? () => result() ?? {} : () => result
      const subject = String(named.Identity ?? named.Name ?? name)
      const question =
        pause ?? ((about: string) => `Are you sure you want to perform this action? ${name} on "${about}".`)
      const asks = named.Confirm === undefined ? pause !== undefined : named.Confirm === true
      return {
        confirmation: changes && asks ? question(subject) : undefined,
        run: () => (named.WhatIf === true ? {} : act()),
      }
    },
  }
}

/** The first thing that is wrong with the arguments, in Exchange's terms. */
function check(schema: z.ZodObject, named: Readonly<Record<string, unknown>>) {
  const found = schema.safeParse(named).error?.issues[0]
  if (!found) return
  const parameter = String(found.path[0])
  if (!(parameter in named))
    throw new CmdletError(
      'parameter',
      `Cannot process command because of one or more missing mandatory parameters: ${parameter}.`,
      { parameters: [parameter] },
    )
  const why =
    found.code === 'invalid_union' ? (found.errors.flat().find((one) => one.code === 'custom') ?? found) : found
  if (why.code === 'custom' && why.params?.range === true)
    throw new CmdletError('refused', `${parameter}: ${why.message}`, {
      type: 'Microsoft.Exchange.Data.DataValidationException',
    })
  throw new CmdletError(
    'argument',
    `Cannot process argument transformation on parameter '${parameter}'. ${why.message}`,
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
