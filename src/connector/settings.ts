import { z } from 'zod'
import { isLoopback } from '../config.ts'
import { BotError } from '../errors.ts'
import type { Limits } from '../inventory/inactive.ts'
import { type Level, levels } from './rules/rule.ts'
import { schedulePattern } from './schedule.ts'

/** A setting: it comes as typed text, as the input of a form, or as it is stored. A title may have a hint in brackets. */
function setting<T extends z.ZodType>(title: string, schema: T, read: (text: string) => unknown = (text) => text) {
  const { type, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const about = type === 'boolean' ? { ...rest, type: 'string', enum: ['yes', 'no'] } : { ...rest, type }
  return z
    .preprocess((given) => (typeof given === 'string' ? read(given.trim()) : given), schema)
    .meta({ ...about, title })
}

const listOf = (separators: RegExp) => (text: string) => text.split(separators).flatMap((part) => part.trim() || [])

const choice = <const V extends readonly [string, ...string[]]>(values: V) => ({
  schema: z.enum(values, `one of ${values.join(', ')}`),
  read: (text: string) => values.find((value) => value.toLowerCase() === text.toLowerCase()) ?? text,
})

const yesNo = (text: string) => (/^(yes|on|true)$/i.test(text) ? true : /^(no|off|false)$/i.test(text) ? false : text)
const toggle = z.boolean('yes or no')
const whole = (low: number, high: number) =>
  z.coerce.number('a whole number').int('a whole number').min(low, `at least ${low}`).max(high, `at most ${high}`)

const kinds = choice(['online', 'onPremises'])
const proofs = choice(['basic', 'kerberos'])
const access = choice(levels)

const isAddress = (text: string) => /^https?:\/\/[^/]/i.test(text) && URL.canParse(text)
const isSafe = (text: string) => new URL(text).protocol === 'https:' || isLoopback(new URL(text))
/** Where a password or a token goes it goes encrypted, or it does not leave this machine. */
const url = z
  .string()
  .refine(isAddress, { error: 'an address such as https://ex1.contoso.com/PowerShell/', abort: true })
  .refine(isSafe, 'https, but for this machine')

/** `Berlin=ex1.contoso.com,ex2.contoso.com; Paris=ex3.contoso.com`: by site, in the order in which they are tried. */
const sitesOf = (text: string) =>
  listOf(/;/)(text).map((part) => {
    const [site = '', servers = ''] = part.split('=', 2)
    return { site: site.trim(), servers: listOf(/,/)(servers) }
  })

const server = z
  .string()
  .regex(/^[\w.-]+(:\d+)?$/, 'servers by name, such as Berlin=ex1.contoso.com,ex2.contoso.com; Paris=ex3.contoso.com')
const SiteSchema = z.object({
  site: z.string().min(1, 'a site before ='),
  servers: z.array(server).min(1, 'a server behind ='),
})

const who = {
  name: setting(
    'Name',
    z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,39}$/u, '1 to 40 letters, digits, spaces, dots, - and _'),
  ),
  address: setting('Address', url),
  credential: setting(
    'Credential (its file in CREDENTIALS_DIR, without .json)',
    z.string().regex(/^[\w-]{1,64}$/, 'the name of a file in CREDENTIALS_DIR, without .json'),
  ),
}

/** Names of the properties are those of Configuration Manager's New-CMExchangeServer and of Exchange. */
const rest = {
  fullSyncSchedule: setting(
    'Full sync (24h, or at a time in UTC: 02:30)',
    z.string().regex(schedulePattern, 'so many hours, as 24h, or a time of day in UTC, as 02:30').default('24h'),
  ),
  deltaSyncMins: setting('Delta sync (minutes)', whole(5, 1440).default(240)),
  activeDirectoryContainers: setting(
    'Organizational units (with ; between them; all when empty)',
    z.array(z.string().max(400)).max(50).default([]),
    listOf(/;/),
  ),
  maximumInactiveDays: setting('Ignore inactive devices (after days)', whole(1, 3650).optional()),
  minimumOsVersions: setting(
    'Minimum systems (iOS 17, Android 13)',
    z
      .array(z.string().regex(/^\D+\d+(\.\d+)*$/, 'systems such as iOS 17, Android 13'))
      .max(20)
      .default([]),
    listOf(/[,;]/),
  ),
  enableAccessRule: setting('Manage access rules (and the default access level)', toggle.default(true), yesNo),
  allowExternalDeviceManagement: setting(
    'Allow external mobile device management (empty: as Exchange has it)',
    toggle.optional(),
    yesNo,
  ),
  emailAddresses: setting(
    'Quarantine mail goes to (empty: as Exchange has it)',
    z.array(z.email('mail addresses')).max(50).default([]),
    listOf(/[,;\s]/),
  ),
  userMailInsert: setting(
    'Text for users in quarantine mail (empty: as Exchange has it)',
    z.string().max(256, 'at most 256 characters').optional(),
  ),
}

const OnlineSchema = z.strictObject({
  kind: z.literal('online'),
  ...who,
  tenant: setting(
    'Tenant',
    z
      .string()
      .regex(/^[\w.-]+$/, "the tenant's id or its onmicrosoft.com name")
      .optional(),
  ),
  authority: setting('Authority', url.default('https://login.microsoftonline.com')),
  ...rest,
})

