import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { offeredTo } from '../cmdlets.ts'
import { type Door, parseJson, readBody } from '../http.ts'
import type { Organization } from '../model.ts'
import type { Sandbox } from '../sandbox.ts'
import { badRequest, type Response, respond, respondEmpty, respondWith, unauthorized } from './errors.ts'
import { createInvoke, type Invocation } from './invoke.ts'
import { type createTokens, organizationOf } from './token.ts'

const BatchSchema = z.object({
  requests: z.array(
    z.object({
      id: z.string(),
      method: z.string(),
      url: z.string(),
      headers: z.record(z.string(), z.string()).default({}),
      body: z.unknown(),
    }),
  ),
})

/** What an organization may send in a while, in requests; the figures are those that Exchange Online has shown. */
const budget = 30_000
const windowSeconds = 300

/** The REST door of Exchange Online: /adminapi, behind Entra tokens. */
export function createRestDoor(sandbox: Sandbox, tokens: ReturnType<typeof createTokens>): Door {
  const invoke = createInvoke(sandbox)
  const spent = new Map<string, { readonly used: number; readonly reset: number }>()

  /** Counts a request and tells what is left; below zero it is too many. */
  function spend({ name }: Organization) {
    const now = sandbox.now()
    const last = spent.get(name)
    const reset = last && last.reset > now ? last.reset : now + windowSeconds * 1000
    const used = (last && last.reset > now ? last.used : 0) + 1
    spent.set(name, { used, reset })
    return { left: budget - used, reset }
  }

  async function batch({ organization, base, body }: Invocation): Promise<Response | undefined> {
    const requests = BatchSchema.safeParse(parseJson(body)).data?.requests
    if (!requests) return badRequest('The batch request is not valid.')
    if (requests.length > 10) return badRequest('The batch request exceeds the limit of 10 requests.')
    const answers: Buffer[][] = []
    for (const item of requests) {
      const headers = new Headers(item.headers)
      const response = await invoke({
        organization,
        base,
        url: new URL(item.url, base),
        header: (name) => headers.get(name) ?? undefined,
        body: JSON.stringify(item.body),
      })
      if (!response) return undefined
      const head = JSON.stringify({ id: item.id, status: response.status, headers: response.headers }).slice(0, -1)
      const readable = response.headers['Content-Encoding'] === undefined && response.body.length > 0
      const inside = readable ? response.body : [Buffer.from('null')]
      answers.push([Buffer.from(`${head},"body":`), ...inside, Buffer.from('}')])
    }
    // Exchange promises no order; the last one first makes sure that nobody counts on one.
    const items = answers.reverse().flatMap((answer, index) => (index === 0 ? answer : [Buffer.from(','), ...answer]))
    return respondWith(200, [Buffer.from('{"responses":['), ...items, Buffer.from(']}')])
  }

  /** The bootstrap of a client: which cmdlets its account has. A regional host may be the one to ask. */
  function moduleFile({ organization, base, url }: Invocation) {
    const { regionalHost } = organization
    if (regionalHost && regionalHost !== base)
      return respondEmpty(302, { Location: `${regionalHost}${url.pathname}${url.search}` })
    const names = offeredTo(organization).map(({ name }) => name)
    return respond(200, { value: [{ exportedCmdlets: names.join() }] })
  }

  async function within(invocation: Invocation, request: string): Promise<Response | undefined> {
    if (request === 'POST beta/InvokeCommand') return invoke(invocation)
    if (request === 'POST beta/$batch') return batch(invocation)
    if (request === 'GET v1.0/EXOModuleFile') return moduleFile(invocation)
    return respondEmpty(request.endsWith('/InvokeCommand') ? 405 : 404)
  }

  async function answer(request: IncomingMessage, url: URL): Promise<Response | undefined> {
    const [, version, tenant = '', path] = url.pathname.match(/^\/adminapi\/([^/]+)\/([^/]+)\/(.+)$/) ?? []
    const body = await readBody(request)
    const holder = await tokens.check(request.headers.authorization)
    const organization = organizationOf(sandbox, decodeURIComponent(tenant))
    if (!organization || organization !== holder || !organization.account.manageAsApp) return unauthorized()
    const { left, reset } = spend(organization)
    const limits = {
      'Rate-Limit-Limit': String(budget),
      'Rate-Limit-Remaining': String(Math.max(left, 0)),
      'Rate-Limit-Reset': new Date(reset).toISOString(),
    }
    if (left < 0) return respondEmpty(429, { ...limits, 'Retry-After': String((reset - sandbox.now()) / 1000) })
    const header = (name: string) => request.headers[name.toLowerCase()]?.toString()
    const invocation = { organization, base: `http://${request.headers.host}`, url, header, body }
    const response = await within(invocation, `${request.method} ${version}/${path}`)
    return response && { ...response, headers: { ...limits, ...response.headers } }
  }

  return async (request, response, url) => {
    if (!url.pathname.startsWith('/adminapi/')) return false
    const given = await answer(request, url)
    if (!given) {
      response.destroy()
      return true
    }
    response.writeHead(given.status, {
      'Request-Id': randomUUID(),
      'X-CalculatedBETarget': 'AM0PR04MB0001.eurprd04.prod.outlook.com',
      'Preference-Applied': 'odata.include-annotations="*"',
      ...given.headers,
    })
    for (const part of given.body) response.write(part)
    response.end()
    return true
  }
}
