import { type Credential, readCredential } from '../credentials.ts'
import { BotError, isBotError } from '../errors.ts'
import { type Offered, rightTo } from './checklist.ts'
import type { SeenServer } from './cmdlets/organization.ts'
import { assertMayGo, type EnterOptions, type Entry } from './enter.ts'
import { createExchange } from './exchange.ts'
import { candidatesOf } from './failover.ts'
import { createOnPremisesTransport } from './onprem/onpremises.ts'
import { reasonOf, type Steps } from './report.ts'
import type { OnPremisesConnector } from './settings.ts'
import { type Cmdlet, Refusal, type Transport } from './transport.ts'
import { isSupported, productOf } from './version.ts'

type Account = Extract<Credential, { user: string }>

/** A server that let us in. */
interface Door {
  readonly address: URL
  readonly transport: Transport
  readonly offered: Offered | undefined
}

/** Without it a session sees the recipients of its own domain only (Set-ADServerSettings). */
const seeWholeForest: Cmdlet = { name: 'Set-ADServerSettings', parameters: { ViewEntireForest: true } }

/**
 * Enters an organization through the first of its servers that answers; the organization's id is its part of the servers'
 * distinguished names. `found` are servers that it had before.
 */
export async function enterOnPremises(
  connector: OnPremisesConnector,
  options: EnterOptions & { readonly found: readonly string[] },
  steps: Steps,
  signal: AbortSignal,
): Promise<Entry> {
  const { name, credential: named, authentication } = connector
  const { found, now, wait } = options
  const log = options.log.child({ connector: name })
  const account = await steps.take(
    'Credential',
    () => readAccount(connector, options),
    ({ hosts }) => `${named} may be sent to ${hosts.join(', ')}.`,
  )

  const open = (address: URL, prepare: readonly Cmdlet[]) =>
    createOnPremisesTransport({
      address: address.href,
      credential: account,
      hosts: account.hosts,
      authentication,
      prepare,
      ...(options.processes && { processes: options.processes }),
      warn: (cmdlet, text) => log.info({ cmdlet }, text),
      log: (about, event) => log.info(about, event),
      now,
      wait,
    })

  async function enter(address: URL): Promise<Door> {
    const transport = open(address, [])
    try {
      return { address, transport, offered: await offeredBy(transport, signal) }
    } catch (error) {
      await transport.close()
      throw error
    }
  }

  /** A server that refuses is believed: the same account would be refused, and in the end locked, everywhere. */
  async function enterFirst(): Promise<Door> {
    const failures: string[] = []
    let first: unknown
    for (const { address, why } of candidatesOf(connector, found))
      try {
        assertMayGo(account, named, address, options)
        return await enter(address)
      } catch (error) {
        signal.throwIfAborted()
        if (!isBotError(error, 'EXCHANGE_UNREACHABLE', 'CREDENTIAL_UNUSABLE', 'CONNECTOR_REFUSED')) throw error
        log.warn({ server: address.host, why, reason: reasonOf(error) }, 'server cannot be used; the next one is tried')
        failures.push(`${address.host}: ${reasonOf(error)}`)
        first ??= error
      }
    if (failures.length === 1) throw first
    const cause = new Error(failures.join('; '), { cause: first })
    throw new BotError('EXCHANGE_UNREACHABLE', cause.message, { cause })
  }

  const door = await steps.contact(enterFirst, ({ address }) => address)
  steps.found(door.offered)
  try {
    const servers: SeenServer[] = []
    const organization = await steps.take(
      'Organization',
      async () => {
        const { transport } = door
        for await (const server of createExchange({ transport }).servers(signal)) servers.push(server)
        return organizationOf(servers)
      },
      (id) => `${/^CN=([^,]+)/i.exec(id)?.[1] ?? id}.`,
    )
    await steps.take(
      'Version',
      () => assertSupported(servers),
      () => `${servers.map(described).join('; ')}.`,
    )
    const { address, offered } = door
    const maySeeAll = await maySeeWholeForest(door, signal)
    const restrictions = [
      ...(address.host === new URL(connector.address).host
        ? []
        : [`it goes through ${address.host}, since ${new URL(connector.address).host} does not answer`]),
      ...(maySeeAll ? [] : [`it sees one domain only, since the account may not run ${seeWholeForest.name}`]),
      ...servers.filter(isTooOld).map((server) => `${described(server)} is too old to be asked`),
    ]
    if (maySeeAll) await door.transport.close()
    const transport = maySeeAll ? open(address, [seeWholeForest]) : door.transport
    return { transport, address, organization, servers, offered, restrictions }
  } catch (error) {
    await door.transport.close()
    throw error
  }
}

/** Throws CREDENTIAL_UNUSABLE before a byte goes where the credential must not go. */
async function readAccount(
  { address, credential: name }: OnPremisesConnector,
  options: EnterOptions,
): Promise<Account> {
  const account = await readCredential(options.credentials, name)
  if (!('user' in account))
    throw new BotError(
      'CREDENTIAL_UNUSABLE',
      `${name} is an application, and Exchange on premises wants a user and password`,
    )
  assertMayGo(account, name, new URL(address), options)
  return account
}

/** What the account may run; `undefined` where it may not even ask. */
async function offeredBy(transport: Transport, signal: AbortSignal): Promise<Offered | undefined> {
  const offered = new Map<string, ReadonlySet<string> | undefined>()
  try {
    for await (const { name, parameters } of createExchange({ transport }).commands(signal))
      offered.set(name, parameters)
  } catch (error) {
    if (!isNoSuchCommand(error)) throw error
  }
  return offered.size > 0 ? offered : undefined
}

/** An account that could not ask what it may run finds it out by trying. */
async function maySeeWholeForest({ transport, offered }: Door, signal: AbortSignal): Promise<boolean> {
  if (offered !== undefined) return rightTo(offered, seeWholeForest.name, 'ViewEntireForest') !== 'missing'
  try {
    for await (const _ of transport.invoke(seeWholeForest, signal)) {
      // It has nothing to say but that it ended.
    }
    return true
  } catch (error) {
    if (!isNoSuchCommand(error)) throw error
    return false
  }
}

const isNoSuchCommand = (error: unknown) =>
  isBotError(error, 'EXCHANGE_REFUSED') &&
  error.cause instanceof Refusal &&
  (/CommandNotFound/.test(error.cause.type ?? '') || ['notFound', 'invalid'].includes(error.cause.kind))

function organizationOf(servers: readonly SeenServer[]): string {
  const id = servers.find(({ organization }) => organization !== undefined)?.organization
  if (id === undefined)
    throw new BotError(
      'CONNECTOR_REFUSED',
      'Get-ExchangeServer shows no server, so nobody knows which organization it is',
    )
  return id
}

const described = ({ name, version }: SeenServer) =>
  `${name}: ${version === undefined ? 'a version that it does not tell' : productOf(version)}`

const isTooOld = ({ version }: SeenServer) => version !== undefined && !isSupported(version)

function assertSupported(servers: readonly SeenServer[]): void {
  if (servers.every(isTooOld))
    throw new BotError(
      'CONNECTOR_REFUSED',
      `${servers.map(described).join('; ')}; Exchange 2010 SP1 is the oldest that knows allow, block and quarantine`,
    )
}
