import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { Refusal, type Route, route } from './http.ts'

/** Fixed by the Bot Connector: "Authentication with the Bot Connector API", Microsoft Learn. */
const botFramework = 'https://api.botframework.com'
/** The issuer of tokens from the Bot Framework Emulator, which botbuilder accepts beside the Connector's. */
const emulator = 'https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/'

/** Teams for desktop and mobile, as an app of Entra ID ("Register your tab app in Microsoft Entra ID"). */
const teamsForDesktop = '1fec8e78-bce4-4aaf-ab1b-5451cc387264'

const minutes = 60

interface Key {
  readonly kid: string
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

const createKey = async (): Promise<Key> => ({
  kid: randomUUID(),
  ...(await generateKeyPair('RS256', { extractable: true })),
})

/** One set of keys for all issuers of a process, since making them takes longer than starting all the rest. */
const makeKeys = async () => {
  const [channel, unendorsed, directory, stranger] = await Promise.all([
    createKey(),
    createKey(),
    createKey(),
    createKey(),
  ])
  return { channel, unendorsed, directory, stranger }
}
let keys: ReturnType<typeof makeKeys> | undefined

const jwk = async ({ kid, publicKey }: Key, endorsements?: readonly string[]) => ({
  ...(await exportJWK(publicKey)),
  use: 'sig',
  kid,
  x5t: kid,
  ...(endorsements && { endorsements }),
})

const sameSecret = (one: string, other: string) => {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

/**
 * Signs what Teams sends to the bot, gives the bot its token for the way back, and knows that token again. Its two
 * published key sets are those of the Connector (with an endorsed and an unendorsed key) and of the tenant.
 */
export const createIssuer = async (
  { url, appId, appPassword, tenant }: { url: string; appId: string; appPassword: string; tenant: string },
  now: () => number,
) => {
  const serviceUrl = `${url}/`
  const seconds = () => Math.floor(now() / 1000)
  keys ??= makeKeys()
  const { channel, unendorsed, directory, stranger } = await keys
  const directoryIssuer = `https://sts.windows.net/${tenant}/`

  const good = (): JWTPayload => ({
    iss: botFramework,
    aud: appId,
    serviceurl: serviceUrl,
    nbf: seconds() - 5 * minutes,
    exp: seconds() + 60 * minutes,
  })
  const times = () => ({ iat: seconds(), nbf: seconds() - 5 * minutes, exp: seconds() + 60 * minutes })
  const personClaims = {
    iss: `${url}/${tenant}/v2.0`,
    aud: appId,
    tid: tenant,
    azp: teamsForDesktop,
    scp: 'access_as_user',
    ver: '2.0',
  }
  const sign = (claims: JWTPayload, { kid, privateKey }: Key) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid, x5t: kid }).sign(privateKey)

  const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')

  const issueToken = async (request: Request) => {
    const form = new URLSearchParams(await request.text())
    const known = form.get('client_id') === appId && sameSecret(form.get('client_secret') ?? '', appPassword)
    const refuse = (error: string, error_description: string, status: number) =>
      Response.json({ error, error_description }, { status })
    if (form.get('grant_type') !== 'client_credentials') {
      return refuse('unsupported_grant_type', 'AADSTS70003: The app requested an unsupported grant type.', 400)
    }
    if (form.get('scope') !== `${botFramework}/.default`) {
      return refuse('invalid_scope', 'AADSTS70011: The provided value for the scope is not valid.', 400)
    }
    if (!known) return refuse('invalid_client', 'AADSTS7000215: Invalid client secret provided.', 401)
    const claims = { aud: botFramework, iss: directoryIssuer, appid: appId, tid: tenant, ver: '1.0' }
    const access_token = await sign({ ...claims, ...times() }, directory)
    return Response.json({ token_type: 'Bearer', expires_in: 60 * minutes, access_token })
  }

  const metadata = (issuer: string, keys: string) =>
    Response.json({ issuer, jwks_uri: `${url}${keys}`, id_token_signing_alg_values_supported: ['RS256'] })

