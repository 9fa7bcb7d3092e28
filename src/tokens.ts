import type { AccessToken, TokenCredential } from '@azure/identity'
import { z } from 'zod'
import { isLoopback } from './config.ts'
import { BotError } from './errors.ts'

/** An application as Entra ID knows it, and how it proves itself. */
export const IdentitySchema = z.union([
  z.object({ clientId: z.guid().toLowerCase(), secret: z.string().min(1) }),
  z.object({ clientId: z.guid().toLowerCase(), certificateFile: z.string().min(1) }),
  z.object({ managedIdentity: z.guid().toLowerCase() }),
])

export type Identity = z.infer<typeof IdentitySchema>

/** Resolves to a bearer token: another one than was `refused`, and one that answers the `claims` of a challenge. */
export type Tokens = (challenge?: { readonly refused: string; readonly claims?: string }) => Promise<string>

const margin = 5 * 60_000

/**
 * Client-credential tokens from `login` (authority and tenant, such as https://login.microsoftonline.com/<tenant>).
 * Kept until five minutes before they end; callers at the same time share one request. Throws CREDENTIAL_UNUSABLE.
 */
export function createTokens(about: { login: string; scope: string; identity: Identity; now: () => Date }): Tokens {
  const login = new URL(about.login)
  const fetchToken = isLoopback(login) ? plainPost(login, about) : azure(login, about)
  let kept: { readonly promise: Promise<AccessToken>; token?: AccessToken } | undefined

  /** Whoever asks while a token is on its way shares it; one that could not be fetched is forgotten. */
  function renew(claims?: string) {
    const promise = fetchToken(claims)
    const mine: typeof kept = { promise }
    kept = mine
    promise.then(
      (token) => {
        mine.token = token
      },
      () => {
        if (kept === mine) kept = undefined
      },
    )
    return mine
  }

  return async (challenge) => {
    const token = kept?.token
    const isStale = token !== undefined && about.now().getTime() >= token.expiresOnTimestamp - margin
    const isRefused = token !== undefined && token.token === challenge?.refused
    const { promise } = kept === undefined || isStale || isRefused ? renew(challenge?.claims) : kept
    return (await promise).token
  }
}

type Fetch = (claims?: string) => Promise<AccessToken>

/** @azure/identity takes seconds to load and is needed only where there is a cloud. */
function azure(login: URL, { identity, scope }: { identity: Identity; scope: string }): Fetch {
  const options = { authorityHost: login.origin, additionallyAllowedTenants: [] }
  const tenant = login.pathname.split('/')[1] ?? ''
  let credential: TokenCredential | undefined
  return async (claims) => {
    try {
      const entra = await import('@azure/identity')
      if ('managedIdentity' in identity)
        credential ??= new entra.ManagedIdentityCredential({ clientId: identity.managedIdentity })
      else if ('secret' in identity)
        credential = new entra.ClientSecretCredential(tenant, identity.clientId, identity.secret, options)
      else
        credential = new entra.ClientCertificateCredential(tenant, identity.clientId, identity.certificateFile, options)
      const token = await credential.getToken(scope, claims === undefined ? {} : { claims })
      if (token === null) throw new Error('no token')
      return token
    } catch (cause) {
      throw unusable(cause instanceof Error ? cause.message : '', cause)
    }
  }
}

const TokenAnswerSchema = z.object({ access_token: z.string(), expires_in: z.coerce.number().default(3600) })

/** MSAL refuses http, so a loopback issuer is asked as RFC 6749 section 4.4.2 describes. */
function plainPost(login: URL, about: { identity: Identity; scope: string; now: () => Date }): Fetch {
  const { identity, scope, now } = about
  return async (claims) => {
    if (!('secret' in identity)) throw new BotError('CREDENTIAL_UNUSABLE', 'a loopback issuer needs a secret')
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: identity.clientId,
      client_secret: identity.secret,
      scope,
      ...(claims && { claims }),
    })
    const url = `${login.href.replace(/\/$/, '')}/oauth2/v2.0/token`
    try {
      const answer = await fetch(url, { method: 'POST', body, redirect: 'error', signal: AbortSignal.timeout(10_000) })
      const text = await answer.text()
      if (!answer.ok) throw unusable(text, undefined)
      const token = TokenAnswerSchema.parse(JSON.parse(text))
      return { token: token.access_token, expiresOnTimestamp: now().getTime() + token.expires_in * 1000 }
    } catch (cause) {
      if (cause instanceof BotError) throw cause
      // A SyntaxError quotes what was read, which may be a token.
      throw unusable('', cause instanceof SyntaxError ? undefined : cause)
    }
  }
}

/** Entra's codes are fit to be shown, its texts may name things that are not. */
function unusable(text: string, cause: unknown): BotError {
  const code = /AADSTS\d+/.exec(text)?.[0]
  const problem = code === undefined ? 'no token could be fetched for it' : `Entra ID refused it (${code})`
  return new BotError('CREDENTIAL_UNUSABLE', problem, { cause })
}
