import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Result } from '../cmdlets.ts'
import { CmdletError } from '../errors.ts'
import { parseJson } from '../http.ts'
import type { Organization } from '../model.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Table } from '../values.ts'
import { badRequest, type Response, refusal, respond, respondEmpty, respondWith } from './errors.ts'
import { writeRows } from './rows.ts'

/** One InvokeCommand, alone or as an item of a $batch. */
export interface Invocation {
  readonly organization: Organization
  /** Where the caller reached this server, for links. */
  readonly base: string
  readonly url: URL
  readonly header: (name: string) => string | undefined
  readonly body: string
}

const EnvelopeSchema = z.object({
  CmdletInput: z.object({ CmdletName: z.string().min(1), Parameters: z.record(z.string(), z.unknown()) }),
})

/** A read of many pages. The following pages are found only by the same body sent over the same route. */
interface Reading {
  readonly table: Table
  readonly select: ReadonlySet<string> | undefined
  readonly size: number
  readonly route: string
  readonly body: string
  readonly path: string
  readonly expires: number
}

const readingMinutes = 30
const expired = 'Expired or Invalid pagination request. Default Expiry time is 00:30:00'

/** InvokeCommand: a cmdlet as JSON, its rows in pages. `undefined`: the connection is to be dropped. */
export function createInvoke(sandbox: Sandbox) {
  const readings = new Map<string, Reading>()

  async function invoke(invocation: Invocation): Promise<Response | undefined> {
    const { organization, url, body } = invocation
    const envelope = EnvelopeSchema.safeParse(parseJson(body)).data?.CmdletInput
    if (!envelope)
      return badRequest("The property 'CmdletInput' with 'CmdletName' and 'Parameters' is missing or can't be read.")
    const { CmdletName: cmdlet, Parameters: parameters } = envelope
    if (!Object.values(parameters).every(isTyped))
      return badRequest(
        "A resource without a type name was found, but no expected type was specified; '@odata.type' is missing.",
      )

    const token = url.searchParams.get('$skiptoken')
    const ending = await sandbox.withFaults(cmdlet, organization, () => {
      if (token !== null) return nextPage(invocation, token)
      const result = sandbox.run({ cmdlet, parameters }, organization, 'REST', organization.account.clientId)
      return result instanceof CmdletError ? refusal(result, cmdlet, organization) : answer(invocation, cmdlet, result)
    })
    if (ending.kind === 'lost') return undefined
    if (ending.kind === 'status')
      return respondEmpty(
        ending.status,
        ending.retryAfter === undefined ? {} : { 'Retry-After': String(ending.retryAfter) },
      )
    return ending.kind === 'garbled'
      ? { ...ending.value, headers: { ...ending.value.headers, 'Content-Encoding': 'gzip' } }
      : ending.value
  }

  function answer(invocation: Invocation, cmdlet: string, result: Result): Response {
    const { organization, url, header, body } = invocation
    if (result.confirmation !== undefined)
      return respond(200, { ...context(organization), '@adminapi.confirmationmessage': result.confirmation, value: [] })
    const { table, warnings = [] } = result
    if (!table && warnings.length === 0 && /^(Clear|Remove)-/i.test(cmdlet)) return respondEmpty(204)
    if (!table) return respond(200, { ...context(organization, warnings), value: [] })
    const asked = Number(header('Prefer')?.match(/odata\.maxpagesize=(\d+)/)?.[1] ?? 1000)
    const reading: Reading = {
      table,
      select: selected(url),
      size: Math.min(Math.max(asked, 1), 1000),
      route: routeOf(invocation) ?? randomUUID(),
      body,
      path: url.pathname,
      expires: sandbox.now() + readingMinutes * 60_000,
    }
    return page(invocation, reading, randomUUID(), 0, warnings)
  }

  function nextPage(invocation: Invocation, token: string): Response {
    const [id = '', offset = ''] = token.split('.')
    const reading = readings.get(id)
    const valid =
      reading !== undefined &&
      reading.expires >= sandbox.now() &&
      reading.route === routeOf(invocation) &&
      reading.body === invocation.body &&
      reading.path === invocation.url.pathname
    return valid ? page(invocation, reading, id, Number(offset), []) : badRequest(expired)
  }

  function page(invocation: Invocation, reading: Reading, id: string, from: number, warnings: readonly string[]) {
    const to = from + reading.size
    const more = to < reading.table.keys.length
    if (more && from === 0) keep(id, reading)
    const next = more && { '@odata.nextLink': `${invocation.base}${reading.path}?%24skiptoken=${id}.${to}` }
    const head = JSON.stringify({ ...context(invocation.organization, warnings), ...next, value: [] }).slice(0, -2)
    return respondWith(200, [Buffer.from(head), writeRows(reading.table, from, to, reading.select), Buffer.from(']}')])
  }

  function keep(id: string, reading: Reading) {
    for (const [old, { expires }] of readings) if (expires < sandbox.now()) readings.delete(old)
    readings.set(id, reading)
  }

  return invoke
}

const context = ({ tenant }: Organization, warnings: readonly string[] = []) => ({
  '@odata.context': `https://outlook.office.com/adminapi/beta/${tenant}/$metadata#Collection(Exchange.GenericHashTable)`,
  'adminapi.warnings@odata.type': '#Collection(String)',
  '@adminapi.warnings': warnings,
})

/** An object among the parameters must say that it is a hash table. */
const isTyped = (value: unknown) =>
  typeof value !== 'object' ||
  value === null ||
  Array.isArray(value) ||
  Object.entries(value).some(([key, type]) => key === '@odata.type' && type === '#Exchange.GenericHashTable')

function selected(url: URL) {
  const names = url.searchParams.get('$select')?.split(',').filter(Boolean)
  return names?.length ? new Set(names.map((name) => name.trim())) : undefined
}

/** What X-AnchorMailbox routes by; without one, or with a vanity domain, the next request ends up somewhere else. */
function routeOf({ organization, header }: Invocation) {
  const anchor = header('X-AnchorMailbox')?.toLowerCase()
  const domain = anchor?.split(/[@:]/).at(-1)
  return domain === organization.tenant.toLowerCase() || domain === organization.initialDomain ? anchor : undefined
}
