import { BotError } from '../errors.ts'
import { checkRights, type Offered } from './checklist.ts'
import type { EnterOptions, Entry } from './enter.ts'
import { createExchange, type Exchange } from './exchange.ts'
import { createSteps, type Report } from './report.ts'
import type { Connector } from './settings.ts'
import { hasAccountOnly, isSince2013, speaking2010 } from './version.ts'

/** What came of connecting, and the organization where it let us in. */
export type Connection =
  | { readonly report: Report; readonly exchange: Exchange }
  | { readonly report: Report; readonly error: BotError }

/**
 * Connects to an organization and finds out what it is and what the account may do there; reads nothing else, writes
 * nothing. `before` is what was found the last time, which stands where nothing is found now. Rejects only for a bug, or when
 * the signal aborts.
 */
export async function connect(
  connector: Connector,
  options: EnterOptions,
  before: Report | undefined,
  signal: AbortSignal,
): Promise<Connection> {
  const steps = createSteps()
  const tried = { at: options.now().toISOString(), steps: steps.taken }
  /** What speaks to one kind of Exchange is loaded when there is one to speak to. */
  async function enter(): Promise<Entry> {
    if (connector.kind === 'online') {
      const { enterOnline } = await import('./enterOnline.ts')
      return enterOnline(connector, options, steps, signal)
    }
    const { enterOnPremises } = await import('./enterOnPremises.ts')
    return enterOnPremises(connector, { ...options, found: hostsIn(before) }, steps, signal)
  }
  try {
    return connectionOf(connector, await enter(), tried)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof BotError)) throw error
    const { servers = [], hasAccountOnly = false } = before ?? {}
    const offered = steps.offered()
    const facts = { kind: connector.kind, offered, is2010: isOf2010(offered), hasAccountOnly: true }
    const findings = offered === undefined ? (before?.findings ?? []) : checkRights(facts)
    return { report: { ...tried, servers, findings, hasAccountOnly, restrictions: [] }, error }
  }
}

/** Exchange 2013 brought names with MobileDevice, and kept those with ActiveSyncDevice. */
const isOf2010 = (offered: Offered | undefined) => {
  const names = [...(offered?.keys() ?? [])].join()
  return names.includes('activesyncdevice') && !names.includes('mobiledevice')
}

const hostsIn = (report: Report | undefined) =>
  (report?.servers ?? []).filter(({ takesClients }) => takesClients).map(({ host }) => host)

/** The version adapter: which names the cmdlets have here, and what they can do. */
function connectionOf(
  { kind }: Connector,
  entry: Entry,
  tried: Pick<Report, 'at' | 'steps'>,
): Connection & { readonly exchange: Exchange } {
  const { transport, address, organization, offered, restrictions } = entry
  const servers = [...entry.servers]
  const versions = servers.flatMap(({ version }) => version ?? [])
  const isOnline = kind === 'online'
  const is2010 =
    !isOnline && (offered === undefined ? versions.length > 0 && !versions.some(isSince2013) : isOf2010(offered))
  const about = {
    organization,
    address: address.href,
    servers,
    hasAccountOnly: isOnline || (versions.length > 0 && versions.every(hasAccountOnly)),
    restrictions: [...restrictions],
  }
  const findings = checkRights({ kind, offered, is2010, hasAccountOnly: about.hasAccountOnly })
  return {
    report: { ...tried, ...about, findings },
    exchange: createExchange({
      transport: is2010 ? speaking2010(transport) : transport,
      hasAutoBlock: !isOnline && !is2010,
    }),
  }
}
