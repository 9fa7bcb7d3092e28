import assert from 'node:assert/strict'
import fc from 'fast-check'
import { allDevices } from '../../src/inventory/collections.ts'
import { type Device, nameOf, type Owner } from '../../src/inventory/device.ts'
import type { Query } from '../../src/inventory/find.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { soldAs } from '../../src/inventory/models.ts'
import { type Order, orders } from '../../src/inventory/order.ts'
import { organization } from './organization.ts'
import { memoryStore } from './store.ts'

const everything = [allDevices]
const today = Date.UTC(2026, 5, 1)
const size = 1500
const { devices, owners } = organization(size)
const ownerOf = new Map(owners.map((owner) => [owner.mailbox, owner]))
const ownerOfDevice = (device: Device) => ownerOf.get(device.mailbox) as Owner

async function filled(some = devices) {
  const inventory = await createInventory({
    store: memoryStore(),
    now: () => new Date(today),
    limits: () => ({ inactiveDays: 200 }),
  })
  const sync = inventory.begin('Contoso')
  await sync.owners(owners)
  await sync.devices(some)
  await sync.complete()
  await inventory.collections.put({ name: 'Phones', parent: allDevices, rule: 'type in (iPhone, Android)' })
  await inventory.collections.put({
    name: 'Sales',
    parent: allDevices,
    rule: 'ou startsWith "contoso.com/Staff/Sales"',
  })
  return inventory
}

