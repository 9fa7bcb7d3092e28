import { z } from 'zod'
import { CmdletError } from '../errors.ts'
import { createRandom } from '../fleet/random.ts'
import { type Door, parseJson, readBody, sendJson } from '../http.ts'
import type { Organization } from '../model.ts'
import { FaultSchema, type Sandbox } from '../sandbox.ts'
import { changeMailbox, MailboxChangeSchema, NewMailboxSchema, newMailbox, showMailbox } from './mailboxes.ts'
import * as organizations from './organizations.ts'
import { connect, DevicesSchema, find, PhoneSchema, phonesOf, ReportSchema, sync } from './phones.ts'
import { Refused } from './refused.ts'

/** What a request of the control port is about; `name` is what the `*` of its path stands for. */
interface Request {
  readonly base: string
  readonly query: URLSearchParams
  readonly body: unknown
  readonly name: string
}

/** Any cmdlet, run by somebody else: another administrator, a script, an admin center. */
const CmdletSchema = z.strictObject({
  cmdlet: z.string(),
  parameters: z.record(z.string(), z.unknown()).default({}),
  organization: z.string().optional(),
  requestor: z.string().default('EURPR04A002.PROD.OUTLOOK.COM/contoso.onmicrosoft.com/Another Administrator'),
})

/** The control port: what a test, the page and the demo do to the sandbox besides what Exchange would let them do. */
export function createControl(sandbox: Sandbox, revokeTokens: () => void): Door {
  const random = createRandom(sandbox.now())

  /** The organization of this name; where none is named, the first that fits. */
  function organizationOf(name: string | undefined, fits: (organization: Organization) => boolean = () => true) {
    const all = [...sandbox.organizations.values()]
    const named = (organization: Organization) => organization.name.toLowerCase() === name?.toLowerCase()
    const organization = name === undefined ? (all.find(fits) ?? all[0]) : all.find(named)
    if (!organization) throw new Refused(404, `There is no organization ${name}.`)
    return organization
  }

  function mailboxOf(organization: Organization, identity: string) {
    const mailbox = organization.findMailbox(identity)
    if (!mailbox) throw new Refused(404, `${organization.name} has no mailbox ${identity}.`)
    return mailbox
  }

  function devices({ query }: Request) {
    const wish = DevicesSchema.parse(Object.fromEntries(query))
    const organization = organizationOf(wish.organization)
    const of = wish.mailbox === undefined ? undefined : mailboxOf(organization, wish.mailbox)
    return find(organization, of ? organization.devicesOf(of) : organization.devices.values(), wish)
  }

  const routes: Readonly<Record<string, (request: Request) => unknown>> = {
    'GET organizations': ({ base }) =>
      [...sandbox.organizations.values()].map((organization) => organizations.describe(organization, base)),

    'POST organizations': ({ base, body }) => {
      const about = organizations.NewOrganizationSchema.parse(body)
      if (sandbox.organizations.has(about.name)) throw new Refused(409, `${about.name} exists already.`)
      const organization = organizations.foundOrganization(about, sandbox.now())
      sandbox.organizations.set(organization.name, organization)
      return organizations.describe(organization, base)
    },

    'POST organizations/*': ({ base, body, name }) => {
      const organization = organizationOf(name)
      organizations.changeOrganization(organization, organizations.OrganizationChangeSchema.parse(body))
      return organizations.describe(organization, base)
    },

    'POST organizations/*/changes': ({ base, body, name }) => {
      const organization = organizationOf(name)
      organizations.changeFleet(organization, organizations.FleetChangeSchema.parse(body), sandbox.now())
      return organizations.describe(organization, base)
    },

    'GET devices': devices,

    'POST devices': ({ body }) => {
      const phone = PhoneSchema.parse(body)
      const organization = organizationOf(phone.organization, (one) => one.findMailbox(phone.mailbox) !== undefined)
      return connect(organization, mailboxOf(organization, phone.mailbox), phone, random, sandbox.now())
    },

    'POST devices/*/sync': ({ body, name }) => {
      const report = ReportSchema.parse(body ?? {})
      const organization = organizationOf(report.organization, (one) => phonesOf(one, name).length > 0)
      return sync(organization, name, report, sandbox.now())
    },

    'GET mailboxes/*': ({ query, name }) => {
      const organization = organizationOf(
        query.get('organization') ?? undefined,
        (one) => one.findMailbox(name) !== undefined,
      )
      return showMailbox(mailboxOf(organization, name))
    },

    'POST mailboxes': ({ body }) => {
      const about = NewMailboxSchema.parse(body)
      return newMailbox(organizationOf(about.organization), about, random, sandbox.now())
    },

    'POST mailboxes/*': ({ body, name }) => {
      const change = MailboxChangeSchema.parse(body)
      const organization = organizationOf(change.organization, (one) => one.findMailbox(name) !== undefined)
      return changeMailbox(organization, mailboxOf(organization, name), change, sandbox.now())
    },

    'GET calls': ({ query }) => sandbox.calls.slice(Number(query.get('since') ?? 0)),

    'POST cmdlets': ({ body }) => {
      const { cmdlet, parameters, organization, requestor } = CmdletSchema.parse(body)
      const confirmed = cmdlet.startsWith('Get-') ? parameters : { Confirm: false, ...parameters }
      const result = sandbox.run({ cmdlet, parameters: confirmed }, organizationOf(organization), 'control', requestor)
      if (result instanceof CmdletError) throw new Refused(400, `${result.type}: ${result.message}`)
      return {}
    },

    'POST faults': ({ body }) => {
      sandbox.addFault(FaultSchema.parse(body))
      return {}
    },

    'DELETE faults': () => {
      sandbox.clearFaults()
      return {}
    },

    'DELETE tokens': () => {
      revokeTokens()
      return {}
    },
  }

  return async (request, response, url) => {
    const path = url.pathname.match(/^\/_sandbox\/(.+)$/)?.[1]
    if (path === undefined) return false
    const [first = '', name = '', ...rest] = path.split('/')
    const route = routes[`${request.method} ${[first, ...(name ? ['*'] : []), ...rest].join('/')}`]
    const text = await readBody(request)
    try {
      if (!route) throw new Refused(404, `The control port has no ${request.method} ${url.pathname}.`)
      const body = text === '' ? undefined : parseJson(text)
      const answer = route({
        base: `http://${request.headers.host}`,
        query: url.searchParams,
        body,
        name: decodeURIComponent(name),
      })
      sendJson(response, 200, answer)
    } catch (error) {
      if (error instanceof Refused) sendJson(response, error.status, { error: error.message })
      else if (error instanceof z.ZodError) sendJson(response, 400, { error: z.prettifyError(error) })
      else throw error
    }
    return true
  }
}
