import { z } from 'zod'
import { BotError } from '../../errors.ts'

export interface Credential {
  /** `DOMAIN\user` or a UPN. */
  readonly user: string
  readonly password: string
}

/** How requests prove who sends them. */
export interface Authentication {
  /** One request: its Authorization header, and the one that answers a 401, if there is one. */
  begin(): Promise<{
    readonly header: string | undefined
    next(challenge: string): Promise<string | undefined>
  }>
}

/** RFC 7617 in UTF-8; whether a server reads other than ASCII so is its own affair. */
export function basic({ user, password }: Credential): Authentication {
  const header = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`
  return { begin: async () => ({ header, next: async () => undefined }) }
}

/** What is used of the npm package `kerberos`. */
const KerberosSchema = z.object({
  initializeClient: z.custom<
    (service: string, options: object) => Promise<{ step(challenge: string): Promise<string> }>
  >((value) => typeof value === 'function'),
  GSS_MECH_OID_SPNEGO: z.unknown(),
})

type Kerberos = z.infer<typeof KerberosSchema>

/** The package is native and not installed by default, so its name is not a plain import. */
export async function loadKerberos(name = 'kerberos'): Promise<Kerberos> {
  try {
    const module: unknown = await import(name)
    return KerberosSchema.parse(z.object({ default: z.unknown() }).parse(module).default)
  } catch (cause) {
    throw new BotError('CREDENTIAL_UNUSABLE', 'Kerberos needs the npm package kerberos beside Device Desk', { cause })
  }
}

/**
 * A new service ticket for every request (RFC 4559): Exchange's web server keeps no Kerberos log-on of a connection by
 * default. A server that offers `Kerberos` instead of `Negotiate`, as Exchange does, is answered under that name.
 */
export function negotiate(
  host: string,
  { user, password }: Credential,
  load: () => Promise<Kerberos> = loadKerberos,
): Authentication {
  let scheme = 'Negotiate'
  const service = `HTTP${process.platform === 'win32' ? '/' : '@'}${host}`
  const [name = user, domain] = user.split('\\').reverse()
  return {
    async begin() {
      const { initializeClient, GSS_MECH_OID_SPNEGO: mechOID } = await load()
      const newToken = async () => {
        const client = await initializeClient(service, { mechOID, user: name, password, ...(domain && { domain }) })
        return { client, token: await client.step('') }
      }
      const { client, token } = await newToken()
      return {
        header: `${scheme} ${token}`,
        async next(challenge) {
          const [, more] = /(?:Negotiate|Kerberos) ([A-Za-z0-9+/=]+)/.exec(challenge) ?? []
          if (more !== undefined) return `${scheme} ${await client.step(more)}`
          if (scheme === 'Kerberos' || /Negotiate/i.test(challenge) || !/Kerberos/i.test(challenge)) return undefined
          scheme = 'Kerberos'
          return `${scheme} ${(await newToken()).token}`
        },
      }
    },
  }
}
