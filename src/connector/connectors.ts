import { isDeepStrictEqual } from 'node:util'
import { BotError } from '../errors.ts'
import type { Device, DeviceKey, Exemption } from '../inventory/device.ts'
import type { Limits } from '../inventory/inactive.ts'
import type { Store } from '../store/store.ts'
import { createTurns } from '../store/turns.ts'
import type { Work } from '../store/work.ts'
import * as actions from './actions.ts'
import { commandOf, isRuleWrite, lackOf } from './checklist.ts'
import { createClaims } from './claims.ts'
import { connect } from './connect.ts'
import type { Exchange } from './exchange.ts'
import { failureOf } from './health.ts'
import { createLink, type Link, type LinkOptions } from './link.ts'
import { type Report, reasonOf } from './report.ts'
import { type Connector, ConnectorSchema, isElsewhere, limitsOf, readConnector } from './settings.ts'
import { type State, StateSchema } from './state.ts'

export interface ConnectorsOptions extends Omit<LinkOptions, 'states' | 'claim' | 'hurry'> {
  readonly store: Store
  readonly work: Work
  /** What the inventory goes by; kept up to date here. */
  readonly limits: Map<string, Limits>
  /** A connector is being removed; may be told again after a restart. */
  readonly onRemoval?: (name: string) => Promise<void>
  /** This device was read anew and is different. */
  readonly changed: (device: Device) => void
}

/** Work with the Exchange of one connector. */
export type Use = <T>(
  connector: string,
  signal: AbortSignal,
  work: (exchange: Exchange, signal: AbortSignal) => Promise<T>,
) => Promise<T>

/** What came of a test; settings with a refusal cannot be used. */
export interface Tested {
  readonly report: Report
  readonly problem?: string
  readonly refusal?: string
}

export type Connectors = Awaited<ReturnType<typeof createConnectors>>

