import { createHash, randomBytes, randomUUID, X509Certificate } from 'node:crypto'
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { type Door, readBody, sendJson } from '../http.ts'
import type { Organization } from '../model.ts'
import type { Sandbox } from '../sandbox.ts'

const lifetime = 3599
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const GrantSchema = z.object({
  grant_type: z.string(),
  client_id: z.string().default(''),
  scope: z.string().default(''),
  client_secret: z.string().optional(),
  client_assertion_type: z.string().optional(),
  client_assertion: z.string().optional(),
})
type Grant = z.infer<typeof GrantSchema>

const ClaimsSchema = z.object({ tid: z.string(), appid: z.string() })

/** What Microsoft Entra says: its code, the OAuth error, and the status that goes with it. */
const refusals = {
  tenant: [90002, 'invalid_request', 400, 'Tenant not found. Check to make sure you have the correct tenant ID.'],
  grant: [70003, 'unsupported_grant_type', 400, 'The app requested an unsupported grant type.'],
  scope: [
    1002012,
    'invalid_scope',
    400,
    'The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.',
  ],
  application: [700016, 'unauthorized_client', 400, 'Application was not found in the directory.'],
  secret: [
    7000215,
    'invalid_client',
    401,
    'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
  ],
  assertion: [
    700027,
    'invalid_client',
    401,
    'The certificate with identifier used to sign the client assertion is not registered on application.',
  ],
  expired: [700024, 'invalid_client', 401, 'Client assertion is not within its valid time range.'],
  missing: [
    7000218,
    'invalid_client',
    401,
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ],
} as const

/** The token endpoint of the organizations' tenants, and the check of the tokens that it gave out. */
export function createTokens(sandbox: Sandbox) {
  const { now } = sandbox
  let key = randomBytes(32)
  const usedAssertions = new Set<string>()

  async function refusal(grant: Grant, organization: Organization, endpoint: string) {
    const { account } = organization
    if (grant.grant_type !== 'client_credentials') return 'grant'
    if (!grant.scope.endsWith('/.default')) return 'scope'
    if (grant.client_id !== account.clientId) return 'application'
    if (grant.client_secret !== undefined) return grant.client_secret === account.secret ? undefined : 'secret'
    if (grant.client_assertion === undefined || grant.client_assertion_type !== assertionType) return 'missing'
    return checkAssertion(grant.client_assertion, organization, endpoint)
  }

  /** As the documentation of certificate credentials has it: signed with the registered certificate, which the header names. */
  async function checkAssertion(assertion: string, { account }: Organization, endpoint: string) {
    if (account.certificate === undefined) return 'assertion'
    const certificate = new X509Certificate(account.certificate)
    const thumbprint = (algorithm: string) => createHash(algorithm).update(certificate.raw).digest('base64url')
    try {
      const { x5t, 'x5t#S256': x5tS256 } = z
        .object({ x5t: z.string().optional(), 'x5t#S256': z.string().optional() })
        .parse(decodeProtectedHeader(assertion))
      if (x5t !== thumbprint('sha1') && x5tS256 !== thumbprint('sha256')) return 'assertion'
      const { payload } = await jwtVerify(assertion, certificate.publicKey, {
        algorithms: ['RS256', 'PS256'],
        issuer: account.clientId,
        subject: account.clientId,
        audience: endpoint,
        requiredClaims: ['exp', 'jti'],
        currentDate: new Date(now()),
      })
      const used = String(payload.jti)
      if (usedAssertions.has(used)) return 'expired'
      usedAssertions.add(used)
      return undefined
    } catch (error) {
      if (error instanceof errors.JWTExpired) return 'expired'
      if (error instanceof errors.JOSEError || error instanceof TypeError) return 'assertion'
      throw error
    }
  }

  const door: Door = async (request, response, url) => {
    const [, tenant, path] = url.pathname.match(/^\/([^/]+)(\/oauth2\/v2\.0\/token)$/) ?? []
    if (tenant === undefined || path === undefined || request.method !== 'POST') return false
    const grant = GrantSchema.safeParse(Object.fromEntries(new URLSearchParams(await readBody(request)))).data
    const organization = organizationOf(sandbox, tenant)
    const endpoint = `http://${request.headers.host}${url.pathname}`
    const why = !organization ? 'tenant' : !grant ? 'grant' : await refusal(grant, organization, endpoint)
    if (why === undefined && organization) {
      sendJson(response, 200, {
        token_type: 'Bearer',
        expires_in: lifetime,
        ext_expires_in: lifetime,
        access_token: await sign(organization),
      })
      return true
    }
    const [code, error, status, text] = refusals[why ?? 'tenant']
    const [trace_id, correlation_id] = [randomUUID(), randomUUID()]
    const timestamp = new Date(now())
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z/, 'Z')
    sendJson(response, status, {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: ${trace_id} Correlation ID: ${correlation_id} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id,
      correlation_id,
      error_uri: `http://${request.headers.host}/error?code=${code}`,
    })
    return true
  }

  function sign({ tenant, account }: Organization) {
    const seconds = Math.floor(now() / 1000)
    return new SignJWT({ tid: tenant, appid: account.clientId, roles: ['Exchange.ManageAsApp'] })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + lifetime)
      .setIssuer(`https://sts.windows.net/${tenant}/`)
      .setAudience('https://outlook.office365.com')
      .sign(key)
  }

  /** The organization for which this Authorization header holds, or `undefined`. */
  async function check(authorization: string | undefined): Promise<Organization | undefined> {
    const [scheme, token = ''] = authorization?.split(' ') ?? []
    if (scheme?.toLowerCase() !== 'bearer') return undefined
    try {
      const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], currentDate: new Date(now()) })
      const { tid, appid } = ClaimsSchema.parse(payload)
      const organization = organizationOf(sandbox, tid)
      return organization?.account.clientId === appid ? organization : undefined
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }

  return {
    door,
    check,
    /** Makes every token worthless that was given out so far. */
    revoke() {
      key = randomBytes(32)
    },
  }
}

/** By tenant id or `*.onmicrosoft.com` name; a vanity domain is not known here. */
export const organizationOf = ({ organizations }: Sandbox, tenant: string) =>
  [...organizations.values()].find(
    (organization) =>
      organization.kind === 'online' &&
      [organization.tenant.toLowerCase(), organization.initialDomain].includes(tenant.toLowerCase()),
  )