// The same once more, the slow way: every device is looked at.
const low = (text = '') => text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '')
const words = (text = '') =>
  low(text)
    .split(/[\s,;()"]+/)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+/u, ''))
const ids = (device: Device) => [
  device.guid,
  low(device.deviceId),
  low(device.imei),
  (device.phone ?? '').replace(/\D/g, ''),
]
const people = (owner: Owner) => [low(owner.alias), low(owner.mail), low(owner.upn), ...words(owner.displayName)]
const described = ({ type, model = '', os }: Device) => [type, model, soldAs(model), os].flatMap(words)
const nameText = (device: Device) => low(nameOf(device, ownerOfDevice(device)))
const sales = (device: Device) => ownerOfDevice(device).distinguishedName?.includes('OU=Sales') === true
const phones = ({ type }: Device) => type === 'iPhone' || type === 'Android'
const isSeen = (visible: readonly string[]) => (device: Device) =>
  visible.some(
    (name) => name === allDevices || (name === 'Sales' && sales(device)) || (name === 'Phones' && phones(device)),
  )
const silentDays = ({ statistics }: Device) => (today - Date.parse(statistics?.lastSync ?? '')) / 86_400_000

function naive(query: Query, visible: readonly string[], all: Iterable<Device> = devices): Device[] {
  const isNumber = /^\+\d[\d\s()./-]*$/.test(low(query.text).trim())
  const wanted = isNumber ? [low(query.text).replace(/\D/g, '')] : words(query.text).filter((word) => word !== '')
  const isExact = (device: Device) =>
    nameText(device) === low(query.text).trim() || wanted.some((word) => ids(device).includes(word))
  const named = (device: Device, word: string) =>
    people(ownerOfDevice(device)).some((text) => text.startsWith(word)) ||
    (word.includes('_') && nameText(device).startsWith(word))
  const rank = (device: Device) => (isExact(device) ? 0 : wanted.some((word) => named(device, word)) ? 1 : 2)
  return [...all]
    .filter(isSeen(visible))
    .filter((device) => !query.state || low(device.state).startsWith(low(query.state)))
    .filter((device) => !query.os || low(device.os).startsWith(low(query.os)))
    .filter(
      ({ clientType, clientVersion = '' }) =>
        !query.client || low(`${clientType} ${clientVersion}`).startsWith(low(query.client)),
    )
    .filter((device) => query.stale === undefined || silentDays(device) > query.stale)
    .filter((device) => {
      if (query.text && nameText(device) === low(query.text).trim()) return true
      if (query.text && wanted.length === 0) return false
      if (query.stale === undefined && Math.ceil(silentDays(device)) > 200) return false
      return wanted.every(
        (word) =>
          named(device, word) ||
          ids(device).some((text) => text === word || (word.length > 2 && text.startsWith(word))) ||
          described(device).some((text) => text.startsWith(word)),
      )
    })
    .sort((a, b) => {
      const [before, after] = [`${rank(a)} ${nameText(a)} ${a.guid}`, `${rank(b)} ${nameText(b)} ${b.guid}`]
      return before < after ? -1 : 1
    })
}

const someDevice = fc.constantFrom(...devices.slice(0, 400))
const word = someDevice.chain((device) => {
  const owner = ownerOfDevice(device)
  const texts = [
    device.guid,
    device.deviceId,
    device.imei,
    device.phone,
    device.model,
    device.os,
    device.type,
    owner.mail,
  ]
  const all = [...texts, owner.displayName, nameOf(device, owner)].filter((text) => text !== undefined)
  return fc
    .constantFrom(...all.flatMap((text) => text.split(' ')))
    .chain((text) => fc.integer({ min: 1, max: text.length }).map((length) => text.slice(0, length)))
})
const text = fc.oneof(
  fc.array(word, { minLength: 1, maxLength: 3 }).map((some) => some.join(' ')),
  someDevice.map((device) => nameOf(device, ownerOfDevice(device)).toUpperCase()),
)
const query: fc.Arbitrary<Query> = fc.record(
  {
    text,
    state: fc.constantFrom('Allowed', 'quarantine'),
    os: fc.constantFrom('ios 1', 'iOS 17', 'Android'),
    client: fc.constantFrom('eas', 'EAS 14', 'outlook'),
    stale: fc.integer({ min: 1, max: 250 }),
  },
  { requiredKeys: [] },
)
const visible = fc.constantFrom(everything, ['Sales'], ['Phones', 'Sales'], ['Phones'], [], ['Nobody'])

describe('inventory: find', () => {
  let inventory: Awaited<ReturnType<typeof filled>>
  before(async () => {
    inventory = await filled()
  })

  it('finds what a look at every device finds, in the same order', () => {
    fc.assert(
      fc.property(query, visible, fc.integer({ min: 1, max: 5 }), (wanted, sees, page) => {
        const expected = naive(wanted, sees)
        const found = inventory.find({ ...wanted, page }, sees)
        assert.equal(found.total, expected.length)
        assert.deepEqual(
          found.rows.map(({ guid }) => guid),
          expected.slice((page - 1) * 10, page * 10).map(({ guid }) => guid),
        )
      }),
      { numRuns: Number(process.env.RUNS ?? 500) },
    )
  })

  it('finds what has changed, come or gone since it was asked before', async () => {
    const few = devices.slice(0, 60)
    const changes: Record<string, (device: Device, other: Device) => Device | undefined> = {
      state: (device, { state }) => ({ ...device, state }),
      system: (device, { os, model }) => ({ ...device, os, model }),
      client: (device, { clientType, clientVersion }) => ({ ...device, clientType, clientVersion }),
      owner: (device, { mailbox }) => ({ ...device, mailbox }),
      sync: (device, { statistics }) => ({ ...device, statistics }),
      gone: () => undefined,
      back: (device) => device,
    }
    const one = fc.constantFrom(...few)
    const simple = fc.oneof(
      fc.constantFrom('iphone', 'android', 'samsung', '17', 'a', 'm').map((text) => ({ text })),
      fc.constantFrom(...few.map((device) => ({ text: ownerOfDevice(device).alias }))),
      fc.constantFrom('Allowed', 'Quarantined', 'Blocked').map((state) => ({ state })),
      fc.constantFrom('iOS', 'Android').map((os) => ({ os })),
      fc.constantFrom(2, 10, 60).map((stale) => ({ stale })),
    )
    const change = fc.tuple(fc.constantFrom(...Object.keys(changes)), one, one)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.array(change, { maxLength: 6 }), simple)), async (history) => {
        const current = await filled(few)
        const known = new Map(few.map((device) => [device.guid, device]))
        for (const [steps, wanted] of history) {
          for (const [what, device, other] of steps) {
            const changed = changes[what]?.(known.get(device.guid) ?? device, other)
            if (changed === undefined) {
              known.delete(device.guid)
              await current.remove(device)
            } else {
              known.set(device.guid, changed)
              await current.put(changed)
            }
          }
          assert.deepEqual(
            current.find({ ...wanted, rows: 100 }, everything).rows.map(({ guid }) => guid),
            naive(wanted, everything, known.values()).map(({ guid }) => guid),
          )
        }
      }),
      { numRuns: Number(process.env.RUNS ?? 60) },
    )
  })

  it('puts what is found in the order that is asked for, up and down, the same set on all pages together', () => {
    const { compare } = new Intl.Collator('en', { numeric: true })
    const shown: Record<Exclude<Order, 'last'>, (device: Device) => string> = {
      name: nameText,
      model: ({ model }) => (model === undefined ? '' : soldAs(model)),
      os: ({ os }) => os ?? '',
      state: ({ state }) => state,
      client: ({ clientType }) => clientType ?? '',
    }
    const last = ({ statistics }: Device) => Date.parse(statistics?.lastSync ?? '') || 0
    fc.assert(
      fc.property(
        query,
        visible,
        fc.constantFrom(...orders),
        fc.boolean(),
        fc.integer({ min: 30, max: 100 }),
        (wanted, sees, by, down, rows) => {
          const pages = Math.ceil(naive(wanted, sees).length / rows)
          const found = Array.from(
            { length: pages },
            (_, n) => inventory.find({ ...wanted, sort: { by, down }, rows, page: n + 1 }, sees).rows,
          ).flat()
          const ids = (all: readonly Device[]) => all.map(({ guid }) => guid).sort()
          assert.deepEqual(ids(found), ids(naive(wanted, sees)))
          for (const [n, device] of found.entries()) {
            const next = found[n + 1]
            if (next === undefined) break
            const [one, other] = down ? [next, device] : [device, next]
            if (by === 'last') assert.ok(last(one) <= last(other), `${last(one)} ${last(other)}`)
            else if (by === 'name') assert.ok(shown.name(one) <= shown.name(other))
            else assert.ok(compare(shown[by](one), shown[by](other)) <= 0, `${shown[by](one)} ${shown[by](other)}`)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('has the right device at every place of an order, whatever page it is on', () => {
    const timesOf = (some: readonly Device[]) => some.map(({ statistics }) => statistics?.lastSync ?? '')
    const times = timesOf(naive({ stale: 1 }, everything)).sort()
    for (const rows of [1, 4])
      for (const down of [false, true]) {
        const wanted = { stale: 1, sort: { by: 'last', down }, rows } as const
        const found = Array.from(
          { length: Math.ceil(times.length / rows) },
          (_, n) => inventory.find({ ...wanted, page: n + 1 }, everything).rows,
        )
        assert.deepEqual(timesOf(found.flat()), down ? times.toReversed() : times)
      }
  })

  it('finds a whole telephone number by the digits that Exchange shows of it', async () => {
    const [one, other, third] = devices
    assert.ok(one && other && third)
    const some = await createInventory({ store: memoryStore(), now: () => new Date(today) })
    const shown = { ...one, phone: '******4321' }
    await some.put(shown, { ...other, phone: '******4320' }, { ...third, phone: '+1 555 014321' })
    const found = (text: string) => some.find({ text }, everything).rows.map(({ guid }) => guid)
    assert.deepEqual(found('+49 (170) 555-4321'), [one.guid])
    assert.deepEqual(found('4321'), [one.guid])
    assert.deepEqual(found('350000000004321'), [])
  })

  it('finds by age whatever times Exchange shows, and whatever age is asked for', async () => {
    const times = ['0001-01-01T00:00:00Z', '1969-12-30T12:00:00Z', '2026-05-20T00:00:00Z', '9999-12-31T23:59:59Z']
    const some = await createInventory({ store: memoryStore(), now: () => new Date(today) })
    const dated = times.map((lastSync, n) => ({
      ...(devices[n] as Device),
      statistics: { read: lastSync, lastSync, wipe: {}, accountWipe: {} },
    }))
    await some.put(...dated, { ...(devices[times.length] as Device), statistics: undefined })
    const found = (stale: number) =>
      some
        .find({ stale }, everything)
        .rows.map(({ guid }) => guid)
        .sort()
    const guids = (...at: number[]) => at.map((n) => dated[n]?.guid ?? '').sort()
    assert.deepEqual(found(1), guids(0, 1, 2))
    assert.deepEqual(found(30), guids(0, 1))
    assert.deepEqual(found(30_000), guids(0))
    assert.deepEqual(found(1_000_000), [])
    assert.equal(some.find({}, everything).total, 5)
  })

  it('goes through all devices once, page by page', () => {
    const first = inventory.find({ stale: 1 }, everything)
    const seen = Array.from(
      { length: first.pages },
      (_, n) => inventory.find({ stale: 1, page: n + 1 }, everything).rows,
    )
    assert.equal(new Set(seen.flat().map(({ guid }) => guid)).size, first.total)
  })
})
