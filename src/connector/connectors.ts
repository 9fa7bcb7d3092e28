import type { Logger } from 'pino'
import { z } from 'zod'
import { isLoopback } from '../config.ts'
import { assertHost, readCredential } from '../credentials.ts'
import { BotError } from '../errors.ts'
import type { Device, DeviceKey, Exemption } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Store } from '../store/store.ts'
import { createTokens } from '../tokens.ts'
import { exempt, readAll, refresh, remove } from './actions.ts'
import { fullSync, type Progress } from './discovery.ts'
import { createExchange, type Exchange } from './exchange.ts'
import { createOnlineTransport } from './online/rest.ts'

/** The link to one Exchange organization, as it was set up. */
const ConnectorSchema = z.object({
  name: z.string(),
  kind: z.literal('online'),
  address: z.url(),
  authority: z.url(),
  tenant: z.string(),
  /** Name of the credential, never itself. */
  credential: z.string(),
})

export type Connector = z.infer<typeof ConnectorSchema>

export interface ConnectorsOptions {
  readonly store: Store
  readonly inventory: Inventory
  /** The demo reaches this machine only. */
  readonly demo: boolean
  /** Folder of the credentials. */
  readonly credentials: string
  readonly now: () => Date
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly log: Logger
  /** This device was read anew and is different. */
  readonly changed: (device: Device) => void
}

interface Running {
  readonly connector: Connector
  readonly stop: AbortController
  exchange?: Exchange
  state: ConnectorState
}

export type ConnectorState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'syncing'; readonly progress: Progress }
  | { readonly kind: 'synced'; readonly at: Date; readonly devices: number }
  | { readonly kind: 'failed'; readonly problem: string }

export type Connectors = Awaited<ReturnType<typeof createConnectors>>

const hour = 60 * 60_000
/** A device that was read within this time is not read again when it is opened. */
const young = 60_000

/** The connectors of this site: each keeps its part of the inventory up to date and carries out what is wished. */
export async function createConnectors(options: ConnectorsOptions) {
  const { store, inventory, now, wait, log, changed } = options
  const stored = await store.open({ name: 'connectors', schema: ConnectorSchema, version: 1 })
  const running = new Map<string, Running>()
  const reading = new Set<string>()

  function start(connector: Connector): void {
    const one: Running = { connector, stop: new AbortController(), state: { kind: 'starting' } }
    running.set(connector.name, one)
    keepUp(one).catch((error) => {
      if (!one.stop.signal.aborted) log.error({ connector: connector.name, err: error }, 'connector stopped')
    })
  }

  /** Full sync after full sync until the connector is stopped; after a failure the next try is an hour later. */
  async function keepUp(one: Running): Promise<void> {
    const { connector, stop } = one
    while (true) {
      try {
        one.exchange ??= await open(connector, options)
        const discovery = { connector: connector.name, exchange: one.exchange, inventory, signal: stop.signal }
        const { devices } = await fullSync(discovery, (progress) => {
          one.state = { kind: 'syncing', progress }
        })
        one.state = { kind: 'synced', at: now(), devices }
      } catch (error) {
        stop.signal.throwIfAborted()
        one.state = { kind: 'failed', problem: error instanceof BotError ? error.message : 'a bug; the log tells more' }
        log.warn({ connector: connector.name, err: error }, 'full sync failed')
      }
      await wait(one.state.kind === 'failed' ? hour : 24 * hour, stop.signal)
    }
  }

  function exchangeOf(name: string): Exchange {
    const exchange = running.get(name)?.exchange
    if (exchange === undefined) throw new BotError('EXCHANGE_UNREACHABLE', `the connector ${name} is not connected`)
    return exchange
  }

  const target = (device: Device, signal: AbortSignal) => ({
    device,
    exchange: exchangeOf(device.connector),
    inventory,
    signal,
  })

  for (const connector of await stored.list()) start(connector)

  return {
    async add(connector: Connector): Promise<void> {
      await stored.put(connector.name, connector)
      running.get(connector.name)?.stop.abort()
      start(connector)
    },

    /** Throws EXCHANGE_UNREACHABLE while the connector is not connected. */
    exchange: exchangeOf,

    all: () => [...running.values()].map(({ connector, state }) => ({ name: connector.name, state })),

    /** Whether every connector has read its organization once. */
    complete: () => [...running.values()].every(({ state }) => state.kind === 'synced'),

    exempt: (device: Device, wish: Exemption, signal: AbortSignal) => exempt(target(device, signal), wish),

    /** Reads everything about a device from Exchange, before something is decided about it. */
    read: (device: Device, signal: AbortSignal) => readAll(target(device, signal), now()),

    /** Sent once, whatever comes of it. */
    wipe: (device: DeviceKey, kind: 'wipe' | 'wipe-account' | 'cancel', signal: AbortSignal) =>
      exchangeOf(device.connector).wipe(device.guid, kind, signal),

    /** Deletes the partnership. Throws as the carrier does, and DEVICE_GONE. */
    remove: (device: Device, signal: AbortSignal) => remove(target(device, signal)),

    /** Whether the organization's servers can wipe account data alone. */
    canWipeAccount: (name: string) => running.has(name),

    /** Reads a device anew while people look at it; what is different is told by `changed`. */
    refresh(device: Device): void {
      const key = `${device.connector}/${device.guid}`
      const read = Date.parse(device.statistics?.read ?? '') || 0
      const one = running.get(device.connector)
      if (one?.exchange === undefined || reading.has(key) || now().getTime() - read < young) return
      reading.add(key)
      refresh(target(device, one.stop.signal), now())
        .then((different) => different && changed(device))
        .catch((error) => log.info({ device: key, err: error }, 'device not read'))
        .finally(() => reading.delete(key))
    },

    async close(): Promise<void> {
      for (const { stop } of running.values()) stop.abort()
      await Promise.all([...running.values()].map(({ exchange }) => exchange?.close()))
    },
  }
}

/** Throws CREDENTIAL_UNUSABLE before anything is sent where the credential must not go. */
async function open(connector: Connector, { demo, credentials, now, log }: ConnectorsOptions): Promise<Exchange> {
  const { name, address, authority, tenant, credential: named } = connector
  if (demo && ![address, authority].every((url) => isLoopback(new URL(url))))
    throw new BotError('EXCHANGE_UNREACHABLE', 'the demo reaches this machine only')
  const credential = await readCredential(credentials, named)
  for (const url of [address, authority]) assertHost(credential, new URL(url), named)
  if ('user' in credential) throw new BotError('CREDENTIAL_UNUSABLE', `${named} is not one for Exchange Online`)
  const login = `${authority.replace(/\/$/, '')}/${tenant}`
  const tokens = createTokens({ login, scope: `${new URL(address).origin}/.default`, identity: credential, now })
  const warn = (cmdlet: string, text: string) => log.info({ connector: name, cmdlet }, text)
  return createExchange({ transport: createOnlineTransport({ address, tenant, tokens, warn }), onPremises: false })
}
