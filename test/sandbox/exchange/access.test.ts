import assert from 'node:assert/strict'
import { type Client, startClient } from './client.ts'

describe('sandbox/exchange/access', () => {
  let client: Client
  before(async () => {
    client = await startClient()
  })
  after(() => client.close())

  /** A new phone of a new person. */
  async function connect(alias: string, phone: object = {}) {
    await client.control('POST', 'mailboxes', { Alias: alias })
    return client.control('POST', 'devices', { mailbox: alias, ...phone })
  }

  const change = (add: object) => ({ '@odata.type': '#Exchange.GenericHashTable', ...add })

  async function stateOf(guid: string) {
    const [device] = await client.rows('Get-MobileDevice', { Identity: guid })
    return [device.DeviceAccessState, device.DeviceAccessStateReason, device.DeviceAccessControlRule]
  }

  async function sync(id: string, report: object = {}) {
    const { contacts } = await client.control('POST', `devices/${id}/sync`, report)
    return contacts[0].outcome
  }

  it('decides by personal block, personal allow, rules that block, quarantine, allow, and the default, in this order', async () => {
    const model = 'Order 1'
    const { Guid, DeviceId } = await connect('order', {
      DeviceModel: model,
      DeviceOS: 'Order OS',
      DeviceUserAgent: 'Order/1',
    })
    const rule = (AccessLevel: string, Characteristic: string, QueryString: string) =>
      client.rows('New-ActiveSyncDeviceAccessRule', { AccessLevel, Characteristic, QueryString })
    const lists = (lists: object) => client.rows('Set-CASMailbox', { Identity: 'order', ...lists })
    const seen: unknown[] = []
    const look = async () => {
      await sync(DeviceId)
      seen.push(await stateOf(Guid))
    }
    await look()
    await rule('Allow', 'DeviceModel', model)
    await look()
    await rule('Quarantine', 'DeviceOS', 'order os')
    await look()
    await rule('Block', 'UserAgent', 'Order/1')
    await look()
    await lists({ ActiveSyncAllowedDeviceIDs: change({ add: DeviceId }) })
    await look()
    await lists({ ActiveSyncBlockedDeviceIDs: change({ Add: [DeviceId.toLowerCase()] }) })
    await look()
    assert.deepEqual(seen, [
      ['Allowed', 'Global', null],
      ['Allowed', 'DeviceRule', 'Order 1(DeviceModel)'],
      ['Quarantined', 'DeviceRule', 'order os(DeviceOS)'],
      ['Blocked', 'DeviceRule', 'Order/1(UserAgent)'],
      ['Allowed', 'Individual', null],
      ['Blocked', 'Individual', null],
    ])
  })

  it('keeps the state until the phone contacts Exchange again', async () => {
    const { Guid, DeviceId } = await connect('patience')
    await client.rows('Set-CASMailbox', { Identity: 'patience', ActiveSyncBlockedDeviceIDs: [DeviceId] })
    assert.equal((await stateOf(Guid))[0], 'Allowed')
    assert.equal(await sync(DeviceId), 'blocked')
    assert.equal((await stateOf(Guid))[0], 'Blocked')
    await client.rows('Set-CASMailbox', { Identity: 'patience', ActiveSyncBlockedDeviceIDs: null })
    assert.equal(await sync(DeviceId), 'synchronized')
  })

  it('matches a rule by the whole text only', async () => {
    await client.rows('New-ActiveSyncDeviceAccessRule', {
      AccessLevel: 'Block',
      Characteristic: 'DeviceOS',
      QueryString: 'Wear',
    })
    assert.equal((await connect('wear', { DeviceOS: 'Wear OS 6' })).DeviceAccessState, 'Allowed')
  })

  it('does not hear from a blocked phone that it was updated, but does from one in quarantine', async () => {
    for (const [level, after] of [
      ['Block', 'Blocked'],
      ['Quarantine', 'Allowed'],
    ]) {
      const old = `Old ${level}`
      await client.rows('New-ActiveSyncDeviceAccessRule', {
        AccessLevel: level,
        Characteristic: 'DeviceOS',
        QueryString: old,
      })
      const { Guid, DeviceId } = await connect(`update${level}`, { DeviceOS: old })
      await sync(DeviceId, { DeviceOS: 'New 1' })
      assert.equal((await stateOf(Guid))[0], after)
    }
  })

  it('blocks a phone that cannot enforce the policy, once such phones are not wanted', async () => {
    await client.rows('New-MobileDeviceMailboxPolicy', { Name: 'Strict', AllowNonProvisionableDevices: false })
    const { Guid, DeviceId } = await connect('weak', { provisionable: false })
    await client.rows('Set-CASMailbox', { Identity: 'weak', ActiveSyncMailboxPolicy: 'Strict' })
    await sync(DeviceId)
    assert.deepEqual(await stateOf(Guid), ['Blocked', 'Policy', null])
  })

  it('leaves what external management decided', async () => {
    const [managed] = await client.rows('Get-MobileDevice', {
      Filter: "DeviceAccessStateReason -eq 'ExternallyManaged'",
    })
    const mailbox = managed.Identity.split('\\')[0]
    await client.rows('Set-CASMailbox', { Identity: mailbox, ActiveSyncBlockedDeviceIDs: [managed.DeviceId] })
    await sync(managed.Guid)
    assert.deepEqual(await stateOf(managed.Guid), ['Allowed', 'ExternallyManaged', null])
  })

  for (const [what, switched] of [
    ['ActiveSync is off', { ActiveSyncEnabled: false }],
    ['the mailbox is shared', { RecipientTypeDetails: 'SharedMailbox' }],
    ['the account is disabled', { AccountDisabled: true }],
  ] as const)
    it(`turns the phone away where ${what}`, async () => {
      const alias = `away${Object.keys(switched)[0]}`.toLowerCase()
      const { Guid, DeviceId, LastSuccessSync } = await connect(alias)
      await client.control('POST', `mailboxes/${alias}`, switched)
      assert.match(await sync(DeviceId), /refused|disabled/)
      const [statistics] = await client.rows('Get-MobileDeviceStatistics', { Identity: Guid })
      assert.equal(Date.parse(statistics.LastSuccessSync), Date.parse(LastSuccessSync))
    })

  it('switches Outlook by a switch of its own', async () => {
    const { DeviceId } = await connect('switches', { DeviceType: 'Outlook' })
    await client.control('POST', 'mailboxes/switches', { ActiveSyncEnabled: false })
    assert.equal(await sync(DeviceId), 'synchronized')
    await client.rows('Set-CASMailbox', { Identity: 'switches', OutlookMobileEnabled: false })
    assert.equal(await sync(DeviceId), 'protocol disabled')
  })

  it('applies a stricter default level to every phone at once, and a milder one at the next contact', async () => {
    const covered = await connect('covered')
    await client.rows('Set-CASMailbox', { Identity: 'covered', ActiveSyncAllowedDeviceIDs: [covered.DeviceId] })
    await sync(covered.DeviceId)
    const open = await connect('open')
    await client.rows('Set-ActiveSyncOrganizationSettings', { DefaultAccessLevel: 'Quarantine' })
    assert.deepEqual(await stateOf(open.Guid), ['Quarantined', 'Global', null])
    assert.deepEqual(await stateOf(covered.Guid), ['Allowed', 'Individual', null])
    await client.rows('Set-ActiveSyncOrganizationSettings', { DefaultAccessLevel: 'Allow' })
    assert.equal((await stateOf(open.Guid))[0], 'Quarantined')
    await sync(open.DeviceId)
    assert.equal((await stateOf(open.Guid))[0], 'Allowed')
  })

  it('has the rules that its phones in quarantine and blocked name', async () => {
    const rules = (await client.rows('Get-ActiveSyncDeviceAccessRule')).map(({ Name }) => Name)
    for (const state of ['Quarantined', 'Blocked'])
      for (const device of await client.rows('Get-MobileDevice', { Filter: `DeviceAccessState -eq '${state}'` }))
        if (device.DeviceAccessStateReason === 'DeviceRule') assert.ok(rules.includes(device.DeviceAccessControlRule))
  })
})
