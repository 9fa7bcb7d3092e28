import assert from 'node:assert/strict'
import { candidatesOf } from '../../src/connector/failover.ts'
import { readConnector } from '../../src/connector/settings.ts'

function candidates(
  clientAccessServers: string,
  found: readonly string[],
  address = 'https://ex2.fabrikam.com/PowerShell/',
) {
  const given = { name: 'Fabrikam', kind: 'onPremises', address, credential: 'f', clientAccessServers }
  const connector = readConnector(given)
  assert.ok(connector.kind === 'onPremises')
  return candidatesOf(connector, found).map(({ address, why }) => `${why}: ${address.href}`)
}

describe('fail-over on premises', () => {
  it('tries the configured server, then its site, then other sites, then what was found', () => {
    const sites = 'Paris=ex4.fabrikam.com; Berlin=ex1.fabrikam.com,ex2.fabrikam.com,ex3.fabrikam.com'
    assert.deepEqual(candidates(sites, ['ex5.fabrikam.com', 'ex1.fabrikam.com']), [
      'configured: https://ex2.fabrikam.com/PowerShell/',
      'same site: https://ex1.fabrikam.com/PowerShell/',
      'same site: https://ex3.fabrikam.com/PowerShell/',
      'another site: https://ex4.fabrikam.com/PowerShell/',
      'found: https://ex5.fabrikam.com/PowerShell/',
    ])
  })

  it('asks each at the same port and path, unless it has a port of its own', () => {
    assert.deepEqual(candidates('Berlin=ex2:8443,ex3:444,ex4', [], 'https://ex2:8443/PowerShell/'), [
      'configured: https://ex2:8443/PowerShell/',
      'same site: https://ex3:444/PowerShell/',
      'same site: https://ex4:8443/PowerShell/',
    ])
  })

  it('is the configured server alone where nothing else is known', () => {
    assert.deepEqual(candidates('', []), ['configured: https://ex2.fabrikam.com/PowerShell/'])
  })
})
