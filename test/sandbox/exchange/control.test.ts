import assert from 'node:assert/strict'
import { startSandboxExchange } from '../../../src/sandbox/exchange/server.ts'
import { type Client, startClient } from './client.ts'

describe('sandbox/exchange/control', () => {
  let client: Client
  before(async () => {
    client = await startClient()
  })
  after(() => client.close())

  it('tells what is needed to connect', async () => {
    const { clientId, secret, ...contoso } = await client.connection()
    assert.ok(clientId && secret)
    assert.deepEqual(
      [contoso.kind, contoso.address, contoso.authority, contoso.tenant],
      ['online', client.url, client.url, '6f0b54a2-3c1d-4e8a-9f57-2b8d10c4e7a9'],
    )
  })

  it('names every field that it cannot read', async () => {
    await assert.rejects(
      client.control('POST', 'devices', { mailbox: 1, DeviceColor: 'red' }),
      (error: Error) => /mailbox/.test(error.message) && /DeviceColor/.test(error.message),
    )
    await assert.rejects(
      client.control('POST', 'organizations', { name: 'New', version: 'old' }),
      /A version is 2010, 2013/,
    )
    await assert.rejects(client.control('POST', 'organizations', { name: 'Contoso' }), /409/)
    await assert.rejects(client.control('POST', 'devices', { mailbox: 'nobody' }), /404: Contoso has no mailbox nobody/)
    await assert.rejects(client.control('POST', 'devices/none/sync', {}), /404: No phone has the id none/)
    await assert.rejects(client.control('GET', 'secrets'), /404: The control port has no GET/)
  })

  it('finds a mailbox and a phone in whichever organization has them', async () => {
    await client.control('POST', 'organizations', { name: 'Fabrikam', version: 2016, kind: 'onPremises' })
    await client.control('POST', 'mailboxes', { organization: 'Fabrikam', Alias: 'frida' })
    const phone = await client.control('POST', 'devices', { mailbox: 'frida@fabrikam.com' })
    assert.equal(phone.organization, 'Fabrikam')
    const { contacts } = await client.control('POST', `devices/${phone.DeviceId}/sync`)
    assert.equal(contacts[0].outcome, 'synchronized')
    assert.equal((await client.control('GET', 'mailboxes/frida')).PrimarySmtpAddress, 'frida@fabrikam.com')
  })

  it('writes down every cmdlet that reached Exchange, and what came of it', async () => {
    const { length } = await client.control('GET', 'calls')
    await client.rows('Get-Mailbox', { Identity: 'adele' })
    await client.invoke('Get-Mailbox', { Identity: 'nobody' })
    await client.invoke('Clear-MobileDevice', { Identity: 'x' })
    await client.control('POST', 'cmdlets', { cmdlet: 'Get-User' })
    const calls = await client.control('GET', `calls?since=${length}`)
    assert.deepEqual(
      calls.map(({ cmdlet, parameters, door, outcome }: Record<string, string>) => [
        cmdlet,
        parameters,
        door,
        outcome?.split('.').at(-1),
      ]),
      [
        ['Get-Mailbox', { Identity: 'adele' }, 'REST', 'done'],
        ['Get-Mailbox', { Identity: 'nobody' }, 'REST', 'ManagementObjectNotFoundException'],
        ['Clear-MobileDevice', { Identity: 'x' }, 'REST', 'ManagementObjectNotFoundException'],
        ['Get-User', {}, 'control', 'done'],
      ],
    )
  })

  it('shows devices by owner, by what their names contain, by state and by wipe', async () => {
    const names = async (query: string) =>
      (await client.control('GET', `devices?${query}`)).map(({ name }: { name: string }) => name)
    assert.deepEqual(await names('mailbox=bruno'), ['bruno_Android', 'bruno_Android'])
    assert.deepEqual(await names('text=ADELE_i'), ['adele_iPhone'])
    assert.ok((await names('state=Blocked&text=hugo')).includes('hugo_iPhone'))
    const [{ Guid }] = await client.control('GET', 'devices?text=adele_i')
    await client.rows('Clear-MobileDevice', { Identity: Guid, AccountOnly: true, Confirm: false })
    assert.deepEqual(await names('wipe=ordered'), ['adele_iPhone'])
  })

  it('does not start on a port that is taken', async () => {
    await assert.rejects(startSandboxExchange({ port: Number(new URL(client.url).port) }), { code: 'EADDRINUSE' })
  })
})