/** A device that was read within this time is not read again when it is opened. */
const young = 60_000
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The connectors of this site: each keeps its part of the inventory up to date and carries out what is wished. */
export async function createConnectors(options: ConnectorsOptions) {
  const { store, work, inventory, limits, now, log, changed } = options
  const settings = await store.open({ name: 'connectors', schema: ConnectorSchema, version: 1 })
  const states = await store.open({ name: 'connector-states', schema: StateSchema, version: 1 })
  const claims = createClaims()
  const turns = createTurns(1)
  const links = new Map<string, Link>()
  const reading = new Set<string>()
  const find = (name: string) => links.get(name.trim().toLowerCase())
  const later = (pause: number) => new Date(now().getTime() + pause)
  const hurry = (name: string) => void work.due('sync', name)

  function linkOf(name: string): Link {
    const link = find(name)
    if (link === undefined) throw new BotError('CONNECTOR_UNKNOWN', name)
    return link
  }

  async function start(connector: Connector, state: State | undefined): Promise<void> {
    const { name } = connector
    const link = createLink(connector, state, { ...options, states, hurry, claim: claims.take })
    links.set(name.toLowerCase(), link)
    limits.set(name, limitsOf(connector))
    if (store.shared) link.connect()
    await work.due('sync', name)
    await work.due('statistics', name, later(minute))
  }

  /** Ends a removal that was begun, perhaps before a restart. */
  async function remove(name: string): Promise<void> {
    await options.onRemoval?.(name)
    await inventory.removeConnector(name)
    await settings.delete(name)
    await states.delete(name)
    limits.delete(name)
    claims.release(name)
  }

  /** Of a connector that was removed nothing is taken over by a new one. Throws CONNECTOR_REFUSED while it is still there. */
  async function refuseOrForget(name: string): Promise<void> {
    if ((await settings.get(name)) !== undefined)
      throw new BotError('CONNECTOR_REFUSED', `the old ${name} is still being removed; try again in a minute`)
    await states.delete(name)
  }

  /** Does away with what is known here of a connector. */
  async function end(link: Link): Promise<void> {
    const { name } = link.connector
    links.delete(name.toLowerCase())
    limits.delete(name)
    claims.release(name)
    await link.close()
  }

  /** Takes over what another process did to a connector, or to any. */
  async function takeOver(): Promise<void> {
    const known = new Map((await settings.list()).map((connector) => [connector.name.toLowerCase(), connector]))
    for (const [key, link] of links) if (!isDeepStrictEqual(known.get(key), link.connector)) await end(link)
    for (const [key, connector] of known) {
      const state = await states.get(connector.name)
      const link = links.get(key)
      if (state?.removing) await (link && end(link))
      else if (link === undefined) await start(connector, state)
      else await link.follow()
      if (state?.organization !== undefined && !state.removing) claims.take(connector.name, state.organization)
    }
    await inventory.reconsider()
  }
  const hear = () => {
    turns.inTurn('connectors', takeOver).catch((error) => log.warn({ err: error }, 'connectors are not as stored'))
  }
  settings.follow(hear)
  states.follow(hear)

  work.on('removal', remove)
  work.on('review', async (all) => {
    await inventory.review()
    await work.due('review', all, later(day))
  })
  work.on('sync', async (name) => {
    const link = find(name)
    const at = await link?.run()
    if (at !== undefined && find(name) === link) await work.due('sync', name, at)
  })
  work.on('statistics', async (name) => {
    const link = find(name)
    if (link === undefined) return
    const isMore = await link.readSomeStatistics()
    await work.due('statistics', name, later(isMore ? minute : hour))
  })
  for (const connector of await settings.list()) {
    const state = await states.get(connector.name)
    if (state?.removing) await work.due('removal', connector.name)
    else {
      if (state?.organization !== undefined) claims.take(connector.name, state.organization)
      await start(connector, state)
    }
  }
  await work.due('review', 'all')

  const use: Use = async (name, signal, work) => linkOf(name).use(signal, work)

  return {
    has: (name: string) => find(name) !== undefined,

    /** The connector of this name, as it is. Throws CONNECTOR_UNKNOWN. */
    get: (name: string) => viewOf(linkOf(name)),

    all: () => [...links.values()].map(viewOf),

    /** Whether every connector has read its organization once. */
    complete: () => [...links.values()].every((link) => link.state().full !== undefined),

    /** Settings out of words, on top of those of the connector of this name. Throws CONNECTOR_REFUSED. */
    check: (given: Readonly<Record<string, unknown>>) =>
      readConnector(given, find(String(given.name ?? ''))?.connector),

    /** Connects with these settings, to see what comes of it; keeps nothing but what was found of a connector that is there. */
    async test(connector: Connector, signal: AbortSignal): Promise<Tested> {
      const link = find(connector.name)
      const connection = await connect(connector, options, link?.state().report, signal)
      const { report } = connection
      if ('exchange' in connection) await connection.exchange.close()
      const conflict = claims.conflict(connector.name, report.organization)
      if (link?.connector === connector && conflict === undefined) await link.found(report)
      if (conflict !== undefined) return { report, problem: conflict, refusal: conflict }
      if (!('error' in connection)) return { report }
      const problem = reasonOf(connection.error)
      const isUnusable = connection.error.code === 'CONNECTOR_REFUSED' || report.steps.length <= 1
      return { report, problem, ...(isUnusable && { refusal: problem }) }
    },

    /** Adds a connector, or gives the one of this name these settings. */
    async add(connector: Connector): Promise<void> {
      const { name } = connector
      const old = find(name)
      if (old === undefined) await refuseOrForget(name)
      await settings.put(name, connector)
      await old?.close()
      if (old !== undefined && isElsewhere(old.connector, connector))
        await states.update(name, (state) => state && { ...state, fullWanted: true })
      await start(connector, await states.get(name))
      await work.due('review', 'all')
    },

    /** Writes to Exchange what the settings want of it; resolves to what it shows otherwise all the same. */
    fulfilWishes: (name: string, signal: AbortSignal) => linkOf(name).fulfilWishes(signal),

    /** Ends a connector and forgets all of its organization, in which nothing is changed. */
    async forget(name: string): Promise<void> {
      const link = linkOf(name)
      const { connector } = link
      await states.update(connector.name, () => ({ ...link.state(), removing: true }))
      links.delete(connector.name.toLowerCase())
      await link.close()
      await remove(connector.name).catch(async (error) => {
        await work.due('removal', connector.name, later(minute))
        throw error
      })
    },

    /** Reads the organization now: all of it, or what is new. */
    async sync(name: string, kind: 'full' | 'delta'): Promise<void> {
      const link = linkOf(name)
      await link.want(kind)
      await work.due('sync', link.connector.name)
    },

    /** Works with the Exchange of a connector. Throws EXCHANGE_UNREACHABLE where it cannot be connected. */
    use,

    /** Why an action is not possible in an organization: a right that the account lacks, or a setting. */
    lack(name: string, action: string): string | undefined {
      const link = find(name)
      if (link?.connector.enableAccessRule === false && isRuleWrite(action)) return `enableAccessRule of ${name} is off`
      const finding = lackOf(link?.state().report?.findings ?? [], action)
      return finding && `the account of ${name} may not run ${commandOf(finding)}`
    },

    /** Whether the organization's servers can wipe account data alone. */
    canWipeAccount: (name: string) => find(name)?.state().report?.hasAccountOnly === true,

    exempt: (device: Device, wish: Exemption, signal: AbortSignal) =>
      use(device.connector, signal, (exchange, signal) =>
        actions.exempt({ device, exchange, inventory, signal }, wish),
      ),

    /** Reads everything about a device from Exchange, before something is decided about it. */
    read: (device: Device, signal: AbortSignal) =>
      use(device.connector, signal, (exchange, signal) =>
        actions.readAll({ device, exchange, inventory, signal }, now()),
      ),

    /** Reads what Exchange shows of the wipes of a device. Throws as the carrier does, and DEVICE_GONE. */
    readWipes: (device: Device, signal: AbortSignal) =>
      use(device.connector, signal, (exchange, signal) =>
        actions.readWipes({ device, exchange, inventory, signal }, now()),
      ),

    /** Sent once, whatever comes of it. */
    wipe: (device: DeviceKey, kind: 'wipe' | 'wipe-account' | 'cancel', signal: AbortSignal) =>
      use(device.connector, signal, (exchange, signal) => exchange.wipe(device.guid, kind, signal)),

    /** Deletes the partnership. Throws as the carrier does, and DEVICE_GONE. */
    remove: (device: Device, signal: AbortSignal) =>
      use(device.connector, signal, (exchange, signal) => actions.remove({ device, exchange, inventory, signal })),

    /** Reads a device anew while people look at it; what is different is told by `changed`. */
    refresh(device: Device): void {
      const key = `${device.connector}/${device.guid}`
      const read = Date.parse(device.statistics?.read ?? '') || 0
      if (!isWithinReach(find(device.connector)) || reading.has(key) || now().getTime() - read < young) return
      reading.add(key)
      // Before it is this read's turn, another may find what the card that people look at does not show.
      const shown = actions.known({ device, inventory })
      use(device.connector, new AbortController().signal, (exchange, signal) =>
        actions.refresh({ device, exchange, inventory, signal }, now()),
      )
        .then(() => shown !== actions.known({ device, inventory }) && changed(device))
        .catch((error) => log.info({ device: key, err: error }, 'device not read'))
        .finally(() => reading.delete(key))
    },

    async close(): Promise<void> {
      await Promise.all([...links.values()].map((link) => link.close()))
    },
  }
}

/** Connected, or not yet: then a read waits for the connection. */
const isWithinReach = (link: Link | undefined) =>
  link !== undefined && (link.exchange() !== undefined || failureOf(link.state().health) === undefined)

/** A connector as others may see it. */
const viewOf = (link: Link) => ({
  ...link.state(),
  name: link.connector.name,
  connector: link.connector,
  progress: link.progress(),
})

export type ConnectorView = ReturnType<typeof viewOf>
