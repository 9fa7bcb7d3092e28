import assert from 'node:assert/strict'
import { createExchange } from '../../src/connector/exchange.ts'
import { readDefaultPolicy } from '../../src/connector/policy/cmdlets.ts'
import { readAccess } from '../../src/connector/rules/cmdlets.ts'
import { isNotFound, type Row } from '../../src/connector/transport.ts'

const forever = new AbortController().signal
const guid = '0B2D6F37-5C4E-4F4A-9A52-6E2F1D6C9A10'

/** An organization that answers every cmdlet with these rows. */
const showing = (...rows: Row[]) =>
  createExchange({
    transport: {
      async *invoke() {
        yield* rows
      },
      async close() {},
    },
  })

const deviceOf = async (row: Row) => (await showing({ Identity: 'ann', ...row }).device(guid, forever)).device

async function only<T>(rows: AsyncIterable<T>): Promise<T> {
  for await (const row of rows) return row
  assert.fail('no row')
}

describe('connector/exchange: what a cmdlet shows', () => {
  it('is a device by its Guid, in either property', async () => {
    for (const row of [{ Guid: guid }, { Guid: guid, ExchangeObjectId: null }, { Guid: null, ExchangeObjectId: guid }])
      assert.equal((await deviceOf(row)).guid, guid.toLowerCase())
    await assert.rejects(deviceOf({ Guid: null }), /cannot be read/)
  })

  it('is refused by name where access rules or the default policy cannot be read', async () => {
    const odd = showing({ Guid: guid, AccessLevel: 'Sometimes', DefaultAccessLevel: 7 })
    for (const read of [readAccess, readDefaultPolicy])
      await assert.rejects(read(odd, forever), /answered Get-\w+ in a way that cannot be read/)
  })

  it('is readable although a property comes in another form', async () => {
    const device = await deviceOf({
      Guid: guid,
      DeviceModel: 12,
      ClientVersion: 16.1,
      DeviceOS: { Major: 17 },
      DeviceType: null,
    })
    assert.deepEqual([device.model, device.clientVersion, device.os, device.type], ['12', '16.1', undefined, 'Unknown'])
  })

  it('is a time in UTC, whichever zone it names or not', async () => {
    for (const time of [
      '2022-09-21T08:07:47.0000000+00:00',
      '2022-09-21T08:07:47Z',
      '2022-09-21T08:07:47',
      '2022-09-21T08:07:47.0000000',
      '2022-09-21T10:07:47.0000000+02:00',
    ])
      assert.equal((await deviceOf({ Guid: guid, FirstSyncTime: time })).firstSync, '2022-09-21T08:07:47.000Z', time)
    for (const time of [null, '', '0001-01-01T00:00:00', '1601-01-01T00:00:00Z', 'never'])
      assert.equal((await deviceOf({ Guid: guid, FirstSyncTime: time })).firstSync, undefined)
  })

  it('is yes or no as a word, too', async () => {
    for (const [shown, read] of [
      [true, true],
      ['True', true],
      ['False', false],
      [null, undefined],
      [{}, undefined],
    ] as const) {
      const { statistics } = await only(
        showing({ Guid: guid, IsRemoteWipeSupported: shown }).statistics('ann', forever),
      )
      assert.equal(statistics.remoteWipe, read)
    }
    const server = await only(showing({ Name: 'EX1', IsClientAccessServer: 'True' }).servers(forever))
    assert.equal(server.takesClients, true)
  })

  it('is a list, also of one and of nothing', async () => {
    for (const [shown, read] of [
      [
        ['A', 'B'],
        ['A', 'B'],
      ],
      ['A', ['A']],
      [['A', null], ['A']],
      [[], []],
      ['', []],
      [null, []],
    ] as const) {
      const row = { Guid: guid, Name: 'ann', ActiveSyncAllowedDeviceIDs: shown }
      assert.deepEqual((await showing(row).access('ann', forever)).owner.allowed, read)
    }
  })

  it('is one device, whichever others are shown', async () => {
    const other = { Identity: 'bob', Guid: 'ffffffff-5c4e-4f4a-9a52-6e2f1d6c9a10' }
    const { device } = await showing(other, { Identity: 'ann', Guid: guid }).device(guid, forever)
    assert.equal(device.guid, guid.toLowerCase())
    await assert.rejects(showing(other, other).device(guid, forever), isNotFound)
  })

  it('is a mailbox, whatever there is to call it by', async () => {
    for (const [row, name] of [
      [{ Name: 'ann', Identity: 'contoso.com/ann' }, 'ann'],
      [{ Identity: 'contoso.com/ann', PrimarySmtpAddress: 'ann@contoso.com' }, 'contoso.com/ann'],
      [{ PrimarySmtpAddress: 'ann@contoso.com' }, 'ann@contoso.com'],
      [{}, guid.toLowerCase()],
    ] as const) {
      const exchange = showing({ Guid: guid, ...row })
      for (const { owner } of [await exchange.access('ann', forever), await exchange.mailbox('ann', forever)])
        assert.deepEqual([owner.name, owner.displayName], [name, name])
    }
  })

  it('is that there is no such object, when it shows nothing', async () => {
    await assert.rejects(showing().device(guid, forever), isNotFound)
  })
})
