import { z } from 'zod'
import type { Permission } from '../access/permissions.ts'
import type { Rights } from '../access/rights.ts'
import type { Person } from '../audit/person.ts'
import type { Field, Reply } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import type { Device } from '../inventory/device.ts'
import type { ChangeRequest } from '../requests/request.ts'
import type { Desk } from './desk.ts'
import type { DeviceView } from './device.ts'
import { readLine, readUsage } from './grammar.ts'

/** Where a conversation takes place; only the personal chat is private. */
export type Scope = 'personal' | 'groupChat' | 'channel'

/** Who asks, proven by Teams; the name is for showing only. */
export interface Caller extends Person {
  readonly name: string
  /** The mail addresses by which the door knows this account, lower case; undefined where it cannot find out. */
  readonly addresses: () => Promise<readonly string[] | undefined>
  /** Whether they own the team in whose channel they ask. */
  readonly ownsTeam?: () => Promise<boolean>
}

export interface Context extends Desk {
  readonly caller: Caller
  readonly rights: Rights
  readonly scope: Scope
  /** Where it was asked in Teams; a thread belongs to its channel. */
  readonly conversation?: string
  /** Whether only the caller sees the answer; a message in a channel or group is seen by all. */
  readonly own: boolean
  /** Nobody asked now: what is shown already is shown again. */
  readonly automatic: boolean
  readonly signal: AbortSignal
  /** The request that this carries out, when a second person approved it. */
  readonly approved?: ChangeRequest
  readonly commands: readonly Command[]
}

/** Arguments by name, as words or a press gave them. */
export type Values = Readonly<Record<string, unknown>>

/** A command whose arguments are checked, ready to run. */
export type Go = (context: Context, device: Device | undefined) => Promise<Reply>

interface CommandAbout {
  readonly name: string
  readonly aliases?: readonly string[]
  /** Its arguments, as `help` shows them and as words are read. */
  readonly usage: string
  readonly summary: string
  readonly example: string
  /** Any of these allows it; none means that anybody may. The first is the one that a refusal names. */
  readonly permission: readonly Permission[]
  /** In whose menu it stands, at most ten in each; it can be typed everywhere. */
  readonly scopes: readonly Scope[]
  /** Whether it changes anything, or with which arguments: then the record is on disk before it runs. */
  readonly changes: boolean | ((values: Values) => boolean)
  /** What its form is called, where its name does not say it. */
  readonly called?: (values: Values) => string
  /** Optional arguments that a form asks for all the same, as things are here. */
  readonly alsoAsked?: (context: Context) => readonly string[]
}

/** The button of a device command on the device's card. */
export interface DeviceButton {
  title(device: Device): string
  readonly style?: 'positive' | 'destructive'
  /** Whether there is anything for it to do. */
  offered(view: DeviceView, context: Context): boolean
}

export interface Command extends CommandAbout {
  readonly button?: DeviceButton
  /** Whether its `ref` names a device, which the pipeline resolves. */
  readonly device: boolean
  /** The inputs of a form for it. */
  readonly fields: readonly Field[]
  /** Gives the words of a line their places. */
  values(line: string): Values
  /** Checks the arguments. Throws COMMAND_ARGUMENT, one sentence and the example. */
  check(values: Values): Go
}

/** The reason that goes into the record: short enough to be read, long enough to be one. */
export const Reason = z.string().trim().min(3).max(400).meta({ title: 'Reason', long: true })

/** What names a device; the pipeline resolves it. */
export const Ref = z.string().trim().min(1).meta({ title: 'Device' })

/** A command without a device. */
export function defineCommand<S extends z.ZodObject>(
  about: CommandAbout & { args: S; run(args: z.output<S>, context: Context): Promise<Reply> },
): Command {
  return define(about, false, (args) => (context) => about.run(args, context))
}

