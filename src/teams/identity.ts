import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Settings } from '../config.ts'
import { isLoopback } from '../tokens.ts'
import type { TeamsActivity } from './activity.ts'

/** Why a request is not taken, as an HTTP status; the body stays empty, since a stranger learns nothing. */
export class Unproven extends Error {
  override readonly name = 'Unproven'
  readonly status: 401 | 403

  constructor(status: Unproven['status'], reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.status = status
  }
}

/** The endpoints of a cloud, under botbuilder's names; what is not set is the public cloud's. */
export const cloudOf = (settings: Settings) => ({
  login: settings.ToChannelFromBotLoginUrl ?? `https://login.microsoftonline.com/${settings.MicrosoftAppTenantId}`,
  scope: settings.ToChannelFromBotOAuthScope ?? 'https://api.botframework.com',
  issuer: settings.ToBotFromChannelTokenIssuer ?? 'https://api.botframework.com',
  oAuth: settings.OAuthUrl ?? 'https://token.botframework.com',
  metadata:
    settings.ToBotFromChannelOpenIdMetadataUrl ?? 'https://login.botframework.com/v1/.well-known/openidconfiguration',
  emulatorMetadata:
    settings.ToBotFromEmulatorOpenIdMetadataUrl ??
    'https://login.microsoftonline.com/botframework.com/v2.0/.well-known/openid-configuration',
  callerId: settings.CallerId ?? 'urn:botframework:azure',
})

const MetadataSchema = z.object({ jwks_uri: z.url() })
const KeySchema = z.looseObject({ kid: z.string(), endorsements: z.array(z.string()).default([]) })

/**
 * Proves that a request comes from Teams and speaks for the one configured tenant, before botbuilder checks it once more:
 * RS256 by a key of the channel's issuer that is endorsed for the channel, our app id as audience, and a serviceUrl that the
 * token names too ("Authentication with the Bot Connector API", Azure Bot Service). botbuilder alone lets pass a key without
 * endorsements, an activity without serviceUrl, and tokens of the emulator.
 */
export function createGate(settings: Settings) {
  const { issuer, metadata } = cloudOf(settings)
  const audience = settings.MicrosoftAppId ?? ''
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined

  async function keySet() {
    keys ??= fetch(metadata, { redirect: 'error', signal: AbortSignal.timeout(10_000) })
      .then(async (response) => createRemoteJWKSet(new URL(MetadataSchema.parse(await response.json()).jwks_uri)))
      .catch((cause) => {
        keys = undefined
        throw cause
      })
    return keys
  }

  async function verify(token: string): Promise<{ payload: JWTPayload; endorsements: readonly string[] }> {
    const set = await keySet()
    const { payload } = await jwtVerify(token, set, {
      issuer,
      audience,
      algorithms: ['RS256'],
      clockTolerance: 300,
      requiredClaims: ['exp'],
    })
    const { kid } = decodeProtectedHeader(token)
    const key = set
      .jwks()
      ?.keys.map((one) => KeySchema.safeParse(one).data)
      .find((one) => one?.kid === kid)
    return { payload, endorsements: key?.endorsements ?? [] }
  }

  return {
    /** Throws Unproven 401 unless the token is Teams' own and speaks for this activity. */
    async token(authorization: string, activity: TeamsActivity): Promise<void> {
      const token = /^Bearer (\S+)$/.exec(authorization)?.[1]
      if (token === undefined) throw new Unproven(401, 'no bearer token')
      const { payload, endorsements } = await verify(token).catch((cause) => {
        throw new Unproven(401, 'the token is not good', { cause })
      })
      const claimed = payload.serviceurl ?? payload.serviceUrl
      if (claimed !== activity.serviceUrl) throw new Unproven(401, 'the token is for another serviceUrl')
      if (!endorsements.includes(activity.channelId)) throw new Unproven(401, 'the key is not endorsed for the channel')
    },

    /**
     * Throws Unproven unless the activity is Teams', for our tenant, and answered where answers may go. One that came from
     * this machine without a token may name any channel, and any loopback for its answers.
     */
    activity(activity: TeamsActivity, unsigned: boolean): void {
      if (!unsigned && activity.channelId !== 'msteams') throw new Unproven(401, 'not from Teams')
      if (!unsigned && !isServiceUrl(new URL(activity.serviceUrl), settings.SERVICE_URL_HOSTS))
        throw new Unproven(401, 'the serviceUrl is not in SERVICE_URL_HOSTS')
      const tenants = [activity.conversation.tenantId, activity.channelData?.tenant?.id].filter(
        (one) => one !== undefined,
      )
      const own = settings.MicrosoftAppTenantId
      if (tenants.length === 0 || tenants.some((one) => one.toLowerCase() !== own))
        throw new Unproven(403, 'another tenant')
    },
  }
}

/** https, and a listed host or one below it; plain http only to a loopback that is listed. */
function isServiceUrl(url: URL, hosts: readonly string[]): boolean {
  const listed = hosts.some((host) => [url.host, url.hostname].includes(host))
  return listed && url.username === '' && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))
}
