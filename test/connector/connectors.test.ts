import assert from 'node:assert/strict'
import { allDevices } from '../../src/inventory/collections.ts'
import { type Site, startSite } from './site.ts'

describe('connectors', () => {
  let site: Site
  beforeEach(async () => {
    site = await startSite()
  })
  afterEach(() => site.close())

  const devices = (name: string) =>
    [...site.inventory().devices([allDevices])].filter(({ connector }) => connector === name)

  it('keep organizations of both kinds side by side, each with its own names of cmdlets', async () => {
    const cloud = await site.found({ kind: 'online', devices: 5 }, 'Contoso')
    const server = await site.found({ kind: 'onPremises', devices: 7, version: 'SE' }, 'Fabrikam')
    const old = await site.found({ kind: 'onPremises', devices: 4, version: '2010' }, 'Northwind')
    for (const { settings } of [cloud, server, old]) await site.add(settings)
    assert.deepEqual(
      ['Contoso', 'Fabrikam', 'Northwind'].map((name) => devices(name).length),
      [5, 7, 4],
    )
    assert.ok(site.connectors().complete())
    assert.deepEqual(
      site
        .connectors()
        .all()
        .map(({ name, health }) => `${name}: ${health.state}`),
      ['Contoso: healthy', 'Fabrikam: healthy', 'Northwind: healthy'],
    )
    for (const device of [...devices('Contoso'), ...devices('Fabrikam'), ...devices('Northwind')])
      assert.ok(site.inventory().owner(device).mail, 'the owner is known')
    const cmdlets = new Set((await site.calls(old.organization)).map(({ cmdlet }) => cmdlet))
    assert.ok(cmdlets.has('Get-ActiveSyncDevice') && !cmdlets.has('Get-MobileDevice'))
    assert.deepEqual(['Contoso', 'Fabrikam', 'Northwind'].map(site.connectors().canWipeAccount), [true, true, false])
  })
})
