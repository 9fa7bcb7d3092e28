import assert from 'node:assert/strict'
import { type Client, errorOf, startClient } from './client.ts'

describe('sandbox/exchange/policy', () => {
  let client: Client
  before(async () => {
    client = await startClient()
  })
  after(() => client.close())

  const set = (parameters: object) =>
    client.invoke('Set-MobileDeviceMailboxPolicy', { Identity: 'Default', ...parameters })
  const get = async (name = 'Default') => (await client.rows('Get-MobileDeviceMailboxPolicy', { Identity: name }))[0]

  it('has the documented defaults', async () => {
    const policy = await get()
    assert.equal(policy.IsDefault, true)
    assert.equal(policy.AllowCamera, true)
    assert.equal(policy.PasswordEnabled, false)
    assert.equal(policy.AllowBluetooth, 'Allow')
    assert.equal(policy.MaxInactivityTimeLock, 'Unlimited')
    assert.equal(policy.MinPasswordLength, null)
    assert.equal(policy.MinPasswordComplexCharacters, 1)
    assert.deepEqual(policy.UnapprovedInROMApplicationList, [])
  })

  for (const [name, low, high, below, above] of [
    ['MaxPasswordFailedAttempts', '4', '16', 3, 17],
    ['MinPasswordComplexCharacters', 1, 4, 0, 5],
    ['MinPasswordLength', 1, 16, 0, 17],
    ['PasswordHistory', 0, 50, -1, 51],
    ['MaxInactivityTimeLock', '00:01:00', '01:00:00', '00:00:59', '01:00:01'],
    ['PasswordExpiration', '1.00:00:00', '730.00:00:00', '23:59:59', '730.00:00:01'],
    ['MaxEmailBodyTruncationSize', '0', '2147483647', -1, 2_147_483_648],
    ['MaxEmailHTMLBodyTruncationSize', '0', '2147483647', -1, 2_147_483_648],
  ] as const)
    it(`takes ${name} from ${low} to ${high} and nothing beyond`, async () => {
      for (const value of [low, high]) {
        assert.equal((await set({ [name]: value })).status, 200)
        assert.deepEqual((await get())[name], value)
      }
      for (const value of [below, above]) {
        const { status, body } = await set({ [name]: value })
        assert.equal(status, 400)
        assert.match(errorOf(body).type, /DataValidationException/)
        assert.deepEqual((await get())[name], high)
      }
    })

  it('reads sizes with their units and shows them as Exchange does', async () => {
    for (const [given, shown] of [
      ['4KB', '4 KB (4,096 bytes)'],
      [4096, '4 KB (4,096 bytes)'],
      ['1.5 MB', '1.5 MB (1,572,864 bytes)'],
      ['4 KB (4,096 bytes)', '4 KB (4,096 bytes)'],
      ['2097151KB', '2 GB (2,147,482,624 bytes)'],
      ['Unlimited', 'Unlimited'],
    ]) {
      assert.equal((await set({ MaxAttachmentSize: given })).status, 200)
      assert.equal((await get()).MaxAttachmentSize, shown)
    }
    assert.equal((await set({ MaxAttachmentSize: '2GB' })).status, 400)
    await set({ MaxEmailBodyTruncationSize: '100KB' })
    assert.equal((await get()).MaxEmailBodyTruncationSize, '102400')
  })

  for (const wrong of [
    { AllowCamera: 'false' },
    { AllowBluetooth: 'Sometimes' },
    { PasswordHistory: 'many' },
    { MaxInactivityTimeLock: 'soon' },
    { MaxAttachmentSize: '4 parsecs' },
    { UnapprovedInROMApplicationList: 7 },
    { DevicePasswordEnabled: true },
  ])
    it(`refuses ${JSON.stringify(wrong)}`, async () => assert.equal((await set(wrong)).status, 400))

  it('encrypts the device when it encrypts the storage card', async () => {
    await set({ RequireStorageCardEncryption: true })
    assert.equal((await get()).DeviceEncryptionEnabled, true)
  })

  it('clears a blank number and changes a list', async () => {
    await set({ MinPasswordLength: 6 })
    await set({ MinPasswordLength: null })
    assert.equal((await get()).MinPasswordLength, null)
    await set({ UnapprovedInROMApplicationList: ['a.exe', 'b.exe'] })
    await set({ UnapprovedInROMApplicationList: { '@odata.type': '#Exchange.GenericHashTable', remove: 'A.exe' } })
    assert.deepEqual((await get()).UnapprovedInROMApplicationList, ['b.exe'])
  })

  it('has one default, which moves', async () => {
    await client.rows('New-MobileDeviceMailboxPolicy', { Name: 'Second', PasswordEnabled: true, IsDefault: true })
    assert.deepEqual([(await get('Second')).IsDefault, (await get()).IsDefault], [true, false])
    assert.equal((await client.rows('Get-CASMailbox', { Identity: 'adele' }))[0].ActiveSyncMailboxPolicy, 'Second')
    await set({ IsDefault: true })
    assert.deepEqual([(await get('Second')).IsDefault, (await get()).IsDefault], [false, true])
    assert.equal((await client.invoke('New-MobileDeviceMailboxPolicy', { Name: 'second' })).status, 400)
  })

  it('cannot be removed while somebody has it', async () => {
    await client.rows('New-MobileDeviceMailboxPolicy', { Name: 'Third' })
    const remove = () => client.invoke('Remove-MobileDeviceMailboxPolicy', { Identity: 'Third', Confirm: false })
    await client.rows('Set-CASMailbox', { Identity: 'gwen', ActiveSyncMailboxPolicy: 'Third' })
    assert.equal((await remove()).status, 400)
    await client.rows('Set-CASMailbox', { Identity: 'gwen', ActiveSyncMailboxPolicy: null })
    assert.equal((await remove()).status, 204)
    assert.equal((await client.invoke('Get-MobileDeviceMailboxPolicy', { Identity: 'Third' })).status, 404)
  })

  it('warns when nothing was changed', async () => {
    const { body } = await set({ AllowCamera: true })
    assert.match(body['@adminapi.warnings'][0], /no settings of 'Default' have been modified/)
  })

  it('reaches a phone at its next synchronization', async () => {
    const [before] = await client.rows('Get-MobileDeviceStatistics', { Mailbox: 'adele' })
    await set({ AllowCamera: false })
    await client.control('POST', `devices/${before.Guid}/sync`, {})
    const [after] = await client.rows('Get-MobileDeviceStatistics', { Mailbox: 'adele' })
    assert.ok(after.LastPolicyUpdateTime > before.LastPolicyUpdateTime)
    assert.deepEqual([after.DevicePolicyApplied, after.DevicePolicyApplicationStatus], ['Default', 'AppliedInFull'])
  })

  it('has its old names on the cmdlets of Exchange 2010', async () => {
    await client.rows('Set-ActiveSyncMailboxPolicy', { Identity: 'Default', MinDevicePasswordLength: 8 })
    assert.equal((await get()).MinPasswordLength, 8)
    const [old] = await client.rows('Get-ActiveSyncMailboxPolicy', { Identity: 'Default' })
    assert.deepEqual([old.MinDevicePasswordLength, old.IsDefaultPolicy], [8, true])
    assert.equal(
      (await client.invoke('Set-ActiveSyncMailboxPolicy', { Identity: 'Default', MinPasswordLength: 8 })).status,
      400,
    )
  })
})
