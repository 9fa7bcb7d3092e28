import assert from 'node:assert/strict'
import { type Client, errorOf, startClient } from './client.ts'

describe('sandbox/exchange/cmdlets', () => {
  let client: Client
  before(async () => {
    client = await startClient()
  })
  after(() => client.close())

  const change = (add: object) => ({ '@odata.type': '#Exchange.GenericHashTable', ...add })
  const count = async (cmdlet: string, Filter: string) =>
    (await client.rows(cmdlet, { Filter, ResultSize: 'Unlimited' })).length

  describe('identity', () => {
    it('finds a device by Guid, Identity and distinguished name, and not by its DeviceId', async () => {
      const [device] = await client.rows('Get-MobileDevice', { Mailbox: 'adele' })
      for (const Identity of [device.Guid, device.Identity, device.DistinguishedName, device.Guid.toUpperCase()])
        assert.equal((await client.rows('Get-MobileDevice', { Identity }))[0].Guid, device.Guid)
      assert.equal((await client.invoke('Get-MobileDevice', { Identity: device.DeviceId })).status, 404)
    })

    it('finds a mailbox by every name that it has', async () => {
      const [mailbox] = await client.rows('Get-Mailbox', { Identity: 'adele' })
      const names = [
        'Guid',
        'ExchangeGuid',
        'ExternalDirectoryObjectId',
        'Name',
        'PrimarySmtpAddress',
        'UserPrincipalName',
      ]
      for (const name of [...names, 'DisplayName', 'DistinguishedName', 'Identity'])
        assert.equal((await client.rows('Get-Mailbox', { Identity: mailbox[name] }))[0].Alias, 'adele', name)
    })

    for (const Identity of [null, ''])
      it(`takes ${JSON.stringify(Identity)} as every object on a Get, and as a mistake elsewhere`, async () => {
        assert.equal((await client.rows('Get-MobileDevice', { Identity })).length, 1000)
        assert.equal((await client.invoke('Clear-MobileDevice', { Identity, Confirm: false })).status, 400)
      })

    it('has Identity or Mailbox, not both, and needs an Identity to change something', async () => {
      assert.equal((await client.invoke('Get-MobileDevice', { Identity: 'a', Mailbox: 'adele' })).status, 400)
      const { status, body } = await client.invoke('Set-CASMailbox', { ActiveSyncEnabled: false })
      assert.equal(status, 400)
      assert.match(errorOf(body).type, /AmbiguousParameterSetException/)
    })

    it('reads parameter and cmdlet names without regard to case', async () => {
      assert.equal((await client.rows('get-mobiledevice', { mailbox: 'adele' })).length, 2)
    })
  })

  describe('filter', () => {
    const filter = (text: string) => count('Get-MobileDevice', text)

    it('joins comparisons with and, or, not and parentheses', async () => {
      const [phones, quarantined] = [
        await filter("DeviceType -eq 'iPhone'"),
        await filter("DeviceAccessState -eq 'Quarantined'"),
      ]
      const both = await filter("DeviceType -eq 'iPhone' -and DeviceAccessState -eq 'Quarantined'")
      const either = await filter("(DeviceType -eq 'iphone') -or (DeviceAccessState -eq 'Quarantined')")
      assert.ok(both > 0 && both < quarantined)
      assert.equal(either, phones + quarantined - both)
      assert.equal(await filter("-not (DeviceType -eq 'iPhone')"), 2000 - phones)
      assert.equal(await filter("DeviceType -ne 'iPhone'"), 2000 - phones)
      assert.equal(
        await filter("DeviceType -eq 'iPad' -or DeviceType -eq 'iPhone' -and DeviceId -eq 'none'"),
        await filter("DeviceType -eq 'iPad'"),
      )
    })

    it('compares by size', async () => {
      const { FirstSyncTime } = (await client.rows('Get-MobileDevice', { Mailbox: 'adele' }))[0]
      const [less, least, more, most] = await Promise.all(
        ['lt', 'le', 'gt', 'ge'].map((operator) => filter(`FirstSyncTime -${operator} '${FirstSyncTime}'`)),
      )
      const never = await filter('FirstSyncTime -eq $null')
      assert.deepEqual([least, most], [(less ?? 0) + 1, (more ?? 0) + 1])
      assert.equal((least ?? 0) + (more ?? 0) + never, 2000)
    })

    it('takes a wildcard at the end of a text, and nowhere else', async () => {
      assert.ok((await filter("DeviceOS -like 'iOS 26*'")) > 0)
      assert.equal(await filter("DeviceOS -notlike 'iOS*'"), await filter("-not DeviceOS -like 'iOS*'"))
      assert.equal((await client.invoke('Get-MobileDevice', { Filter: "DeviceOS -like '*OS'" })).status, 400)
    })

    it('reads doubled quotation marks, $null and dates', async () => {
      assert.equal(await filter("FriendlyName -eq 'Zoé''s iPhone'"), 1)
      assert.ok((await filter('FirstSyncTime -eq $null')) > 0)
      const new_ = new Date(Date.now() - 4 * 3_600_000).toISOString()
      const days = await filter(`FirstSyncTime -gt '${new_}'`)
      assert.ok(days > 0 && days < 20)
    })

    for (const text of [
      "ClientVersion -eq '14.1'",
      "WhenChanged -gt '2026-01-01'",
      "LastSuccessSync -gt '2026-01-01'",
      "DeviceAccessState -eq 'Forgotten'",
      "DeviceType -is 'iPhone'",
      "DeviceType -eq 'iPhone",
      "(DeviceType -eq 'iPhone'",
      "DeviceType -eq 'iPhone' DeviceOS",
      "FirstSyncTime -gt 'yesterday'",
    ])
      it(`refuses ${text}`, async () => {
        const { status, body } = await client.invoke('Get-MobileDevice', { Filter: text })
        assert.equal(status, 400)
        assert.match(errorOf(body).text, /Cannot bind parameter 'Filter'/)
      })

    it('finds mailboxes with a partnership, and those with a policy by its distinguished name', async () => {
      const partnered = await count(
        'Get-CASMailbox',
        "HasActiveSyncDevicePartnership -eq 'True' -and -not DisplayName -like 'CAS_{*'",
      )
      assert.ok(partnered > 1000)
      await client.rows('New-MobileDeviceMailboxPolicy', { Name: 'Filtered' })
      const [{ DistinguishedName }] = await client.rows('Get-MobileDeviceMailboxPolicy', { Identity: 'Filtered' })
      await client.rows('Set-CASMailbox', { Identity: 'farid', ActiveSyncMailboxPolicy: 'Filtered' })
      assert.equal(await count('Get-CASMailbox', `ActiveSyncMailboxPolicy -eq '${DistinguishedName}'`), 1)
      assert.equal(
        await count('Get-CASMailbox', 'ActiveSyncMailboxPolicy -eq $null'),
        await count('Get-Mailbox', "Alias -ne 'farid'"),
      )
    })
  })

  describe('lists', () => {
    it('sorts, and refuses to sort by what is not there', async () => {
      const os = (await client.rows('Get-MobileDevice', { Mailbox: 'bruno', SortBy: 'DeviceOS' })).map(
        ({ DeviceOS }) => DeviceOS,
      )
      assert.deepEqual(os, ['Android 14', 'Android 16'])
      assert.equal((await client.invoke('Get-MobileDevice', { SortBy: 'Beauty' })).status, 400)
    })

    it('narrows devices to a kind of client', async () => {
      const rows = await client.rows('Get-MobileDevice', { RestApi: true })
      assert.ok(rows.length > 0)
      assert.ok(rows.every(({ ClientType, ClientVersion }) => ClientType === 'REST' && ClientVersion === '161'))
    })

    it('finds people by the beginning of their names', async () => {
      const people = await client.rows('Get-Recipient', { Anr: 'fontai', RecipientTypeDetails: ['UserMailbox'] })
      assert.deepEqual(
        people.map(({ Alias }) => Alias),
        ['adele'],
      )
      assert.equal(
        (await client.rows('Get-Recipient', { Anr: 'recept', RecipientTypeDetails: 'UserMailbox' })).length,
        0,
      )
      assert.equal(
        (await client.rows('Get-Recipient', { Anr: 'recept', RecipientTypeDetails: 'SharedMailbox' })).length,
        1,
      )
    })

    it('shows accounts without their mail', async () => {
      const [user] = await client.rows('Get-User', { Identity: 'reception' })
      assert.equal(user.AccountDisabled, true)
      assert.equal(user.RecipientTypeDetails, 'SharedMailbox')
      assert.ok(!('PrimarySmtpAddress' in user))
    })

    it('lists the types and models that were seen', async () => {
      const classes = await client.rows('Get-ActiveSyncDeviceClass', { Filter: "DeviceType -eq 'Outlook'" })
      assert.deepEqual(
        classes.map(({ Name }) => Name),
        ['Outlook§Outlook for iOS and Android'],
      )
    })
  })

  describe('statistics', () => {
    it('spells some names in another way than Get-MobileDevice', async () => {
      const [device] = await client.rows('Get-MobileDevice', { Mailbox: 'adele' })
      const [statistics] = await client.rows('Get-MobileDeviceStatistics', { Mailbox: 'adele' })
      assert.deepEqual(
        [statistics.DeviceID, statistics.DeviceFriendlyName, statistics.DevicePhoneNumber, statistics.Guid],
        [device.DeviceId, device.FriendlyName, device.DeviceTelephoneNumber, device.Guid],
      )
      assert.ok(!('LastSuccessSync' in device || 'ClientVersionX' in statistics))
    })
  })

  describe('exemptions', () => {
    const lists = async () => {
      const [row] = await client.rows('Get-CASMailbox', { Identity: 'carla' })
      return [row.ActiveSyncAllowedDeviceIDs, row.ActiveSyncBlockedDeviceIDs]
    }
    const set = (parameters: object) => client.invoke('Set-CASMailbox', { Identity: 'carla', ...parameters })

    it('adds, removes, overwrites and clears, both lists in one call', async () => {
      await set({ ActiveSyncAllowedDeviceIDs: change({ add: ['one', 'two'] }), ActiveSyncBlockedDeviceIDs: ['three'] })
      assert.deepEqual(await lists(), [['one', 'two'], ['three']])
      await set({
        ActiveSyncAllowedDeviceIDs: change({ Add: 'ONE', Remove: 'two' }),
        ActiveSyncBlockedDeviceIDs: change({ remove: 'three' }),
      })
      assert.deepEqual(await lists(), [['one'], []])
      await set({ ActiveSyncAllowedDeviceIDs: null })
      assert.deepEqual(await lists(), [[], []])
    })

    it('warns when nothing was changed', async () => {
      const { body } = await set({ ActiveSyncAllowedDeviceIDs: change({ remove: 'never there' }) })
      assert.match(
        body['@adminapi.warnings'][0],
        /completed successfully but no settings of 'Carla Ibáñez' have been modified/,
      )
    })

    it('refuses a hash table that does not say it is one', async () => {
      assert.equal((await set({ ActiveSyncAllowedDeviceIDs: { add: 'one' } })).status, 400)
    })

    it('goes back to the default policy with null', async () => {
      await client.rows('New-MobileDeviceMailboxPolicy', { Name: 'Field' })
      const policy = async () => {
        const [row] = await client.rows('Get-CASMailbox', { Identity: 'carla' })
        return [row.ActiveSyncMailboxPolicy, row.ActiveSyncMailboxPolicyIsDefaulted]
      }
      await set({ ActiveSyncMailboxPolicy: 'Field' })
      assert.deepEqual(await policy(), ['Field', false])
      await set({ ActiveSyncMailboxPolicy: 'Default' })
      assert.deepEqual(await policy(), ['Default', false])
      await set({ ActiveSyncMailboxPolicy: null })
      assert.deepEqual(await policy(), ['Default', true])
      assert.equal((await set({ ActiveSyncMailboxPolicy: 'Nowhere' })).status, 404)
    })
  })

  describe('access rules', () => {
    it('are named by what they match, changed in level only, and removed', async () => {
      const rule = { AccessLevel: 'Block', Characteristic: 'DeviceModel', QueryString: 'ContosoPhone' }
      const [made] = await client.rows('New-ActiveSyncDeviceAccessRule', rule)
      assert.equal(made.Name, 'ContosoPhone(DeviceModel)')
      assert.equal(
        (await client.invoke('New-ActiveSyncDeviceAccessRule', { ...rule, AccessLevel: 'Allow' })).status,
        400,
      )
      await client.rows('Set-ActiveSyncDeviceAccessRule', { Identity: made.Identity, AccessLevel: 'Quarantine' })
      assert.equal(
        (await client.rows('Get-ActiveSyncDeviceAccessRule', { Identity: made.Guid }))[0].AccessLevel,
        'Quarantine',
      )
      assert.equal(
        (await client.invoke('Set-ActiveSyncDeviceAccessRule', { Identity: made.Guid, QueryString: 'x' })).status,
        400,
      )
      await client.rows('Remove-ActiveSyncDeviceAccessRule', { Identity: made.Guid, Confirm: false })
      assert.equal((await client.invoke('Get-ActiveSyncDeviceAccessRule', { Identity: made.Guid })).status, 404)
    })

    it('need all three parts', async () => {
      const { status } = await client.invoke('New-ActiveSyncDeviceAccessRule', {
        AccessLevel: 'Block',
        QueryString: 'x',
      })
      assert.equal(status, 400)
    })
  })

  describe('organization settings', () => {
    it('keep what is not given, and texts short', async () => {
      const set = (parameters: object) => client.invoke('Set-ActiveSyncOrganizationSettings', parameters)
      await set({ AdminMailRecipients: ['it@contoso.com'], UserMailInsert: 'Call 4711.' })
      await set({ AdminMailRecipients: change({ add: 'desk@contoso.com' }) })
      const [settings] = await client.rows('Get-ActiveSyncOrganizationSettings')
      assert.equal(settings.Name, 'Mobile Mailbox Settings')
      assert.deepEqual(settings.AdminMailRecipients, ['it@contoso.com', 'desk@contoso.com'])
      assert.equal(settings.UserMailInsert, 'Call 4711.')
      assert.equal((await set({ UserMailInsert: 'x'.repeat(257) })).status, 400)
      assert.equal((await set({ UserMailInsert: 'x'.repeat(256) })).status, 200)
    })
  })

  it('names the roles that hold a cmdlet', async () => {
    const entries = await client.rows('Get-ManagementRoleEntry', { Identity: '*\\Clear-MobileDevice' })
    assert.deepEqual(
      entries.map(({ Role }) => Role),
      ['Mail Recipients'],
    )
  })
})
