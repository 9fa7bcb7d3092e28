import { JWTInvalid } from 'jose/errors'
import { decodeJwt } from 'jose/jwt/decode'
import { readCredential } from '../credentials.ts'
import { BotError } from '../errors.ts'
import { createTokens } from '../tokens.ts'
import { assertMayGo, type EnterOptions, type Entry } from './enter.ts'
import { createExchange } from './exchange.ts'
import { createOnlineTransport } from './online/rest.ts'
import type { Server, Steps } from './report.ts'
import type { OnlineConnector } from './settings.ts'
import { productOf } from './version.ts'

/** Enters Exchange Online as an application; the organization's id is that of its tenant. */
export async function enterOnline(
  connector: OnlineConnector,
  options: EnterOptions,
  steps: Steps,
  signal: AbortSignal,
): Promise<Entry> {
  const { name, address, authority, credential: named } = connector
  const { now, wait, log } = options
  const { identity, tenant } = await steps.take(
    'Credential',
    () => readIdentity(connector, options),
    () => `${named} may be sent to ${[...new Set([new URL(address).host, new URL(authority).host])].join(' and ')}.`,
  )
  const tokens = createTokens({
    login: `${authority.replace(/\/$/, '')}/${tenant}`,
    scope: `${new URL(address).origin}/.default`,
    identity,
    now,
  })
  const token = await steps.take(
    'Token',
    () => tokens(),
    () => `${new URL(authority).host} gave one.`,
  )
  const warn = (cmdlet: string, text: string) => log.info({ connector: name, cmdlet }, text)
  const transport = createOnlineTransport({ address, tenant, tokens, warn, wait })
  try {
    const cmdlets = await steps.contact(
      () => transport.cmdlets(signal),
      () => new URL(address),
    )
    const organization = await steps.take(
      'Organization',
      () => tenantOf(token, tenant),
      (id) => `Tenant ${id}.`,
    )
    const exchange = createExchange({ transport })
    const server: Server = await steps.take(
      'Version',
      async () => {
        const asks = cmdlets?.includes('Get-OrganizationConfig') === true
        const { version } = asks ? await exchange.organization(signal) : {}
        return { name: 'Exchange Online', host: new URL(address).host, version, takesClients: true }
      },
      ({ version }) => (version === undefined ? 'Exchange Online.' : `${productOf(version)}.`),
    )
    return {
      transport,
      address: new URL(address),
      organization,
      servers: [server],
      offered: cmdlets && new Map(cmdlets.map((cmdlet) => [cmdlet.toLowerCase(), undefined])),
      restrictions: [],
    }
  } catch (error) {
    await transport.close()
    throw error
  }
}

/** Throws CREDENTIAL_UNUSABLE before anything is sent where the credential must not go. */
async function readIdentity({ address, authority, tenant, credential: name }: OnlineConnector, options: EnterOptions) {
  const refuse = (why: string) => new BotError('CREDENTIAL_UNUSABLE', `${name} ${why}`)
  const identity = await readCredential(options.credentials, name)
  if ('user' in identity) throw refuse('has a user and password, and Exchange Online wants an application')
  for (const url of [address, authority]) assertMayGo(identity, name, new URL(url), options)
  const id = 'managedIdentity' in identity ? identity.managedIdentity : identity.clientId
  if (id === options.appId)
    throw refuse("is the bot's own application; register another, since the bot's secret must not open Exchange")
  const known = tenant ?? identity.tenant
  if (known === undefined) throw refuse('names no tenant; give the connector one, as in tenant:contoso.onmicrosoft.com')
  return { identity, tenant: known }
}

const isGuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

/** The tenant for which a token is, which is the one that was asked for. */
function tenantOf(token: string, asked: string): string {
  const found = tenantIn(token) ?? (isGuid(asked) ? asked : undefined)
  if (found === undefined)
    throw new BotError('CONNECTOR_REFUSED', `the token does not say which tenant ${asked} is; give the tenant's id`)
  if (isGuid(asked) && found.toLowerCase() !== asked.toLowerCase())
    throw new BotError('CONNECTOR_REFUSED', `the token is for the tenant ${found}, and the connector for ${asked}`)
  return found.toLowerCase()
}

function tenantIn(token: string): string | undefined {
  try {
    const { tid } = decodeJwt(token)
    return typeof tid === 'string' ? tid : undefined
  } catch (error) {
    if (error instanceof JWTInvalid) return undefined
    throw error
  }
}
