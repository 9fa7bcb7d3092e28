import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { offeredTo } from '../cmdlets.ts'
import { type Door, parseJson, readBody } from '../http.ts'
import type { Organization } from '../model.ts'
import type { Sandbox } from '../sandbox.ts'
import { badRequest, type Response, respond, respondEmpty, respondWith, unauthorized } from './errors.ts'
import { createInvoke } from './invoke.ts'
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

  async function batch(organization: Organization, base: string, body: string): Promise<Response | undefined> {
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
    // Exchange answers in the order in which items were done; the last one first makes sure that nobody counts on another.
    const items = answers.reverse().flatMap((answer, index) => (index === 0 ? answer : [Buffer.from(','), ...answer]))
    return respondWith(200, [Buffer.from('{"responses":['), ...items, Buffer.from(']}')])
  }

  async function route(request: IncomingMessage, url: URL, base: string): Promise<Response | undefined> {
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
    const response = await within(organization, `${version}/${path}`, request, url, base, body)
    return response && { ...response, headers: { ...limits, ...response.headers } }
  }

  async function within(
    organization: Organization,
    path: string,
    request: IncomingMessage,
    url: URL,
    base: string,
    body: string,
  ): Promise<Response | undefined> {
    const header = (name: string) => request.headers[name.toLowerCase()]?.toString()
    if (path === 'v1.0/EXOModuleFile' && request.method === 'GET') {
      if (organization.regionalHost && organization.regionalHost !== base)
        return respondEmpty(302, { Location: `${organization.regionalHost}${url.pathname}${url.search}` })
      const exportedCmdlets = offeredTo(organization)
        .map(({ name }) => name)
        .join()
      return respond(200, { value: [{ exportedCmdlets }] })
    }
    if (path === 'beta/$batch' && request.method === 'POST') return batch(organization, base, body)
    if (path === 'beta/InvokeCommand' && request.method === 'POST')
      return invoke({ organization, base, url, header, body })
    return respondEmpty(/\/InvokeCommand$/.test(path) ? 405 : 404)
  }

  return async (request, response, url) => {
    if (!url.pathname.startsWith('/adminapi/')) return false
    const answer = await route(request, url, `http://${request.headers.host}`)
    if (!answer) {
      response.destroy()
      return true
    }
    response.writeHead(answer.status, {
      'Request-Id': randomUUID(),
      'X-CalculatedBETarget': 'AM0PR04MB0001.eurprd04.prod.outlook.com',
      'Preference-Applied': 'odata.include-annotations="*"',
      ...answer.headers,
    })
    for (const part of answer.body) response.write(part)
    response.end()
    return true
  }
}
