import assert from 'node:assert/strict'
import { type Client, errorOf, startClient } from './client.ts'

describe('sandbox/exchange/wipe', () => {
  let client: Client
  let now = Date.UTC(2026, 10, 23, 9)
  before(async () => {
    client = await startClient('Contoso', { now: () => now })
  })
  after(() => client.close())
  beforeEach(() => {
    now += 60_000
  })

  let people = 0
  async function connect(phone: object = {}) {
    people += 1
    const mailbox = `person${people}`
    await client.control('POST', 'mailboxes', { Alias: mailbox })
    return { mailbox, ...(await client.control('POST', 'devices', { mailbox, ...phone })) }
  }

  const clear = (guid: string, parameters: object = {}) =>
    client.invoke('Clear-MobileDevice', { Identity: guid, Confirm: false, ...parameters })
  const statistics = async (guid: string) => (await client.rows('Get-MobileDeviceStatistics', { Identity: guid }))[0]
  const sync = async (id: string, report: object = {}) =>
    (await client.control('POST', `devices/${id}/sync`, report)).contacts[0].outcome
  const at = () => new Date(now).toISOString().replace('Z', '0000+00:00')

  it('goes from ordered over taken to acknowledged, each with its time', async () => {
    const { Guid } = await connect()
    assert.equal((await clear(Guid)).status, 204)
    const ordered = at()
    now += 1000
    assert.equal(await sync(Guid, { acknowledges: 'later' }), 'wipe taken')
    const taken = at()
    const between = await statistics(Guid)
    assert.deepEqual(
      [between.Status, between.DeviceWipeSentTime, between.DeviceWipeAckTime],
      ['DeviceWipePending', taken, null],
    )
    now += 1000
    assert.equal(await sync(Guid), 'wipe acknowledged')
    const after = await statistics(Guid)
    assert.equal(after.Status, 'DeviceWipeSucceeded')
    assert.deepEqual(
      [after.DeviceWipeRequestTime, after.DeviceWipeSentTime, after.DeviceWipeAckTime],
      [ordered, taken, at()],
    )
    assert.equal(after.LastDeviceWipeRequestor, (await client.connection()).clientId)
    assert.equal(after.AccountOnlyDeviceWipeRequestTime, null)
  })

  it('is taken and acknowledged in one contact by a phone that does not tarry', async () => {
    const { Guid } = await connect()
    await clear(Guid)
    assert.equal(await sync(Guid), 'wipe acknowledged')
    assert.equal(await sync(Guid), 'account gone from the phone')
  })

  it('keeps account-only apart', async () => {
    const { Guid } = await connect()
    await clear(Guid, { AccountOnly: true })
    assert.equal((await statistics(Guid)).Status, 'AccountOnlyDeviceWipePending')
    await sync(Guid)
    const after = await statistics(Guid)
    assert.deepEqual([after.Status, after.DeviceWipeRequestTime], ['AccountOnlyDeviceWipeSucceeded', null])
    assert.ok(after.AccountOnlyDeviceWipeAckTime)
  })

  it('refuses account-only to a client below 16.1 and orders nothing', async () => {
    const { Guid } = await connect({ DeviceType: 'Android', ClientVersion: '14.1' })
    const { status, body } = await clear(Guid, { AccountOnly: true })
    assert.equal(status, 400)
    assert.match(errorOf(body).text, /version 14\.1/)
    assert.equal((await statistics(Guid)).AccountOnlyDeviceWipeRequestTime, null)
  })

  it('stays pending for Outlook in the cloud although the app was emptied', async () => {
    const { Guid } = await connect({ DeviceType: 'Outlook' })
    await clear(Guid)
    assert.equal(await sync(Guid), 'wipe taken')
    assert.equal(await sync(Guid), 'account gone from the phone')
    const after = await statistics(Guid)
    assert.deepEqual([after.Status, after.DeviceWipeAckTime], ['DeviceWipePending', null])
  })

  it('has no effect on Outlook as account-only', async () => {
    const { Guid } = await connect({ DeviceType: 'Outlook' })
    await clear(Guid, { AccountOnly: true })
    assert.equal(await sync(Guid), 'synchronized')
    assert.equal((await statistics(Guid)).Status, 'AccountOnlyDeviceWipePending')
  })

  it('shows a second order by a later time', async () => {
    const { Guid } = await connect()
    await clear(Guid)
    const first = (await statistics(Guid)).DeviceWipeRequestTime
    now += 5000
    await clear(Guid)
    assert.ok((await statistics(Guid)).DeviceWipeRequestTime > first)
  })

  it('is sent again to a phone that failed', async () => {
    const { Guid } = await connect()
    await clear(Guid)
    await sync(Guid, { acknowledges: 'failed' })
    const first = (await statistics(Guid)).DeviceWipeSentTime
    now += 5000
    await sync(Guid, { acknowledges: 'failed' })
    const again = await statistics(Guid)
    assert.ok(again.DeviceWipeSentTime > first)
    assert.equal(again.Status, 'DeviceWipePending')
  })

  it('can be cancelled while pending, and no longer once acknowledged', async () => {
    const { Guid } = await connect()
    await clear(Guid)
    await clear(Guid, { Cancel: true })
    const cancelled = await statistics(Guid)
    assert.deepEqual([cancelled.Status, cancelled.DeviceWipeRequestTime], ['DeviceOk', null])
    assert.equal(await sync(Guid), 'synchronized')
    await clear(Guid)
    await sync(Guid)
    await clear(Guid, { Cancel: true })
    assert.equal((await statistics(Guid)).Status, 'DeviceWipeSucceeded')
  })

  it('does not reach a phone that is blocked, nor one whose mailbox is shared, disabled or without ActiveSync', async () => {
    for (const hinder of [
      async (device: { mailbox: string; DeviceId: string }) =>
        client.rows('Set-CASMailbox', { Identity: device.mailbox, ActiveSyncBlockedDeviceIDs: [device.DeviceId] }),
      async ({ mailbox }: { mailbox: string }) =>
        client.rows('Set-CASMailbox', { Identity: mailbox, ActiveSyncEnabled: false }),
      ({ mailbox }: { mailbox: string }) =>
        client.control('POST', `mailboxes/${mailbox}`, { RecipientTypeDetails: 'SharedMailbox' }),
      ({ mailbox }: { mailbox: string }) => client.control('POST', `mailboxes/${mailbox}`, { AccountDisabled: true }),
    ]) {
      const device = await connect()
      await hinder(device)
      await clear(device.Guid)
      await sync(device.Guid)
      assert.equal((await statistics(device.Guid)).DeviceWipeSentTime, null)
    }
  })

  it('does reach a phone in quarantine', async () => {
    const { Guid, DeviceAccessState } = await connect({ DeviceModel: 'iPhone9C3' })
    assert.equal(DeviceAccessState, 'Quarantined')
    await clear(Guid)
    assert.equal(await sync(Guid), 'wipe acknowledged')
  })

  it('only blocks a client that cannot be wiped', async () => {
    const { Guid } = await connect({ IsRemoteWipeSupported: false })
    await clear(Guid)
    assert.equal(await sync(Guid), 'blocked')
    assert.equal((await statistics(Guid)).Status, 'DeviceBlocked')
  })

  it('is discarded when the partnership is removed; the phone comes back as a new one', async () => {
    const { Guid, DeviceId } = await connect()
    await clear(Guid)
    assert.equal((await client.invoke('Remove-MobileDevice', { Identity: Guid, Confirm: false })).status, 204)
    assert.equal((await client.invoke('Get-MobileDevice', { Identity: Guid })).status, 404)
    const { contacts } = await client.control('POST', `devices/${DeviceId}/sync`, {})
    assert.equal(contacts[0].outcome, 'synchronized')
    assert.notEqual(contacts[0].Guid, Guid)
    assert.equal(contacts[0].wipe.requested, null)
  })

  it('shows who else ordered a wipe', async () => {
    const { Guid } = await connect()
    const order = { cmdlet: 'Clear-MobileDevice', parameters: { Identity: Guid }, requestor: 'CONTOSO\\somebody' }
    await client.control('POST', 'cmdlets', order)
    assert.equal((await statistics(Guid)).LastDeviceWipeRequestor, 'CONTOSO\\somebody')
  })

  it('reaches each account of a phone by itself', async () => {
    const { DeviceId } = await connect()
    const other = await connect({ DeviceId })
    await clear(other.Guid)
    const { contacts } = await client.control('POST', `devices/${DeviceId}/sync`, {})
    assert.deepEqual(
      contacts.map(({ outcome }: { outcome: string }) => outcome),
      ['synchronized', 'wipe acknowledged'],
    )
  })

  it('lets a phone whose account was wiped set it up again', async () => {
    const device = await connect()
    await clear(device.Guid, { AccountOnly: true })
    await sync(device.Guid)
    const again = await client.control('POST', 'devices', { mailbox: device.mailbox, DeviceId: device.DeviceId })
    assert.deepEqual([again.Guid, again.outcome], [device.Guid, 'synchronized'])
  })
})
