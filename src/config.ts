import { z } from 'zod'
import { BotError } from './errors.ts'

/** Whether nobody but this machine can listen there. */
export const isLoopback = (url: URL) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)

const list = (text: string) => text.split(',').flatMap((part) => part.trim() || [])
const whole = (low: number, high: number) => z.coerce.number().int().min(low).max(high)
const onOff = z.enum(['on', 'off'])

/** The brake's four limits on wipes: an hour per requester, per approver and per site, and a day per site. */
const brake = z
  .string()
  .regex(/^\d+,\d+,\d+,\d+$/, 'four numbers such as 5,10,20,40')
  .transform((text) => text.split(',').map(Number))
  .pipe(z.tuple([z.number().min(1), z.number().min(1), z.number().min(1), z.number().min(1)]))
  .transform(([requester, approver, site, day]) => ({ requester, approver, site, day }))

const pattern = z.string().transform((text, context) => {
  try {
    return new RegExp(text, 'u')
  } catch {
    context.addIssue({ code: 'custom', message: 'a regular expression such as ^INC\\d{6}$' })
    return z.NEVER
  }
})

const absent = <T extends z.ZodType>(schema: T) => z.preprocess((value) => (value === '' ? undefined : value), schema)
const encrypted = z.string().refine((text) => {
  const url = URL.parse(text)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))
}, 'an https address')
const endpoint = (about: string) => absent(encrypted.optional()).describe(about)

