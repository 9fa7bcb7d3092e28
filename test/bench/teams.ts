import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { quantile } from './bench.ts'

const tenant = 'b3f1c6a2-9d54-4e8b-8f07-1c2d3e4f5a60'
const app = '6d0f7c1e-2b3a-4958-8776-a5b4c3d2e1f0'
const person = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'
const teamsForDesktop = '1fec8e78-bce4-4aaf-ab1b-5451cc387264'
const botFramework = 'https://api.botframework.com'

async function read(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

export type Teams = Awaited<ReturnType<typeof startTeams>>

/** Teams as a bot sees it, and no more: an issuer of tokens, a connector service that takes everything, and people who ask. */
export async function startTeams({ taking = async () => {} }: { taking?: () => Promise<void> } = {}) {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', use: 'sig', alg: 'RS256', endorsements: ['msteams'] }
  let url = ''
  let sent = 0
  let posted = 0
  let newest = ''

  const answers: Record<string, () => object> = {
    '/metadata': () => ({ issuer: botFramework, jwks_uri: `${url}/keys` }),
    '/keys': () => ({ keys: [key] }),
    [`/${tenant}/discovery/v2.0/keys`]: () => ({ keys: [key] }),
    [`/${tenant}/oauth2/v2.0/token`]: () => ({ access_token: 'of the bot', expires_in: 3600 }),
  }
  const server = createServer(async (incoming, response) => {
    const body = await read(incoming)
    if (incoming.url?.startsWith('/v3/')) {
      await taking()
      posted += 1
      newest = body
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answers[incoming.url ?? '']?.() ?? { id: `message-${posted}` }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const token = await new SignJWT({ serviceurl: url })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid })
    .setIssuer(botFramework)
    .setAudience(app)
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(privateKey)

  const agent = new Agent({ keepAlive: true })

  /** One activity as Teams sends it. */
  async function send(bot: string, fields: object): Promise<string> {
    sent += 1
    const chat = `a:${sent % 16}`
    const body = JSON.stringify({
      id: `1${String(sent).padStart(12, '0')}`,
      timestamp: new Date().toISOString(),
      channelId: 'msteams',
      serviceUrl: url,
      from: { id: `29:${chat}`, name: 'Viktor Lind', aadObjectId: person },
      recipient: { id: `28:${app}`, name: 'Device Desk' },
      conversation: { id: chat, conversationType: 'personal', tenantId: tenant },
      channelData: { tenant: { id: tenant } },
      entities: [{ type: 'clientInfo', locale: 'en-US', country: 'US', platform: 'Web', timezone: 'Europe/Paris' }],
      ...fields,
    })
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      authorization: `Bearer ${token}`,
    }
    const outgoing = request(`${bot}/api/messages`, { method: 'POST', agent, headers })
    outgoing.end(body)
    const [response]: IncomingMessage[] = await once(outgoing, 'response')
    const answer = response === undefined ? '' : await read(response)
    if (response?.statusCode !== 200) throw new Error(`HTTP ${response?.statusCode}: ${answer}`)
    return answer
  }

  return {
    /** With this a bot trusts this Teams; the person who asks is a Full Administrator. */
    env: {
      MicrosoftAppId: app,
      MicrosoftAppPassword: 'secret',
      MicrosoftAppTenantId: tenant,
      MicrosoftAppType: 'SingleTenant',
      ADMINS: person,
      SERVICE_URL_HOSTS: '127.0.0.1',
      ToChannelFromBotLoginUrl: `${url}/${tenant}`,
      ToChannelFromBotOAuthScope: botFramework,
      ToBotFromChannelTokenIssuer: botFramework,
      OAuthUrl: url,
      ToBotFromChannelOpenIdMetadataUrl: `${url}/metadata`,
      ToBotFromEmulatorOpenIdMetadataUrl: `${url}/metadata`,
      CallerId: 'urn:botframework:azure',
    },

    /** What Entra ID gives Teams for the tab of the person who asks. */
    personToken: () =>
      new SignJWT({ tid: tenant, oid: person, azp: teamsForDesktop, scp: 'access_as_user', name: 'Viktor Lind' })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid })
        .setIssuer(`${url}/${tenant}/v2.0`)
        .setAudience(app)
        .setNotBefore('-1m')
        .setExpirationTime('2h')
        .sign(privateKey),

    send,

    /** Says something, and gives the message that was posted before the turn was over. */
    async say(bot: string, text: string): Promise<string> {
      const before = posted
      await send(bot, { type: 'message', text })
      if (posted === before) throw new Error(`no answer to ${text}`)
      return newest
    },

    /** Sends so many activities, so many at once, to one bot or to several in turn; each that is a message must be answered by one. */
    async load(bots: string | readonly string[], fields: object, { turns, atOnce }: { turns: number; atOnce: number }) {
      const latencies: number[] = []
      const before = posted
      const start = performance.now()
      const all = [bots].flat()
      let left = turns
      async function one() {
        while (left > 0) {
          left -= 1
          const began = performance.now()
          await send(all[left % all.length] ?? '', fields)
          latencies.push(performance.now() - began)
        }
      }
      await Promise.all(Array.from({ length: atOnce }, one))
      const perSecond = (1000 * turns) / (performance.now() - start)
      // A bot ends connections that were idle while another was asked.
      agent.destroy()
      if ('text' in fields && posted - before < turns)
        throw new Error(`${posted - before} answers to ${turns} messages`)
      return { perSecond, p99: quantile(latencies, 0.99) }
    },

    [Symbol.asyncDispose]: async () => {
      agent.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
}