/** A command on one device: `run` gets it resolved, and only if the caller may do this to it. */
export function defineDeviceCommand<S extends z.ZodObject>(
  about: CommandAbout & {
    args: S
    button?: DeviceButton
    run(device: Device, args: z.output<S>, context: Context): Promise<Reply>
  },
): Command {
  return define(about, true, (args) => async (context, device) => {
    if (device === undefined) throw new Error(`${about.name} without a device`)
    assertGranted(about.name, device.connector, context)
    return about.run(device, args, context)
  })
}

/** Throws CONNECTOR_LACKS when the account of a connector lacks a right that a command needs. */
export function assertGranted(command: string, connector: string, { connectors }: Context): void {
  const lack = connectors.lack(connector, command)
  if (lack !== undefined) throw new BotError('CONNECTOR_LACKS', `“${command}” is not possible: ${lack}`)
}

function define<S extends z.ZodObject>(
  about: CommandAbout & { args: S },
  device: boolean,
  bind: (args: z.output<S>) => Go,
): Command {
  const grammar = readUsage(about.usage)
  const fields = once(() => fieldsOf(about.args))
  return {
    ...about,
    device,
    /** Worked out when they are first needed: for all commands at start it would take long. */
    get fields() {
      return fields()
    },
    values: (line) => readLine(grammar, line),
    check(values) {
      const asGiven = about.args.safeParse(values)
      if (asGiven.success) return bind(asGiven.data)
      const given = withoutBlanks(values)
      const result = about.args.safeParse(given, { error: sentenceOf })
      if (!result.success) throw wrong(about, fields(), given, result.error)
      return bind(result.data)
    },
  }
}

/** Makes something when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined
  return () => {
    made ??= { it: make() }
    return made.it
  }
}

/** An input that was left empty says nothing, unless that is something to say. */
const withoutBlanks = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value !== 'string' || value.trim() !== ''))

/** What is wrong with an argument, where its schema does not say so itself. */
function sentenceOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'too_small':
      return `must be ${issue.origin === 'string' ? `at least ${issue.minimum} characters long` : `${issue.minimum} or more`}`
    case 'too_big':
      return `must be ${issue.origin === 'string' ? `at most ${issue.maximum} characters long` : `${issue.maximum} or less`}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'invalid_type':
      return `must be ${['number', 'int'].includes(issue.expected) ? 'a whole number' : 'text'}`
    default:
      return undefined
  }
}

/** One sentence that names every wrong argument, and the example. */
function wrong({ name, example }: CommandAbout, fields: readonly Field[], values: Values, error: z.ZodError): BotError {
  const problems = error.issues.map(({ path, message }) => {
    const field = fields.find((candidate) => candidate.name === path[0])
    if (field === undefined) return message
    const label = field.label.toLowerCase()
    return field.name in values ? `${label}: ${message}` : `the ${label} ${/[^s]s$/.test(label) ? 'are' : 'is'} missing`
  })
  const text = `“${name}” cannot run: ${[...new Set(problems)].join('; ')}. Type for example “${example}”.`
  return new BotError('COMMAND_ARGUMENT', text, { cause: error })
}

const PropertySchema = z.object({
  type: z.string().optional(),
  title: z.string().optional(),
  enum: z.array(z.string()).optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  maxLength: z.number().optional(),
  long: z.boolean().optional(),
})
const ShapeSchema = z.object({
  properties: z.record(z.string(), PropertySchema).default({}),
  required: z.array(z.string()).default([]),
})

/** The inputs that a form needs for these arguments. */
function fieldsOf(args: z.ZodObject): Field[] {
  const { properties, required } = ShapeSchema.parse(z.toJSONSchema(args, { io: 'input', unrepresentable: 'any' }))
  return Object.entries(properties).map(([name, about]) => ({
    name,
    label: about.title ?? name,
    kind: about.enum
      ? 'choice'
      : about.type === 'boolean'
        ? 'toggle'
        : about.type === 'number' || about.type === 'integer'
          ? 'number'
          : about.long
            ? 'long'
            : 'text',
    required: required.includes(name),
    ...(about.enum && { choices: about.enum }),
    ...(about.default !== undefined && { value: String(about.default) }),
    ...(about.maxLength !== undefined && { max: about.maxLength }),
  }))
}