const OnPremisesSchema = z.strictObject({
  kind: z.literal('onPremises'),
  ...who,
  clientAccessServers: setting(
    'Client access servers (by AD site: Berlin=ex1,ex2; Paris=ex3)',
    z.array(SiteSchema).max(50).default([]),
    sitesOf,
  ),
  authentication: setting('Authentication', proofs.schema.default('basic'), proofs.read),
  ...rest,
})

/** The link to one Exchange organization, as it was set up. */
export const ConnectorSchema = z.discriminatedUnion('kind', [OnlineSchema, OnPremisesSchema])

export type Connector = z.infer<typeof ConnectorSchema>
export type OnlineConnector = z.infer<typeof OnlineSchema>
export type OnPremisesConnector = z.infer<typeof OnPremisesSchema>

/** Kept in Exchange and not here; `default-access` shows what it does to the devices before it changes it. */
const WithLevelSchema = z.object({
  accessLevel: setting(
    'Default access level (shown what it does before it is changed)',
    access.schema.optional(),
    access.read,
  ),
})

/** What a form needs to know of a setting. */
const AboutSchema = z.object({
  title: z.string(),
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional().catch(undefined),
})

export interface Input extends z.infer<typeof AboutSchema> {
  readonly name: string
}

const inputsIn = (shape: Readonly<Record<string, z.ZodType>>): Input[] =>
  Object.entries(shape).flatMap(([name, schema]) => {
    const about = AboutSchema.safeParse(schema.meta())
    return about.success ? [{ name, ...about.data }] : []
  })

/** The settings of each kind, in the order of a form. */
export const inputs: Readonly<Record<Connector['kind'], readonly Input[]>> = {
  online: inputsIn({ ...OnlineSchema.shape, ...WithLevelSchema.shape }),
  onPremises: inputsIn({ ...OnPremisesSchema.shape, ...WithLevelSchema.shape }),
}

export const kindOf = (text: string): Connector['kind'] | undefined =>
  kinds.schema.safeParse(kinds.read(text.trim())).data

/** What must be given; the rest has a default, or is off. */
export const required = ['name', 'kind', 'address', 'credential']

/**
 * Settings out of words or a form, on top of those that there were; one that is given empty has its default again. Throws
 * CONNECTOR_REFUSED, which names every one that is wrong.
 */
export function readConnector(given: Readonly<Record<string, unknown>>, old?: Connector): Connector {
  const kind = old?.kind ?? kindOf(String(given.kind ?? ''))
  const { accessLevel, ...filled } = filledIn({ ...old, ...given, kind })
  const level = WithLevelSchema.safeParse({ accessLevel })
  const result = ConnectorSchema.safeParse(filled)
  if (result.success && level.success) return result.data
  const { error } = kind === undefined ? z.object({ ...who, ...rest }).safeParse(filled) : result
  const problems = [...(error?.issues ?? []), ...(level.error?.issues ?? [])].flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${titleOf(key)}: not for this kind`)
    const name = String(issue.path[0])
    return `${titleOf(name)}: ${name in filled || name === 'accessLevel' ? issue.message : 'missing'}`
  })
  if (kind === undefined) problems.unshift('Kind: online or onPremises')
  throw new BotError('CONNECTOR_REFUSED', [...new Set(problems)].join('; '))
}

const filledIn = (given: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && String(value).trim() !== ''))

/** The default access level that is wanted, out of words or a form that were read well. */
export const levelOf = (given: Readonly<Record<string, unknown>>): Level | undefined =>
  WithLevelSchema.parse(filledIn(given)).accessLevel

const titles = new Map([...inputs.online, ...inputs.onPremises].map(({ name, title }) => [name, title]))
const titleOf = (name: string) => titles.get(name)?.replace(/ \(.*\)$/, '') ?? name

/** What the inventory is to hold devices against: `iOS 17` is the minimum of all systems whose names begin with iOS. */
export const limitsOf = ({ maximumInactiveDays, minimumOsVersions }: Connector): Limits => ({
  inactiveDays: maximumInactiveDays,
  minimumOs: Object.fromEntries(
    minimumOsVersions.map((system) => {
      const [, name = '', version = ''] = /^(\D+)([\d.]+)$/.exec(system) ?? []
      return [name.trim(), version]
    }),
  ),
})

/** Whether other devices may be found with these settings than with those. */
export function isElsewhere(one: Connector, other: Connector): boolean {
  const where = ({ address, activeDirectoryContainers, ...rest }: Connector) => [
    address,
    activeDirectoryContainers,
    'tenant' in rest ? rest.tenant : undefined,
  ]
  return JSON.stringify(where(one)) !== JSON.stringify(where(other))
}

/** A setting as it is typed. */
export function textOf(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const sites = z.array(SiteSchema).min(1).safeParse(value)
  if (sites.success) return sites.data.map(({ site, servers }) => `${site}=${servers.join(',')}`).join('; ')
  return Array.isArray(value) ? value.join('; ') : String(value)
}
