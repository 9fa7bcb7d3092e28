import type { Inventory } from '../inventory/inventory.ts'
import type { Collection } from '../store/store.ts'
import { readStatistics } from './actions.ts'
import { connect } from './connect.ts'
import { deltaSync } from './delta.ts'
import { fullSync, type Progress } from './discovery.ts'
import type { EnterOptions } from './enter.ts'
import type { Exchange } from './exchange.ts'
import { failureOf, type Health, isNews, newborn, nextHealth, type Outcome } from './health.ts'
import { createLine } from './line.ts'
import { type Report, reasonOf } from './report.ts'
import { nextRead } from './schedule.ts'
import type { Connector } from './settings.ts'
import type { State } from './state.ts'
import { fulfil, readDifferences } from './wishes.ts'

export interface LinkOptions extends EnterOptions {
  readonly inventory: Inventory
  readonly states: Collection<State>
  /** Throws CONNECTOR_REFUSED when this is not the organization of the connector, or is that of another one. */
  readonly claim: (name: string, organization: string | undefined) => void
  /** It works in another way than before, or fails, or does not fail any more. */
  readonly onHealth: (connector: Connector, before: Health, after: Health) => void
  /** A run ended: its state may be another one. */
  readonly onRun?: (connector: Connector) => void
  /** All was read anew. */
  readonly onSynced?: (connector: Connector, exchange: Exchange, signal: AbortSignal) => Promise<void>
  /** It is to run now. */
  readonly hurry: (name: string) => void
}

export type Link = ReturnType<typeof createLink>

/** Statistics are read of so many mailboxes a minute, which is what may be spent on them, and again when they are a day old. */
const mailboxesAtOnce = 30
const mailboxesAhead = 3000
const day = 24 * 60 * 60_000

