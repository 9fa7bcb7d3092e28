import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

interface GraphAccount {
  displayName: string
  mail: string
  accountEnabled: boolean
  userType: 'Member' | 'Guest'
}

/** A small Microsoft Graph with the token endpoint of Entra ID, on loopback: accounts, groups and who is in them. */
export async function startGraph() {
  const accounts = new Map<string, GraphAccount>()
  const groups = new Map<string, Set<string>>()
  const owners = new Map<string, Set<string>>()
  const asked: string[] = []
  let status = 200

  /** What Graph answers, or nothing where there is no such thing. */
  function answerTo(path: string, body: string): object | undefined {
    const [, kind = '', id = '', action] = path.split('/').slice(1).map(decodeURIComponent)
    if (kind === 'groups' && action === 'owners')
      return { value: [...(owners.get(id) ?? [])].map((one) => ({ id: one })) }
    if (kind === 'groups') return groups.has(id) ? { id, displayName: `Group ${id.slice(0, 4)}` } : undefined
    const found = [...accounts].find(([key, { mail }]) => key === id || mail === id)
    if (kind !== 'users' || found === undefined) return undefined
    const [person, account] = found
    if (action === undefined) return { id: person, ...account }
    const { groupIds }: { groupIds: string[] } = JSON.parse(body)
    if (groupIds.length > 20) throw new Error('Graph takes 20 groups at once')
    return { value: groupIds.filter((group) => groups.get(group)?.has(person)) }
  }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://graph')
    const body = await text(request)
    const send = (code: number, value: object) => {
      response.statusCode = code
      response.end(JSON.stringify(value))
    }
    if (pathname.endsWith('/oauth2/v2.0/token')) return send(200, { access_token: 'good', expires_in: 3600 })
    asked.push(pathname)
    if (request.headers.authorization !== 'Bearer good') return send(401, {})
    if (status !== 200) return send(status, {})
    const answer = answerTo(pathname, body)
    return send(answer === undefined ? 404 : 200, answer ?? {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0

  return {
    host: `127.0.0.1:${port}`,
    accounts,
    groups,
    /** Who owns a group. */
    owners,
    /** Paths that were asked for, oldest first. */
    asked,
    addAccount(id: string, name: string, more: Partial<GraphAccount> = {}): void {
      const mail = `${name.toLowerCase()}@contoso.com`
      accounts.set(id, { displayName: name, mail, accountEnabled: true, userType: 'Member', ...more })
    },
    /** From now on it answers everything so. */
    answerWith(code: number): void {
      status = code
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(resolve)
      }),
  }
}

export type Graph = Awaited<ReturnType<typeof startGraph>>