  const routes: Route[] = [
    route('GET', '/v1/.well-known/openidconfiguration', () => metadata(botFramework, '/v1/.well-known/keys')),
    route('GET', '/v1/.well-known/keys', async () =>
      Response.json({ keys: [await jwk(channel, ['msteams']), await jwk(unendorsed)] }),
    ),
    route('GET', `/${tenant}/v2.0/.well-known/openid-configuration`, () =>
      metadata(directoryIssuer, `/${tenant}/discovery/v2.0/keys`),
    ),
    route('GET', `/${tenant}/discovery/v2.0/keys`, async () => Response.json({ keys: [await jwk(directory)] })),
    route('POST', `/${tenant}/oauth2/v2.0/token`, issueToken),
  ]

  return {
    serviceUrl,
    routes,

    /** The environment with which a bot trusts this issuer; botbuilder wants all of these as soon as it has one. */
    settings: {
      MicrosoftAppId: appId,
      MicrosoftAppPassword: appPassword,
      MicrosoftAppTenantId: tenant,
      MicrosoftAppType: 'SingleTenant',
      ToChannelFromBotLoginUrl: `${url}/${tenant}`,
      ToChannelFromBotOAuthScope: botFramework,
      ToBotFromChannelTokenIssuer: botFramework,
      OAuthUrl: url,
      ToBotFromChannelOpenIdMetadataUrl: `${url}/v1/.well-known/openidconfiguration`,
      ToBotFromEmulatorOpenIdMetadataUrl: `${url}/${tenant}/v2.0/.well-known/openid-configuration`,
      CallerId: 'urn:botframework:azure',
      SERVICE_URL_HOSTS: '127.0.0.1',
    },

    /** A token as Teams sends it with every activity; `claims` replace those of a good one. */
    token: (claims: JWTPayload = {}) => sign({ ...good(), ...claims }, channel),

    /** The token that Entra ID gives Teams for this person and the tab; `claims` replace those of a good one. */
    personToken: ({ id, name, email }: { id: string; name: string; email: string }, claims: JWTPayload = {}) =>
      sign({ ...personClaims, oid: id, name, preferred_username: email, email, ...times(), ...claims }, directory),

    /** One token for each way in which a token can be bad, by what is wrong with it. */
    async badTokens(): Promise<Record<string, string>> {
      const publicKey = new TextEncoder().encode(await exportSPKI(channel.publicKey))
      const { serviceurl: _, ...withoutServiceUrl } = good()
      return {
        'that is none': 'garbage',
        'signed by a stranger': await sign(good(), { ...stranger, kid: channel.kid }),
        'signed with an unknown key': await sign(good(), stranger),
        'signed with a key without endorsements': await sign(good(), unendorsed),
        unsigned: `${part({ alg: 'none', typ: 'JWT', kid: channel.kid })}.${part(good())}.`,
        'signed with the public key as a secret': await new SignJWT(good())
          .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: channel.kid })
          .sign(publicKey),
        'from another issuer': await sign({ ...good(), iss: 'https://issuer.example' }, channel),
        'for another bot': await sign({ ...good(), aud: randomUUID() }, channel),
        expired: await sign({ ...good(), exp: seconds() - 10 * minutes }, channel),
        'not valid yet': await sign({ ...good(), nbf: seconds() + 10 * minutes }, channel),
        'for another service URL': await sign({ ...good(), serviceurl: 'https://service.example/' }, channel),
        'without a service URL': await sign(withoutServiceUrl, channel),
        'of the emulator': await sign({ ...good(), iss: emulator, azp: appId, ver: '2.0' }, directory),
      }
    },

    /** Refuses whatever is not a token that this issuer gave to the bot. */
    async checkBot(request: Request) {
      const denied = new Refusal(401, 'Unauthorized', 'Authorization has been denied for this request.')
      const [scheme, token = ''] = (request.headers.get('authorization') ?? '').split(' ')
      const options = { issuer: directoryIssuer, audience: botFramework, currentDate: new Date(now()) }
      const verified = await jwtVerify(token, directory.publicKey, options).catch(() => undefined)
      if (scheme !== 'Bearer' || verified?.payload.appid !== appId) throw denied
    },
  }
}

export type Issuer = Awaited<ReturnType<typeof createIssuer>>
