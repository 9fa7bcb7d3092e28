import { ExponentialBackoff, handleType, retry } from 'cockatiel'
import { z } from 'zod'
import { isLoopback } from '../config.ts'
import { assertHost, readCredential } from '../credentials.ts'
import { BotError } from '../errors.ts'
import { createTokens } from '../tokens.ts'

/** An account of the tenant, as Microsoft Graph knows it. */
export interface Account {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly guest: boolean
  /** Every address it is known by, lower case. */
  readonly addresses: readonly string[]
}

/** What Device Desk asks of Microsoft Graph. Every call rejects with DIRECTORY_UNREACHABLE when Graph cannot tell. */
export interface Directory {
  /** Which of these groups somebody is in, nested ones included. */
  groupsOf(person: string, groups: readonly string[]): Promise<readonly string[]>
  /** By object id or user principal name; undefined: there is no such account (any more). */
  account(person: string): Promise<Account | undefined>
  /** Whether somebody owns a group, such as that of a team. */
  owns(person: string, group: string): Promise<boolean>
  group(id: string): Promise<{ readonly id: string; readonly name: string } | undefined>
}

const text = z.string().nullish()
const AccountSchema = z.object({
  id: z.guid().toLowerCase(),
  displayName: text,
  accountEnabled: z.boolean().nullish(),
  userType: text,
  mail: text,
  userPrincipalName: text,
  proxyAddresses: z.array(z.string()).nullish(),
})
const accountProperties = Object.keys(AccountSchema.shape).join(',')
const GroupSchema = z.object({ id: z.guid().toLowerCase(), displayName: text })
const OwnersSchema = z.object({ value: z.array(z.looseObject({ id: z.guid().toLowerCase() })) })
const GroupsSchema = z.object({ value: z.array(z.guid().toLowerCase()) })

class Busy extends Error {}

const patience = retry(handleType(Busy), { maxAttempts: 2, backoff: new ExponentialBackoff({ initialDelay: 200 }) })

/** checkMemberGroups takes as many groups at once ("directoryObject: checkMemberGroups", Microsoft Graph v1.0). */
const mostGroups = 20

/**
 * Microsoft Graph with an app-only token of its own credential, which names the hosts of Graph and of the login. Needs the
 * application permissions GroupMember.Read.All and User.Read.All.
 */
export async function createDirectory(options: {
  folder: string
  credential: string
  tenant: string
  now: () => Date
}): Promise<Directory> {
  const { folder, credential: named, tenant, now } = options
  const credential = await readCredential(folder, named)
  if ('user' in credential) throw new BotError('CREDENTIAL_UNUSABLE', `${named} is not one for Graph`)
  const base = urlOf(credential.hosts, 'graph.') ?? new URL('https://graph.microsoft.com')
  const login =
    urlOf(credential.hosts, 'login.') ?? new URL(isLoopback(base) ? base : 'https://login.microsoftonline.com')
  for (const url of [base, login]) assertHost(credential, url, named)
  const tokens = createTokens({
    login: new URL(tenant, login).href,
    scope: `${base.origin}/.default`,
    identity: credential,
    now,
  })

  /** Resolves to what Graph answers; to nothing where it says that there is no such thing. */
  async function ask<T>(schema: z.ZodType<T>, path: string, body?: object): Promise<T | undefined> {
    const once = async () => {
      const response = await fetch(new URL(`/v1.0${path}`, base), {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${await tokens()}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(5000),
      })
      if (response.status === 404) return undefined
      if (response.status === 429 || response.status >= 500) throw new Busy(`HTTP ${response.status}`)
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      return schema.parse(await response.json())
    }
    return patience.execute(once).catch((cause) => {
      throw new BotError('DIRECTORY_UNREACHABLE', '', { cause })
    })
  }

  return {
    async groupsOf(person, groups) {
      const path = `/users/${encodeURIComponent(person)}/checkMemberGroups`
      const found: string[] = []
      for (let at = 0; at < groups.length; at += mostGroups) {
        const answer = await ask(GroupsSchema, path, { groupIds: groups.slice(at, at + mostGroups) })
        found.push(...(answer?.value ?? []))
      }
      return found
    },

    async account(person) {
      const found = await ask(AccountSchema, `/users/${encodeURIComponent(person)}?$select=${accountProperties}`)
      if (found === undefined) return undefined
      const { id, displayName, accountEnabled, userType, mail, userPrincipalName, proxyAddresses } = found
      const proxies = (proxyAddresses ?? []).map((address) => address.replace(/^smtp:/i, ''))
      const addresses = [mail, userPrincipalName, ...proxies].flatMap((address) => address?.toLowerCase() ?? [])
      return { id, name: displayName ?? id, enabled: accountEnabled === true, guest: userType === 'Guest', addresses }
    },

    async owns(person, group) {
      const found = await ask(OwnersSchema, `/groups/${encodeURIComponent(group)}/owners?$select=id&$top=999`)
      return found?.value.some(({ id }) => id === person) === true
    },

    async group(id) {
      const found = await ask(GroupSchema, `/groups/${encodeURIComponent(id)}?$select=id,displayName`)
      return found && { id: found.id, name: found.displayName ?? found.id }
    },
  }
}

/** The host of this kind among those that the credential names; a loopback host stands for every kind. */
function urlOf(hosts: readonly string[], prefix: string): URL | undefined {
  const urls = hosts.flatMap((host) => URL.parse(`https://${host}`) ?? [])
  const loopback = urls.find(isLoopback)
  if (loopback !== undefined) return new URL(`http://${loopback.host}`)
  return urls.find(({ hostname }) => hostname.startsWith(prefix))
}
