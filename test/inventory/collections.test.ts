import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isBotError } from '../../src/errors.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import type { Device } from '../../src/inventory/device.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { organization } from './organization.ts'
import { type Disk, memoryStore } from './store.ts'

const noon = Date.UTC(2026, 5, 1, 12)
const day = 86_400_000

async function start({ disk = new Map() as Disk, now = () => noon, fleet = organization(60) } = {}) {
  const inventory = await createInventory({ store: memoryStore(disk), now: () => new Date(now()) })
  const sync = inventory.begin('Contoso')
  await sync.owners(fleet.owners)
  await sync.devices(fleet.devices)
  await sync.complete()
  const members = (...names: string[]) => [...inventory.devices(names)].map(({ guid }) => guid).sort()
  return { inventory, members, ...fleet }
}

const iphones = { name: 'iPhones', parent: allDevices, rule: 'type = iPhone' }
const old = { name: 'Old iPhones', parent: 'iPhones', rule: 'os startsWith "iOS 10"' }
const refused = (says: string) => (error: unknown) =>
  isBotError(error, 'COLLECTION_REFUSED') && error.message.includes(says)

describe('inventory: collections', () => {
  it('hold what their rule and those of their parents say, at once', async () => {
    const { inventory, members, devices } = await start()
    await inventory.collections.put(iphones)
    await inventory.collections.put(old)
    const of = (passes: (device: Device) => boolean) =>
      devices
        .filter(passes)
        .map(({ guid }) => guid)
        .sort()
    assert.deepEqual(
      members('iPhones'),
      of(({ type }) => type === 'iPhone'),
    )
    assert.deepEqual(
      members('old iphones'),
      of(({ type, os }) => type === 'iPhone' && os?.startsWith('iOS 10') === true),
    )
    assert.deepEqual(
      members(allDevices),
      of(() => true),
    )
    assert.deepEqual(members('Nobody'), [])
  })

  it('follow the parent that is changed', async () => {
    const { inventory, members } = await start()
    await inventory.collections.put(iphones)
    await inventory.collections.put(old)
    assert.notDeepEqual(members('Old iPhones'), [])
    await inventory.collections.put({ ...iphones, rule: 'type = iPad' })
    assert.deepEqual(members('Old iPhones'), [])
  })

  it('follow each device and its owner, and are there after a restart', async () => {
    const disk: Disk = new Map()
    const { inventory, members, devices, owners } = await start({ disk })
    await inventory.collections.put({ name: 'Blocked', parent: allDevices, rule: 'state = Blocked' })
    await inventory.collections.put({ name: 'Shared', parent: allDevices, rule: 'kind = SharedMailbox', approvals: 2 })
    const [device] = devices
    const owner = owners.find(({ mailbox }) => mailbox === device?.mailbox)
    assert.ok(device && owner)
    await inventory.put({ ...device, state: 'Blocked' })
    await inventory.putOwner({ ...owner, kind: 'SharedMailbox' })
    assert.ok(members('Blocked').includes(device.guid))
    assert.ok(members('Shared').includes(device.guid))
    const again = await createInventory({ store: memoryStore(disk), now: () => new Date(noon) })
    assert.deepEqual([...again.devices(['Blocked'])].map(({ guid }) => guid).sort(), members('Blocked'))
    assert.equal(again.collections.get('shared')?.approvals, 2)
    await inventory.remove(device)
    assert.ok(!members('Blocked').includes(device.guid))
    await inventory.putOwner({ ...owner, kind: 'UserMailbox' })
    assert.ok(!members('Shared').includes(device.guid))
  })

  it('count days from midnight to midnight', async () => {
    let now = noon
    const lastSync = new Date(noon - 10 * day).toISOString()
    const fleet = organization(1)
    const [device] = fleet.devices
    assert.ok(device?.statistics)
    const silent = { ...device, statistics: { ...device.statistics, lastSync } }
    const { inventory, members } = await start({ now: () => now, fleet: { ...fleet, devices: [silent] } })
    await inventory.collections.put({ name: 'Silent', parent: allDevices, rule: 'daysSinceSync > 10' })
    assert.deepEqual(members('Silent'), [])
    assert.equal(inventory.contains('Silent', silent), false)
    now += day
    assert.deepEqual(members('Silent'), [device.guid])
    assert.equal(inventory.contains('Silent', silent), true)
  })

  it('are refused without a parent, in a circle, and under the name of the root', async () => {
    const { inventory } = await start()
    const { put, remove } = inventory.collections
    await put(iphones)
    await put(old)
    await assert.rejects(put({ ...iphones, name: 'X', parent: 'Y' }), refused('There is no collection “Y”'))
    await assert.rejects(put({ ...iphones, parent: 'old iphones' }), refused('is limited by “iPhones” itself'))
    await assert.rejects(put({ ...iphones, parent: 'iPhones' }), refused('is limited by “iPhones” itself'))
    await assert.rejects(put({ ...iphones, name: 'all mobile devices' }), refused('stays as it is'))
    await assert.rejects(put({ ...iphones, rule: 'type =' }), (error) => isBotError(error, 'RULE_UNREADABLE'))
    await assert.rejects(remove('iPhones'), refused('limits “Old iPhones”'))
    await remove('Old iPhones')
    await remove('iPhones')
    assert.deepEqual(
      inventory.collections.list().map(({ name }) => name),
      [allDevices],
    )
  })

  it('say what is within what, what a device is in, and what a rule asks for', async () => {
    const { inventory, devices } = await start()
    const { put, within, of, fieldsOf, check } = inventory.collections
    await put(iphones)
    await put(old)
    assert.equal(within('Old iPhones', 'iPhones'), true)
    assert.equal(within('iPhones', 'Old iPhones'), false)
    assert.equal(within('Old iPhones', allDevices), true)
    assert.equal(within('Nobody', allDevices), false)
    const ancient = devices.find(({ type, os }) => type === 'iPhone' && os?.startsWith('iOS 10'))
    assert.ok(ancient)
    assert.deepEqual(of(ancient), [allDevices, 'iPhones', 'Old iPhones'])
    assert.deepEqual(fieldsOf('user = a or not ou startsWith b'), ['user', 'ou'])
    assert.throws(
      () => check({ ...old, rule: 'os' }),
      (error) => isBotError(error, 'RULE_UNREADABLE'),
    )
  })

  it('show in no way a device that is in none of those that one may see', async () => {
    const { inventory, devices } = await start({ fleet: organization(300) })
    await inventory.collections.put(iphones)
    await inventory.collections.put(old)
    await inventory.collections.put({
      name: 'Sales',
      parent: allDevices,
      rule: 'ou startsWith "contoso.com/Staff/Sales"',
    })
    const visible = fc.subarray(['iPhones', 'Old iPhones', 'Sales', 'None'])
    fc.assert(
      fc.property(visible, fc.constantFrom(...devices), fc.nat(3), (names, device, length) => {
        const isIn = (one: Device) => names.some((name) => inventory.contains(name, one))
        const owner = inventory.owner(device)
        const texts = [device.guid, device.deviceId, owner.displayName, owner.mail ?? '', device.type]
        for (const text of texts) {
          assert.ok(inventory.find({ text: text.slice(0, 3 + length * 10) }, names).rows.every(isIn))
          assert.ok(inventory.resolve(text, names).devices.every(isIn))
          for (const one of inventory.people(text, names)) assert.ok(inventory.devicesOf(one).some(isIn))
        }
        for (const name of inventory.suggest(`${owner.displayName}x`, names))
          assert.ok(devices.some((one) => isIn(one) && inventory.owner(one).displayName === name))
        const counts = Object.values(inventory.counts(names)).reduce((sum, count) => sum + count, 0)
        assert.equal(counts, devices.filter(isIn).length)
        assert.equal(inventory.find({ text: device.guid }, names).total, isIn(device) ? 1 : 0)
      }),
    )
  })
})
