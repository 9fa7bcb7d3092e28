import { createRemoteJWKSet } from 'jose/jwks/remote'
import { jwtVerify } from 'jose/jwt/verify'
import { z } from 'zod'
import type { Caller } from '../commands/command.ts'
import type { Settings } from '../config.ts'

/** Somebody whose token was proven, for as long as it is good. */
export interface Session {
  readonly caller: Caller
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** Teams for desktop and mobile, and Teams in a browser ("Register your tab app in Microsoft Entra ID", Teams documentation). */
const teams = ['1fec8e78-bce4-4aaf-ab1b-5451cc387264', '5e3ce6c0-2b1f-4285-8d4b-75ee78787346'] as const

const scopes = (text: string) => text.split(' ')

/** What an access token says ("Access token claims reference", Microsoft identity platform); an app's own has no `scp`. */
const ClaimsSchema = z.object({
  exp: z.number(),
  tid: z.guid().toLowerCase(),
  oid: z.guid().toLowerCase(),
  azp: z.enum(teams),
  scp: z.string().refine((text) => scopes(text).includes('access_as_user')),
  name: z.string().default('Somebody'),
  preferred_username: z.string().optional(),
  email: z.string().optional(),
})

/**
 * Proves who is at the tab: the token that Teams got from Entra ID for our app and this person, signed by a key of the
 * configured tenant. Rights go by tenant and object id. Addresses serve to know an owner by; without the mail address, an
 * optional claim of Entra ID, they count as not known.
 */
export function createSignIn(settings: Settings, now: () => Date) {
  const { MicrosoftAppTenantId: tenant = '', MicrosoftAppId: app = '', PUBLIC_URL } = settings
  const { origin } = new URL(settings.ToChannelFromBotLoginUrl ?? 'https://login.microsoftonline.com')
  const keys = createRemoteJWKSet(new URL(`${origin}/${tenant}/discovery/v2.0/keys`), { cooldownDuration: 1000 })
  const rules = {
    issuer: `${origin}/${tenant}/v2.0`,
    audience: [app, ...(PUBLIC_URL ? [`api://${new URL(PUBLIC_URL).host}/botid-${app}`] : [])],
    algorithms: ['RS256'],
    clockTolerance: 60,
    requiredClaims: ['exp', 'nbf'],
  }

  /** Throws for a token that does not prove anything. */
  return async function prove(authorization: string): Promise<Session> {
    const { payload } = await jwtVerify(authorization.replace(/^Bearer /, ''), keys, { ...rules, currentDate: now() })
    const { tid, oid, name, exp, preferred_username, email } = ClaimsSchema.parse(payload)
    if (tid !== tenant) throw new Error('a token of another tenant')
    const addresses = email && [preferred_username, email].flatMap((address) => address?.toLowerCase() ?? [])
    return {
      caller: { tenant: tid, id: oid, name, addresses: async () => addresses || undefined },
      expires: exp * 1000,
    }
  }
}
