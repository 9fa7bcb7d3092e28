import assert from 'node:assert/strict'
import { allDevices } from '../../src/inventory/collections.ts'
import type { Device, Owner } from '../../src/inventory/device.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { memoryStore } from './store.ts'

const everything = [allDevices]
const person = (mailbox: string, displayName: string, more: Partial<Owner> = {}): Owner => {
  const alias = displayName.split(' ')[0]?.toLowerCase() ?? ''
  return { connector: 'Contoso', mailbox, name: alias, displayName, alias, mail: `${alias}@contoso.com`, ...more }
}
const phone = (guid: string, mailbox: string, more: Partial<Device> = {}): Device => ({
  connector: 'Contoso',
  guid,
  deviceId: `Appl${guid.slice(0, 4)}`,
  mailbox,
  type: 'iPhone',
  state: 'Allowed',
  ...more,
})

const people = [
  person('m1', 'Adele Vance'),
  person('m2', 'Bruno Haas'),
  person('m3', 'Bruno Heise', { alias: 'bheise', mail: 'bruno.heise@contoso.com' }),
  person('m4', 'José Müller'),
]
const one = phone('11111111-0000-4000-8000-000000000001', 'm1')
const two = phone('11111111-0000-4000-8000-000000000002', 'm1')
const three = phone('33333333-0000-4000-8000-000000000003', 'm2', { deviceId: 'ABCDEF12' })
const same = phone('44444444-0000-4000-8000-000000000004', 'm3', { deviceId: 'abcdef12', type: 'Android' })
const last = phone('abcdef12-0000-4000-8000-000000000005', 'm4', { imei: '350000000000001' })

async function filled(...more: Device[]) {
  const inventory = await createInventory({ store: memoryStore(), now: () => new Date() })
  await inventory.putOwner(...people)
  await inventory.put(one, two, three, same, last, ...more)
  return inventory
}

describe('inventory: what a reference names', () => {
  const refs = [
    ['a Guid', one.guid.toUpperCase(), [one]],
    ['a device id, which several may have', 'APPL1111', [one, two]],
    ['a short id, rather than the device id that a phone chose to look the same', 'abcdef12', [last]],
    ['a name, which several may have', 'ADELE_iphone', [one, two]],
    ['a name with accents left out', 'jose_iphone', [last]],
    ['a short id', '33333333', [three]],
    ['a short id that is too short, both', '11111111', [one, two]],
    ['a short id that is long enough', '11111111-0000-4000-8000-000000000001', [one]],
    ['a mail address', 'Bruno.Heise@contoso.com', [same]],
    ['a display name', 'jose muller', [last]],
    ['part of a name', 'adele', []],
    ['part of a short id', '3333333', []],
    ['nothing', '', []],
  ] as const
  for (const [what, ref, devices] of refs)
    it(`finds by ${what}`, async () => {
      const found = (await filled()).resolve(ref, everything)
      assert.deepEqual(found, { devices, more: 0 })
    })

  it('gives at most 25 and says how many more', async () => {
    const many = Array.from({ length: 40 }, (_, n) =>
      phone(`5555${String(n).padStart(4, '0')}-0000-4000-8000-000000000000`, 'm2'),
    )
    const { devices, more } = (await filled(...many)).resolve('bruno_iPhone', everything)
    assert.deepEqual([devices.length, more], [25, 16])
  })

  it('takes the best kind of match among what one may see', async () => {
    const inventory = await filled()
    await inventory.collections.put({ name: 'Jose', parent: allDevices, rule: 'user = jose' })
    await inventory.collections.put({ name: 'Bruno', parent: allDevices, rule: 'user = bruno' })
    assert.deepEqual(inventory.resolve('abcdef12', ['Jose']).devices, [last])
    assert.deepEqual(inventory.resolve('abcdef12', ['Bruno']).devices, [three])
    assert.deepEqual(inventory.resolve(one.guid, ['Jose']).devices, [])
  })

  it('shows eight characters of the Guid, and more where two devices share them', async () => {
    const inventory = await filled()
    assert.equal(inventory.shortId(three), '33333333')
    assert.equal(inventory.shortId(one), one.guid)
    await inventory.remove(two)
    assert.equal(inventory.shortId(one), '11111111')
  })

  it('names all partnerships of a phone', async () => {
    assert.deepEqual((await filled()).partnerships('ABCDEF12'), [three, same])
  })
})

describe('inventory: people', () => {
  const names = (found: readonly Owner[]) => found.map(({ displayName }) => displayName)

  it('are found by the beginnings of names, addresses and users, all words of them', async () => {
    const inventory = await filled()
    assert.deepEqual(names(inventory.people('bruno', everything)), ['Bruno Haas', 'Bruno Heise'])
    assert.deepEqual(names(inventory.people('hei bru', everything)), ['Bruno Heise'])
    assert.deepEqual(names(inventory.people('jose m', everything)), ['José Müller'])
    assert.deepEqual(names(inventory.people('bhei', everything)), ['Bruno Heise'])
    assert.deepEqual(names(inventory.people('xavier', everything)), [])
    assert.deepEqual(names(inventory.people('', everything)), [])
  })

  it('are found alone by just their address', async () => {
    const inventory = await filled()
    await inventory.putOwner(person('m5', 'Bruno Hase', { mail: 'bruno@contoso.com.au' }))
    await inventory.put(phone('66666666-0000-4000-8000-000000000006', 'm5'))
    assert.deepEqual(names(inventory.people('bruno@contoso.com', everything)), ['Bruno Haas'])
  })

  it('are found by their Entra object id', async () => {
    const inventory = await filled()
    const entraId = 'e0000000-0000-4000-8000-000000000001'
    await inventory.putOwner(person('m1', 'Adele Vance', { entraId }))
    assert.equal(inventory.person(entraId.toUpperCase())?.displayName, 'Adele Vance')
    assert.equal(inventory.person('adele'), undefined)
    assert.deepEqual(names(inventory.people(entraId, everything)), ['Adele Vance'])
  })

  it('are guessed from what is misspelt, the nearest first', async () => {
    const inventory = await filled()
    for (const typo of ['adlee', 'dele', 'adelle', 'adela', 'aedle', 'adele vence', 'xdele'])
      assert.deepEqual(inventory.suggest(typo, everything), ['Adele Vance'], typo)
    assert.equal(inventory.suggest('brunno heise', everything)[0], 'Bruno Heise')
    assert.deepEqual(inventory.suggest('zzzzzz', everything), [])
    assert.deepEqual(inventory.suggest('adlee', []), [])
  })

  it('go by their mailbox until more is known of them, and by all else from then on', async () => {
    const inventory = await createInventory({ store: memoryStore(), now: () => new Date() })
    await inventory.put(one)
    assert.equal(inventory.owner(one).displayName, 'm1')
    assert.equal(inventory.find({ text: 'm1_iphone' }, everything).total, 1)
    assert.equal(inventory.people('m1', everything).length, 1)
    await inventory.putOwner(...people)
    assert.equal(inventory.find({ text: 'm1' }, everything).total, 0)
    assert.equal(inventory.find({ text: 'vance' }, everything).total, 1)
    assert.equal(inventory.find({ text: 'adele_iPhone' }, everything).total, 1)
    assert.deepEqual(inventory.devicesOf({ connector: 'Contoso', mailbox: 'm1' }), [one])
  })
})