/** One connector at work: connected, read when it is time, and used in between. */
export function createLink(connector: Connector, known: State | undefined, options: LinkOptions) {
  const { inventory, states, now, claim, onHealth, onRun, onSynced, hurry } = options
  const { name } = connector
  const log = options.log.child({ connector: name })
  const stop = new AbortController()
  const fresh: State = { health: newborn(now()), fullWanted: false, removing: false }
  let state = known ?? fresh
  let progress: Progress | undefined
  /** At the start much may have happened meanwhile. */
  let isNew = true
  let mailboxes: string[] = []
  const line = createLine({
    name,
    open,
    onBreak: () => hurry(name),
    onError: (error) => log.warn({ err: error }, 'connection not closed'),
  })

  /** A connector that was stopped may have been removed: it leaves nothing behind. */
  async function save(change: Partial<State>): Promise<void> {
    if (stop.signal.aborted) return
    state = (await states.update(name, (old = state) => ({ ...old, ...change }))) ?? state
  }

  /** Takes over what another process has learned. */
  async function follow(): Promise<void> {
    state = (await states.get(name)) ?? state
  }

  /** Keeps what was found, whatever it is; connects to no other organization than its own. */
  async function open(): Promise<Exchange> {
    const connection = await connect(connector, options, state.report, stop.signal)
    const { report } = connection
    await save({ report })
    if ('error' in connection) throw connection.error
    try {
      claim(name, report.organization)
      await save({ organization: report.organization })
    } catch (error) {
      await connection.exchange.close()
      throw error
    }
    return connection.exchange
  }

  async function judge(outcome: Outcome): Promise<void> {
    const before = state.health
    await save({ health: nextHealth(before, outcome, now()) })
    if (isNews(before, state.health)) onHealth(connector, before, state.health)
  }

  const discovery = (exchange: Exchange) => ({
    connector: name,
    units: connector.activeDirectoryContainers,
    exchange,
    inventory,
    log,
    signal: stop.signal,
  })

  async function readAll(exchange: Exchange): Promise<void> {
    const began = now()
    const result = await fullSync(discovery(exchange), (seen) => {
      progress = seen
    })
    await save({ full: { ...since(began), ...result }, fullWanted: false })
    const more = await Promise.allSettled([compare(exchange), onSynced?.(connector, exchange, stop.signal)])
    for (const read of more)
      if (read.status === 'rejected' && !stop.signal.aborted) log.warn({ err: read.reason }, 'not all was read')
  }

  const compare = async (exchange: Exchange) =>
    save({ differences: [...(await readDifferences(connector, exchange, stop.signal))] })

  /** Writes to Exchange what the settings want; resolves to what it shows otherwise all the same. */
  async function fulfilWishes(signal: AbortSignal): Promise<readonly string[]> {
    const differences = await use(signal, (exchange, both) => fulfil(connector, exchange, both))
    await save({ differences: [...differences] })
    return differences
  }

  async function readNew(exchange: Exchange, last: Date): Promise<void> {
    const began = now()
    const result = await deltaSync(discovery(exchange), last)
    await save({ delta: { ...since(began), ...result } })
  }

  const since = (began: Date) => ({
    at: began.toISOString(),
    seconds: Math.round((now().getTime() - began.getTime()) / 1000),
  })

  const dateOf = (read: { readonly at: string } | undefined) => (read === undefined ? undefined : new Date(read.at))

  function next() {
    const { full, delta, fullWanted, deltaWanted = false } = state
    const wanted = { fullWanted, deltaWanted: deltaWanted || isNew }
    return nextRead(connector, { full: dateOf(full), delta: dateOf(delta), ...wanted }, now())
  }

  /** Does what is due: a full read over a connection that is checked anew, or a delta. */
  async function doDue(): Promise<void> {
    const { kind, at } = next()
    const isDue = at <= now()
    if (line.exchange() === undefined || (isDue && kind === 'full')) await line.renew()
    const last = dateOf(state.delta) ?? dateOf(state.full)
    if (isDue && kind === 'full') await line.use(readAll)
    else if (isDue && last !== undefined) await line.use((exchange) => readNew(exchange, last))
    if (!isDue) return
    isNew = false
    if (state.deltaWanted) await save({ deltaWanted: false })
  }

  function restrictions(): string[] {
    const lost = (state.full?.unreadable ?? 0) + (state.delta?.unreadable ?? 0)
    const unreadable = `${lost} rows of the last reads cannot be understood, so nothing is taken for gone; the log says where`
    return [...(state.report?.restrictions ?? []), ...(state.differences ?? []), ...(lost > 0 ? [unreadable] : [])]
  }

  /** Works with Exchange for people who wait. */
  async function use<T>(
    signal: AbortSignal,
    work: (exchange: Exchange, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const both = AbortSignal.any([signal, stop.signal])
    const wasOpen = line.exchange() !== undefined
    const result = await line.useNow((exchange) => work(exchange, both), both)
    if (!wasOpen) hurry(name)
    return result
  }

  return {
    connector,
    state: () => state,
    /** How far the read has come that is under way. */
    progress: () => progress,
    exchange: line.exchange,

    follow,

    /** Connects, so that it is there when somebody waits; what keeps it from that the next run tells. */
    connect(): void {
      line.renew().catch((error) => stop.signal.aborted || log.info({ err: error }, 'not connected'))
    },

    /** Does what is due; resolves to when it wants to run again. */
    async run(): Promise<Date | undefined> {
      try {
        await follow()
        await doDue()
        await judge({ kind: 'worked', restrictions: restrictions() })
      } catch (error) {
        if (stop.signal.aborted) return undefined
        log.warn({ err: error }, 'connector does not work')
        await judge({ kind: 'failed', problem: reasonOf(error) })
      } finally {
        progress = undefined
      }
      onRun?.(connector)
      const nextTry = failureOf(state.health)?.nextTry
      return nextTry === undefined ? next().at : new Date(nextTry)
    },

    /** Reads the statistics that are the oldest, a few at a time; resolves to whether there are more to read. */
    async readSomeStatistics(): Promise<boolean> {
      if (line.exchange() === undefined || failureOf(state.health) !== undefined) return true
      if (mailboxes.length === 0) mailboxes = inventory.leastRead(name, new Date(now().getTime() - day), mailboxesAhead)
      const some = mailboxes.splice(0, mailboxesAtOnce)
      const results = await line.use((exchange) =>
        Promise.allSettled(
          some.map((mailbox) =>
            readStatistics({ exchange, inventory, signal: stop.signal }, { connector: name, mailbox }, now()),
          ),
        ),
      )
      for (const result of results)
        if (result.status === 'rejected' && !stop.signal.aborted)
          log.info({ err: result.reason }, 'statistics not read')
      return some.length === mailboxesAtOnce
    },

    /** Asks for a read at the next run, whatever the schedule says. */
    async want(kind: 'full' | 'delta'): Promise<void> {
      await save(kind === 'full' ? { fullWanted: true } : { deltaWanted: true })
    },

    /** Keeps what a test found. */
    found: (report: Report) => save({ report }),

    use,
    fulfilWishes,

    /** Ends whatever is under way. */
    async close(): Promise<void> {
      stop.abort()
      await line.close()
    },
  }
}
