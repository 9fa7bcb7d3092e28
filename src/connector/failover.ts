import type { OnPremisesConnector } from './settings.ts'

/** An address of Exchange's PowerShell, and why it is tried. */
export interface Candidate {
  readonly address: URL
  readonly why: 'configured' | 'same site' | 'another site' | 'found'
}

/**
 * The servers to try, in order: the configured one, the others of its site, those of the other sites, and those that
 * Get-ExchangeServer found before. Each is asked at the same port and path.
 */
export function candidatesOf(connector: OnPremisesConnector, found: readonly string[]): Candidate[] {
  const configured = new URL(connector.address)
  const isConfigured = (server: string) => [configured.host, configured.hostname].includes(server.toLowerCase())
  const { clientAccessServers: sites } = connector
  const own = sites.filter(({ servers }) => servers.some(isConfigured))
  const others = sites.filter((site) => !own.includes(site))
  const at = (why: Candidate['why']) => (server: string) => ({ why, address: addressAt(server, configured) })
  const all = [
    { why: 'configured' as const, address: configured },
    ...own.flatMap(({ servers }) => servers).map(at('same site')),
    ...others.flatMap(({ servers }) => servers).map(at('another site')),
    ...found.map(at('found')),
  ]
  const hosts = all.map(({ address }) => address.host)
  return all.filter(({ address }, position) => hosts.indexOf(address.host) === position)
}

/** The same address at another server, which may name its own port. */
function addressAt(server: string, like: URL): URL {
  const address = new URL(like)
  address.host = server
  return address
}
