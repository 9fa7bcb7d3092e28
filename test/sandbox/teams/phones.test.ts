import assert from 'node:assert/strict'
import { listen, route } from '../../../src/sandbox/teams/http.ts'
import { createPhones } from '../../../src/sandbox/teams/phones.ts'

const device = (name: string, more: object = {}) => ({
  name,
  DeviceId: `ID/${name}`,
  DeviceModel: 'Pixel 9',
  DeviceOS: 'Android 16',
  DeviceFriendlyName: null,
  DeviceAccessState: 'Allowed',
  LastSyncAttemptTime: null,
  Status: 'DeviceOk',
  configured: true,
  ...more,
})

describe('sandbox/teams phones', () => {
  let exchange: Awaited<ReturnType<typeof listen>>
  let teams: Awaited<ReturnType<typeof listen>>
  let devices: object[]
  const synced: string[] = []
  before(async () => {
    exchange = await listen(0)
    exchange.serve([
      route('GET', '/_sandbox/devices', () => Response.json(devices)),
      route('POST', '/_sandbox/devices/:id/sync', (_, param) => {
        synced.push(param('id'))
        return Response.json({ contacts: [{ name: 'a', outcome: 'synchronized' }] })
      }),
    ])
    teams = await listen(0)
    teams.serve(createPhones(exchange.url))
  })
  after(async () => {
    await teams.close()
    await exchange.close()
  })

  const find = async (text = '') => {
    const response = await fetch(`${teams.url}/_sandbox/devices?text=${text}`)
    const { total, phones } = await response.json()
    return { total, names: phones.map(({ name }: { name: string }) => name), phones }
  }

  it('come with what one sees at a glance, those that wait for a wipe first', async () => {
    devices = [
      device('a'),
      device('b', { Status: 'DeviceWipePending', DeviceFriendlyName: "B's phone" }),
      device('c', { Status: 'AccountOnlyDeviceWipeSucceeded', configured: false }),
    ]
    const { names, phones } = await find()
    assert.deepEqual(names, ['b', 'a', 'c'])
    const common = { access: 'Allowed', lastContact: undefined }
    assert.deepEqual(
      phones.map((phone: object) => ({ ...phone, lastContact: undefined })),
      [
        { id: 'ID/b', name: 'b', model: "B's phone · Android 16", wipe: 'pending', configured: true, ...common },
        { id: 'ID/a', name: 'a', model: 'Pixel 9 · Android 16', configured: true, ...common },
        { id: 'ID/c', name: 'c', model: 'Pixel 9 · Android 16', wipe: 'done', configured: false, ...common },
      ],
    )
  })

  it('are found by name, model or id, thirty at once', async () => {
    devices = [...Array(40)].map((_, n) => device(`phone${n}`, n === 7 ? { DeviceModel: 'Galaxy S10' } : {}))
    const { total, names } = await find()
    assert.deepEqual([total, names.length], [40, 30])
    assert.deepEqual((await find('galaxy')).names, ['phone7'])
    assert.deepEqual((await find('ID/PHONE39')).names, ['phone39'])
  })

  it('contact Exchange when told', async () => {
    const response = await fetch(`${teams.url}/_sandbox/devices/${encodeURIComponent('ID/a')}/sync`, { method: 'POST' })
    assert.deepEqual(
      [await response.json(), synced],
      [{ contacts: [{ name: 'a', outcome: 'synchronized' }] }, ['ID/a']],
    )
  })

  it('are not there while the sandbox Exchange is not', async () => {
    const alone = await listen(0)
    alone.serve(createPhones('http://127.0.0.1:9'))
    assert.equal((await fetch(`${alone.url}/_sandbox/devices`)).status, 502)
    await alone.close()
  })
})
