import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { createRemoteJWKSet } from 'jose/jwks/remote'
import { jwtVerify } from 'jose/jwt/verify'
import { z } from 'zod'
import { isLoopback, type Settings } from '../config.ts'
import type { TeamsActivity } from './activity.ts'

/** Why a request is not taken, as an HTTP status; the body stays empty, since a stranger learns nothing. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken'
  readonly status: 400 | 401 | 403 | 413 | 415

  constructor(status: NotTaken['status'], reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.status = status
  }
}

/** The endpoints of a cloud, under botbuilder's names; what is not set is the public cloud's. */
export const cloudOf = (settings: Settings) => ({
  login: settings.ToChannelFromBotLoginUrl ?? `https://login.microsoftonline.com/${settings.MicrosoftAppTenantId}`,
  scope: settings.ToChannelFromBotOAuthScope ?? 'https://api.botframework.com',
  issuer: settings.ToBotFromChannelTokenIssuer ?? 'https://api.botframework.com',
  metadata:
    settings.ToBotFromChannelOpenIdMetadataUrl ?? 'https://login.botframework.com/v1/.well-known/openidconfiguration',
})

/** What a token of Teams vouches for. */
export interface Proof {
  readonly serviceUrl: unknown
  /** The channels for which the key that signed it is good. */
  readonly endorsements: readonly string[]
}

export type Gate = ReturnType<typeof createGate>

const MetadataSchema = z.object({ jwks_uri: z.url() })
const KeySchema = z.looseObject({ kid: z.string(), endorsements: z.array(z.string()).default([]) })

/** Teams sends one token with many activities, and to check its signature takes longer than most turns: once a minute is enough. */
const belief = 60_000
const mostBelieved = 100

/**
 * Proves that a request comes from Teams and speaks for the one configured tenant: RS256 by a key of the channel's issuer that
 * is endorsed for the channel, our app id as audience, and a serviceUrl that the token names too ("Authentication with the Bot
 * Connector API", Azure Bot Service). botbuilder's own check lets pass a key without endorsements, an activity without
 * serviceUrl and tokens of the emulator, and does not see a new key for up to an hour.
 */
export function createGate(settings: Settings) {
  const { issuer, metadata } = cloudOf(settings)
  const audience = settings.MicrosoftAppId ?? ''
  const rules = { issuer, audience, algorithms: ['RS256'], clockTolerance: 300, requiredClaims: ['exp'] }
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined
  const believed = new Map<string, { readonly proof: Proof; readonly until: number }>()

  async function keySet() {
    keys ??= fetch(metadata, { redirect: 'error', signal: AbortSignal.timeout(10_000) })
      .then(async (response) => MetadataSchema.parse(await response.json()))
      .then(({ jwks_uri }) => createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 1000 }))
      .catch((cause) => {
        keys = undefined
        throw cause
      })
    return keys
  }

  async function verify(token: string): Promise<Proof> {
    const set = await keySet()
    const { payload } = await jwtVerify(token, set, rules)
    const { kid } = decodeProtectedHeader(token)
    const published = set.jwks()?.keys.map((key) => KeySchema.safeParse(key).data)
    const key = published?.find((one) => one?.kid === kid)
    const proof = { serviceUrl: payload.serviceurl ?? payload.serviceUrl, endorsements: key?.endorsements ?? [] }
    const ends = 1000 * ((payload.exp ?? 0) + rules.clockTolerance)
    if (believed.size === mostBelieved) believed.clear()
    believed.set(token, { proof, until: Math.min(Date.now() + belief, ends) })
    return proof
  }

  return {
    /** Throws NotTaken 401 unless the token is Teams' own and for this bot. */
    async token(authorization: string): Promise<Proof> {
      const token = /^Bearer (\S+)$/.exec(authorization)?.[1]
      if (token === undefined) throw new NotTaken(401, 'no bearer token')
      const known = believed.get(token)
      if (known !== undefined && Date.now() < known.until) return known.proof
      return verify(token).catch((cause) => {
        throw new NotTaken(401, 'the token is not good', { cause })
      })
    },

    /**
     * Throws NotTaken unless the token speaks for this activity, and that for our tenant and answers where they may go.
     * Without a token, which is for this machine alone, any channel will do, and any loopback for the answers.
     */
    activity({ channelId, serviceUrl, conversation, channelData }: TeamsActivity, proof: Proof | undefined): void {
      const url = URL.parse(serviceUrl)
      if (url === null) throw new NotTaken(401, 'no serviceUrl')
      if (proof === undefined && !isLoopback(url)) throw new NotTaken(401, 'unsigned, with a serviceUrl elsewhere')
      if (proof !== undefined) {
        if (channelId !== 'msteams') throw new NotTaken(401, 'not from Teams')
        if (!proof.endorsements.includes(channelId)) throw new NotTaken(401, 'the key is not endorsed for Teams')
        if (proof.serviceUrl !== serviceUrl) throw new NotTaken(401, 'the token is for another serviceUrl')
        if (!mayAnswerAt(url, settings.SERVICE_URL_HOSTS))
          throw new NotTaken(401, 'the serviceUrl is not in SERVICE_URL_HOSTS')
      }
      const tenants = [conversation.tenantId, channelData?.tenant?.id].filter((id) => typeof id === 'string')
      const own = settings.MicrosoftAppTenantId
      if (tenants.length === 0 || tenants.some((id) => id.toLowerCase() !== own))
        throw new NotTaken(403, 'another tenant')
    },
  }
}

/** A listed host over https; plain http only to a loopback that is listed. */
const mayAnswerAt = (url: URL, hosts: readonly string[]) =>
  hosts.some((host) => [url.host, url.hostname].includes(host.toLowerCase())) &&
  url.username === '' &&
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))
