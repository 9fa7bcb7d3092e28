import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { runCmdlet } from '../../../src/sandbox/exchange/cmdlets.ts'
import { foundOrganization, NewOrganizationSchema } from '../../../src/sandbox/exchange/control/organizations.ts'
import { CmdletError } from '../../../src/sandbox/exchange/errors.ts'
import { type Client, startClient } from './client.ts'

describe('sandbox/exchange/organizations', () => {
  describe('Contoso', () => {
    let client: Client
    before(async () => {
      client = await startClient()
    })
    after(() => client.close())

    it('has the devices that stories need', async () => {
      const devices = await client.control('GET', 'devices')
      assert.equal(devices.length, 2000)
      const named = (name: string) => devices.filter((device: { name: string }) => device.name === name)
      const [adele] = named('adele_iPhone')
      assert.deepEqual([adele.ClientType, adele.ClientVersion, adele.DeviceAccessState], ['EAS', '16.1', 'Allowed'])
      assert.ok(Date.now() - Date.parse(adele.LastSuccessSync) < 3_600_000)
      assert.equal(named('adele_Outlook')[0].ClientType, 'Outlook')
      assert.equal(named('bruno_Android').length, 2)
      assert.equal(named('carla_Android')[0].ClientVersion, '14.1')
      assert.equal(named('gwen_iPhone')[0].DeviceAccessState, 'Quarantined')
      assert.equal(named('hugo_iPhone')[0].DeviceAccessState, 'Blocked')
      assert.equal(named('reception_iPhone')[0].mailboxType, 'SharedMailbox')
      assert.equal(named('dmitri_iPhone')[0].LastSuccessSync, null)
      assert.equal(named('farid_iPhone')[0].DeviceId, named('frontdesk_iPhone')[0].DeviceId)
    })

    it('is the same fleet at every start', async () => {
      const other = await startClient()
      try {
        const ids = async (one: Client) =>
          (await one.control('GET', 'devices')).map(
            ({ Guid, Identity }: { Guid: string; Identity: string }) => Guid + Identity,
          )
        assert.deepEqual(await ids(client), await ids(other))
      } finally {
        await other.close()
      }
    })

    it('knows the people of the demo by their Entra ids', async () => {
      const [omar] = await client.rows('Get-Mailbox', { Identity: '5a81f3c6-2e70-4d9b-b1c4-8f6e03d7a925' })
      assert.equal(omar.PrimarySmtpAddress, 'omar.haddad@contoso.com')
    })
  })

  describe('rights', () => {
    let client: Client
    before(async () => {
      client = await startClient('Fabrikam')
    })
    after(() => client.close())
    const entitle = (rights: readonly string[] | null) => client.control('POST', 'organizations/Fabrikam', { rights })
    const status = async (cmdlet: string, parameters: object = {}) => (await client.send(cmdlet, parameters)).status

    it('make another organization with devices of its own', async () => {
      const made = await client.control('POST', 'organizations', { name: 'Fabrikam', kind: 'online', devices: 30 })
      assert.equal(made.devices, 30)
      assert.equal((await client.rows('Get-MobileDevice')).length, 30)
    })

    it('hide a cmdlet, or one parameter of it', async () => {
      const [{ Guid }] = await client.rows('Get-MobileDevice', { ActiveSync: true })
      const wipe = { Identity: Guid, Confirm: true }
      await entitle(['-Clear-MobileDevice AccountOnly'])
      assert.equal(await status('Clear-MobileDevice', wipe), 200)
      assert.equal(await status('Clear-MobileDevice', { ...wipe, AccountOnly: true }), 400)
      await entitle(['-Clear-MobileDevice'])
      assert.equal(await status('Clear-MobileDevice', wipe), 403)
      assert.equal(await status('Get-MobileDevice'), 200)
    })

    it('come as role groups, roles and single cmdlets', async () => {
      await entitle(['View-Only Organization Management', 'Set-CASMailbox'])
      assert.equal(await status('Get-MobileDeviceMailboxPolicy'), 200)
      assert.equal(await status('Set-CASMailbox', { Identity: 'x' }), 404)
      assert.equal(await status('Set-ActiveSyncOrganizationSettings', { DefaultAccessLevel: 'Allow' }), 403)
      await entitle([])
      assert.equal(await status('Get-MobileDevice'), 403)
      await entitle(null)
      assert.equal(await status('Get-MobileDevice'), 200)
    })
  })

  describe('on premises', () => {
    const account = 'FABRIKAM\\svc-devices'
    const found = (version: string, rights?: readonly string[]) =>
      foundOrganization(
        NewOrganizationSchema.parse({ name: 'Fabrikam', kind: 'onPremises', version, rights, devices: 40 }),
        Date.UTC(2026, 10, 23),
      )
    const run = (organization: ReturnType<typeof found>, cmdlet: string, parameters = {}) => {
      const result = runCmdlet({ cmdlet, parameters }, { organization, now: Date.now(), requestor: account })
      if (result.confirmation !== undefined) return []
      const { table } = result
      return (table?.keys ?? []).map((_, row) =>
        Object.fromEntries((table?.columns ?? []).map(({ name, at }) => [name, at(row)])),
      )
    }
    const kindOf = (act: () => unknown) => {
      try {
        act()
        return 'done'
      } catch (error) {
        return error instanceof CmdletError ? error.kind : error
      }
    }

    it('shows identities as paths, and nothing of the cloud', () => {
      const [device] = run(found('2019'), 'Get-MobileDevice')
      assert.match(String(device?.Identity), /^fabrikam\.com\/Staff\/.+\/.+\/ExchangeActiveSyncDevices\/.+§/)
      assert.ok(device && !('IsManaged' in device) && !('ExchangeObjectId' in device))
      const again = run(found('2019'), 'Get-MobileDevice')[0]
      assert.equal(run(found('2019'), 'Get-MobileDevice', { Identity: again?.Identity })[0]?.Identity, again?.Identity)
    })

    it('has the old names only on 2010, and the client as a protocol version', () => {
      const old = found('2010')
      assert.equal(
        kindOf(() => run(old, 'Get-MobileDevice')),
        'hidden',
      )
      const [device] = run(old, 'Get-ActiveSyncDevice')
      assert.ok(device && 'DeviceActiveSyncVersion' in device && !('ClientType' in device))
      assert.equal(
        kindOf(() => run(old, 'Set-MobileDeviceMailboxPolicy', { Identity: 'Default' })),
        'hidden',
      )
      assert.equal(
        kindOf(() => run(old, 'Set-ActiveSyncMailboxPolicy', { Identity: 'Default', DevicePasswordEnabled: true })),
        'done',
      )
    })

    it('knows no account-only wipe before 2016', () => {
      for (const [version, outcome] of [
        ['2013', 'parameter'],
        ['2016', 'done'],
        ['15.2.2562.17', 'done'],
      ] as const) {
        const organization = found(version)
        const [device] = run(organization, 'Get-MobileDevice', {
          Filter: "ClientType -eq 'EAS' -and DeviceType -eq 'iPhone'",
        })
        const wipe = { Identity: device?.Guid, AccountOnly: true, Confirm: false }
        assert.equal(
          kindOf(() => run(organization, 'Clear-MobileDevice', wipe)),
          outcome,
        )
        const [statistics] = run(organization, 'Get-MobileDeviceStatistics', { Identity: device?.Guid })
        assert.equal(statistics && 'AccountOnlyDeviceWipeRequestTime' in statistics, outcome === 'done')
      }
    })

    it('has servers with their version, and settings of the session', () => {
      const [server] = run(found('SE'), 'Get-ExchangeServer')
      assert.equal(server?.AdminDisplayVersion, 'Version 15.2 (Build 2562.17)')
      assert.match(
        String(server?.DistinguishedName),
        /CN=Fabrikam,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=fabrikam,DC=com$/,
      )
      assert.equal(
        kindOf(() => run(found('SE'), 'Set-ADServerSettings', { ViewEntireForest: true })),
        'done',
      )
    })

    it('shows by Get-Command what the account has, parameters included', () => {
      const organization = found('2016', ['-Clear-MobileDevice AccountOnly', '-Remove-MobileDevice'])
      const [clear] = run(organization, 'Get-Command', { Name: 'Clear-MobileDevice' })
      assert.ok(
        Array.isArray(clear?.Parameters) &&
          clear.Parameters.includes('Cancel') &&
          !clear.Parameters.includes('AccountOnly'),
      )
      assert.deepEqual(run(organization, 'Get-Command', { Name: 'Remove-MobileDevice' }), [])
    })

    it('limits devices to an organizational unit', () => {
      const organization = found('2019')
      const unit = [...organization.mailboxes.values()][0]?.unit ?? ''
      const some = run(organization, 'Get-MobileDevice', { OrganizationalUnit: unit })
      assert.ok(some.length > 0 && some.length < 40)
      assert.equal(run(organization, 'Get-MobileDevice', { OrganizationalUnit: 'fabrikam.com/Staff' }).length, 40)
    })

    it('cannot be reached through the cloud door', async () => {
      const client = await startClient('Adatum')
      try {
        const made = await client.control('POST', 'organizations', {
          name: 'Adatum',
          kind: 'onPremises',
          version: '2019',
        })
        assert.match(made.user, /^ADATUM\\/)
        assert.ok(made.password && !made.secret && made.address.endsWith('/PowerShell/'))
      } finally {
        await client.close()
      }
    })
  })

  describe('fleets', () => {
    let client: Client
    before(async () => {
      client = await startClient('Big')
      await client.control('POST', 'organizations', { name: 'Big', devices: 5000 })
    })
    after(() => client.close())
    const everything = { ResultSize: 'Unlimited' }
    const sweep = async () => {
      const rows = await client.rows('Get-MobileDevice', everything, { select: 'Guid,DeviceOS,DeviceAccessState' })
      return new Map(rows.map((row) => [row.Guid, JSON.stringify(row)]))
    }

    it('show exactly the changes that were made to them, from pages made ready before', async () => {
      const before = await sweep()
      assert.equal(before.size, 5000)
      const wish = { new: 30, quarantined: 20, updated: 15, removed: 10 }
      assert.equal((await client.control('POST', 'organizations/Big/changes', wish)).devices, 5020)
      const after = await sweep()
      assert.equal([...after.keys()].filter((guid) => !before.has(guid)).length, 30)
      assert.equal([...before.keys()].filter((guid) => !after.has(guid)).length, 10)
      const changed = [...after].filter(([guid, row]) => before.has(guid) && before.get(guid) !== row)
      assert.equal(changed.length, 35)
      const fresh = { Filter: `FirstSyncTime -gt '${new Date(Date.now() - 60_000).toISOString()}'`, ...everything }
      assert.equal((await client.rows('Get-MobileDevice', fresh)).length, 30)
    })

    it('show a change in the middle of a page', async () => {
      const before = await sweep()
      await client.control('POST', 'organizations/Big/changes', { updated: 40 })
      const after = await sweep()
      assert.deepEqual([...after.keys()], [...before.keys()])
      assert.equal([...after].filter(([guid, row]) => before.get(guid) !== row).length, 40)
    })
  })

  it('runs as a process of its own that says where it is and ends when told', async () => {
    const child = spawn(process.execPath, ['src/sandbox/exchange/index.ts'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(child.stdout, 'data')
    const [, url] = String(line).match(/^Sandbox Exchange: (http:\/\/127\.0\.0\.1:\d+)\n$/) ?? []
    assert.ok(url)
    const page = await fetch(url)
    assert.match(await page.text(), /<title>Sandbox Exchange<\/title>/)
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })
})