/** Every setting that the environment can make; the description is what `npm start -- --help` prints. */
const SettingsSchema = z.object({
  PORT: absent(whole(0, 65535).default(3978)).describe('port to listen on'),
  HOST: absent(z.string().default('127.0.0.1')).describe('address to listen on; the demo takes loopback only'),
  DATA_DIR: absent(z.string().optional()).describe('folder of the stored things (data, or data-demo for the demo)'),
  DATABASE_URL: absent(z.url({ protocol: /^postgres(ql)?$/ }).optional()).describe('PostgreSQL instead of DATA_DIR'),
  PUBLIC_URL: absent(encrypted.optional()).describe('https address under which people reach the tab'),
  LOG_LEVEL: absent(z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info')).describe('what is logged'),
  ADMINS: absent(z.string().default(''))
    .transform(list)
    .pipe(z.array(z.guid('Entra object ids').toLowerCase()))
    .describe('Entra object ids, comma separated: Full Administrators on everything'),
  CREDENTIALS_DIR: absent(z.string().default('credentials')).describe('folder of <name>.json credentials'),
  GRAPH_CREDENTIAL: absent(z.string().optional()).describe('credential that reads groups and accounts from Graph'),
  APPROVALS: absent(whole(0, 9).default(1)).describe('people who must approve a wipe, beside the requester'),
  APPROVAL_HOURS: absent(z.coerce.number().positive().max(720).default(4)).describe('hours until a request expires'),
  EXECUTION_HOURS: absent(z.coerce.number().positive().max(720).default(1)).describe('hours until an approval expires'),
  BRAKE: absent(brake.prefault('5,10,20,40')).describe('wipes an hour by requester, approver, site; a day by site'),
  RIGHTS_APPROVAL: absent(onOff.default('on')).describe('off: changes of rights need no second person'),
  APPROVER_REST: absent(z.coerce.number().min(0).max(720).default(24)).describe(
    'hours until new approval rights count',
  ),
  MASS_CHANGE: absent(whole(0, 1_000_000).default(25)).describe('devices above which a change needs two people'),
  TICKET_PATTERN: absent(pattern.optional()).describe('regular expression of the ticket number that a wipe must name'),
  OWNER_NOTICE: absent(onOff.default('off')).describe('on: owners who have the bot are told of wipes'),
  AUDIT_DAYS: absent(whole(31, 36500).optional()).describe('days after which whole months of audit are deleted'),
  SERVICE_URL_HOSTS: absent(
    z.string().default('smba.trafficmanager.net,smba.infra.gcc.teams.microsoft.com,smba.infra.gov.teams.microsoft.us'),
  )
    .transform(list)
    .describe('hosts that Teams may name as its connector service'),
  SANDBOX_PORT: absent(whole(0, 65535).optional()).describe('demo: port of the sandbox Exchange'),
  SANDBOX_URL: absent(z.url().optional()).describe('demo: a sandbox Exchange that already runs'),
  MicrosoftAppId: absent(z.guid().toLowerCase().optional()).describe('the bot; without it the demo is started'),
  MicrosoftAppPassword: absent(z.string().optional()).describe("the bot's secret"),
  MicrosoftAppCertificateFile: absent(z.string().optional()).describe('PEM file with certificate and private key'),
  MicrosoftAppTenantId: absent(z.guid().toLowerCase().optional()).describe('the one tenant whose people are served'),
  MicrosoftAppType: absent(z.enum(['SingleTenant', 'UserAssignedMSI']).default('SingleTenant')).describe('kind of bot'),
  ToChannelFromBotLoginUrl: endpoint('sovereign clouds and tests: where the bot gets its token'),
  ToChannelFromBotOAuthScope: endpoint('… for which resource'),
  ToBotFromChannelTokenIssuer: endpoint('… issuer of the tokens that Teams sends'),
  OAuthUrl: endpoint('… token service, which is not used here'),
  ToBotFromChannelOpenIdMetadataUrl: endpoint("… that issuer's OpenID metadata"),
  ToBotFromEmulatorOpenIdMetadataUrl: endpoint('… OpenID metadata of the emulator, which is refused all the same'),
  CallerId: absent(z.string().optional()).describe('… name of the cloud, which is not used here'),
})

export type Settings = Readonly<z.infer<typeof SettingsSchema>>

/** What does not go together, said at the setting that mends it. */
const together = (env: NodeJS.ProcessEnv) => (env.MicrosoftAppId ? togetherInProduction(env) : togetherInDemo(env))

function togetherInProduction(env: NodeJS.ProcessEnv): string[] {
  const problems = env.MicrosoftAppTenantId ? [] : ['- MicrosoftAppTenantId: needed with MicrosoftAppId']
  const managed = env.MicrosoftAppType === 'UserAssignedMSI'
  if (!managed && !env.MicrosoftAppPassword && !env.MicrosoftAppCertificateFile)
    problems.push('- MicrosoftAppPassword: needed with MicrosoftAppId, or MicrosoftAppCertificateFile')
  return problems
}

/** The demo is for this machine alone; the small Teams listens on the port after the bot's. */
function togetherInDemo({ NODE_ENV, HOST, PORT }: NodeJS.ProcessEnv): string[] {
  const problems = NODE_ENV === 'production' ? ['- NODE_ENV: production needs MicrosoftAppId'] : []
  if (HOST && !isLoopbackHost(HOST)) problems.push('- HOST: the demo takes loopback only')
  if (PORT === '65535') problems.push('- PORT: the demo needs the next one as well')
  return problems
}

function isLoopbackHost(host: string): boolean {
  const url = URL.parse(`http://${host.includes(':') ? `[${host}]` : host}`)
  return url !== null && isLoopback(url)
}

/** Reads the environment once. Throws CONFIG_INVALID that lists every mistake. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const result = SettingsSchema.safeParse(env)
  const wrong = result.error?.issues.map((issue) => `- ${issue.path.join('.')}: ${issue.message}`) ?? []
  const problems = [...wrong, ...together(env)]
  if (!result.success || problems.length > 0) throw new BotError('CONFIG_INVALID', problems.join('\n'))
  return Object.freeze(result.data)
}

/** The settings as a person reads them on the terminal. */
export function describeSettings(): string {
  const width = Math.max(...Object.keys(SettingsSchema.shape).map((name) => name.length))
  const lines = Object.entries(SettingsSchema.shape).map(([name, schema]) => {
    const fallback = schema.safeParse(undefined)
    const shown = fallback.success && ['string', 'number'].includes(typeof fallback.data) ? ` [${fallback.data}]` : ''
    return `  ${name.padEnd(width)}  ${schema.description ?? ''}${shown}`
  })
  return ['Settings, all by environment:', ...lines].join('\n')
}
