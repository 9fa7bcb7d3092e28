import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { NamedChange } from '../../src/inventory/changes.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import type { Device } from '../../src/inventory/device.ts'
import { createInventory, type InventoryOptions } from '../../src/inventory/inventory.ts'
import { organization } from './organization.ts'
import { type Disk, memoryStore } from './store.ts'

const start = Date.UTC(2026, 5, 1)
const day = 86_400_000
const everything = [allDevices]

/** An inventory on a disk, and whoever hears of its changes. */
async function open(disk: Disk = new Map(), options: Partial<InventoryOptions> = {}) {
  const heard: NamedChange[] = []
  let writes = 0
  const inventory = await createInventory({
    store: memoryStore(disk, () => {
      writes += 1
    }),
    now: () => new Date(start),
    async onChange(changes) {
      heard.push(...changes)
    },
    ...options,
  })
  return {
    inventory,
    disk,
    heard,
    writes: () => writes,
    kinds: async () => {
      await inventory.settled()
      return heard.map(({ kind }) => kind)
    },
    async sync(devices: readonly Device[], owners = organization(40).owners) {
      const sync = inventory.begin('Contoso')
      await sync.owners(owners)
      await sync.devices(devices)
      return sync.complete()
    },
  }
}

const devices = organization(40).devices.map((device) => ({
  ...device,
  state: 'Allowed',
  os: 'iOS 17.4',
  clientVersion: '16.1',
}))
const [first, second, third] = devices
assert.ok(first && second && third)
const segments = (disk: Disk) => disk.get('fleet')?.size ?? 0
const silent = (device: Device, days: number): Device => ({
  ...device,
  statistics: {
    ...device.statistics,
    read: new Date(start).toISOString(),
    wipe: {},
    accountWipe: {},
    lastSync: new Date(start - days * day).toISOString(),
  },
})

describe('inventory: keeping up', () => {
  it('writes nothing for what it knows already', async () => {
    const { sync, writes, disk } = await open()
    await sync(devices)
    const before = [writes(), segments(disk)]
    assert.deepEqual(await sync(devices), { written: 0, gone: 0 })
    assert.deepEqual([writes() - 1, segments(disk)], before, 'only when it was read')
  })

  it('keeps statistics that a sync does not carry', async () => {
    const { sync, inventory } = await open()
    await sync(devices)
    await sync(devices.map(({ statistics: _, ...device }) => ({ ...device, os: 'iOS 18' })))
    const now = inventory.get(first)
    assert.equal(now?.os, 'iOS 18')
    assert.deepEqual(now?.statistics, first.statistics)
  })

  it('removes what is gone when all was read, and not before', async () => {
    const { sync, inventory } = await open()
    await sync(devices)
    const partial = inventory.begin('Contoso')
    await partial.devices([first])
    await partial.abandon()
    assert.ok(inventory.get(second))
    assert.deepEqual(await sync([first]), { written: 0, gone: 39 })
    assert.equal(inventory.get(second), undefined)
    assert.ok(inventory.get(first))
  })

  it('keeps what was read on its own while a sync runs, and what was removed stays removed', async () => {
    const { sync, inventory } = await open()
    await sync(devices)
    const running = inventory.begin('Contoso')
    await inventory.put({ ...first, state: 'Blocked' })
    await inventory.remove(second)
    const added = { ...third, guid: 'a0000000-0000-4000-8000-000000000000' }
    await inventory.put(added)
    await running.devices(devices)
    await running.complete()
    assert.equal(inventory.get(first)?.state, 'Blocked')
    assert.equal(inventory.get(second), undefined)
    assert.ok(inventory.get(added))
  })

  it('keeps the exemptions that were read on their own while a sync runs', async () => {
    const { inventory } = await open()
    const owner = { connector: 'Contoso', mailbox: 'm', name: 'm', displayName: 'M' }
    const running = inventory.begin('Contoso')
    await inventory.putOwner({ ...owner, blocked: ['id'] })
    await running.owners([owner, { ...owner, mailbox: 'n' }])
    assert.deepEqual(inventory.owner(owner).blocked, ['id'])
    assert.equal(inventory.owner({ connector: 'Contoso', mailbox: 'n' }).displayName, 'M')
    await running.abandon()
    const next = inventory.begin('Contoso')
    await next.owners([owner])
    assert.deepEqual(inventory.owner(owner).blocked ?? [], [])
  })

  it('believes a page that was read after a device was read on its own', async () => {
    const { sync, inventory } = await open()
    await sync(devices)
    const running = inventory.begin('Contoso')
    await inventory.put({ ...first, state: 'Blocked' })
    await running.devices([second])
    await running.devices([third])
    await running.devices([{ ...first, state: 'Quarantined' }])
    assert.equal(inventory.get(first)?.state, 'Quarantined')
  })

  it('keeps connectors apart that have the same devices', async () => {
    const { sync, inventory } = await open()
    await sync(devices)
    const copies = devices.map((device) => ({ ...device, connector: 'Copy' }))
    const other = inventory.begin('Copy')
    await other.devices(copies)
    await other.complete()
    assert.equal(inventory.find({}, everything).total, 80)
    assert.equal(inventory.find({ connector: 'copy' }, everything).total, 40)
    await sync([])
    assert.equal(inventory.find({}, everything).total, 40)
  })

  it('forgets a connector for good, also what a running sync still brings, and tells nobody', async () => {
    const { sync, inventory, disk, heard } = await open()
    await sync(devices)
    const running = inventory.begin('Contoso')
    await inventory.removeConnector('Contoso')
    await running.devices(devices)
    await running.complete()
    assert.equal(inventory.find({}, everything).total, 0)
    assert.equal(inventory.lastComplete('Contoso'), undefined)
    assert.equal(segments(disk), 0)
    await inventory.settled()
    assert.deepEqual(heard, [])
    await sync([first])
    assert.equal((await open(disk)).inventory.find({}, everything).total, 1)
  })

  it('knows after a restart when it was read last', async () => {
    const { sync, disk } = await open()
    await sync(devices)
    const { inventory } = await open(disk)
    assert.deepEqual(inventory.lastComplete('Contoso'), new Date(start))
    assert.equal(inventory.find({ text: first.guid }, everything).total, 1)
  })

  it('does not start with a row that is not what it must be', async () => {
    const { sync, disk } = await open()
    await sync([first])
    const fleet = disk.get('fleet')
    for (const [id, text] of fleet ?? []) fleet?.set(id, text.replaceAll('"Allowed"', '1'))
    await assert.rejects(open(disk))
  })

  it('leaves everything as it was when a write fails, and goes on when the next one works', async () => {
    let full = false
    const store = memoryStore(new Map(), () => {
      if (full) throw new Error('disk full')
    })
    const { inventory } = await open(undefined, { store })
    await inventory.put(first)
    full = true
    await assert.rejects(inventory.put({ ...first, state: 'Blocked' }), /disk full/)
    assert.deepEqual(inventory.get(first), first)
    full = false
    await inventory.put({ ...first, state: 'Blocked' })
    assert.equal(inventory.get(first)?.state, 'Blocked')
  })

  it('says of a row that it is durable only when it is, also when it is the same as one on its way', async () => {
    const store = memoryStore()
    const gate = Promise.withResolvers<void>()
    const slow: typeof store = {
      ...store,
      async open(definition) {
        const collection = await store.open(definition)
        return { ...collection, update: (id, change) => gate.promise.then(() => collection.update(id, change)) }
      },
    }
    const { inventory } = await open(undefined, { store: slow })
    let done = 0
    const puts = [first, first].map((device) => inventory.put(device).then(() => done++))
    for (let turn = 0; turn < 10; turn += 1) await setImmediate()
    assert.equal(done, 0)
    gate.resolve()
    await Promise.all(puts)
    assert.equal(inventory.get(first)?.guid, first.guid)
  })

  it('keeps what is gone away, however often the stored rest is written anew', async () => {
    const { inventory, disk, sync } = await open()
    await sync(devices)
    await inventory.remove(first)
    for (let n = 0; n < 200; n++) await inventory.put({ ...(devices[1 + (n % 7)] ?? second), os: `iOS ${n}` })
    assert.equal((await open(disk)).inventory.get(first), undefined)
    for (const device of devices.slice(1)) await inventory.put({ ...device, os: 'iOS 1' })
    assert.equal((await open(disk)).inventory.get(first), undefined)
  })

  it('keeps few segments however often a device changes', async () => {
    const { inventory, disk, sync } = await open()
    await sync(devices)
    for (let n = 0; n < 500; n++) await inventory.put({ ...(devices[n % 7] ?? first), os: `iOS ${n}` })
    assert.ok(segments(disk) < 80, `${segments(disk)} segments`)
    const { inventory: again } = await open(disk)
    assert.deepEqual([...again.devices(everything)].length, 40)
    assert.equal(again.get(devices[499 % 7] ?? first)?.os, 'iOS 499')
  })
})

describe('inventory: telling what changed', () => {
  it('tells nothing of the first complete read, and everything from then on', async () => {
    const { sync, inventory, heard, kinds } = await open()
    await inventory.put(third)
    await sync([first, third])
    assert.deepEqual(await kinds(), [])
    await sync([{ ...first, state: 'Quarantined' }, second])
    assert.deepEqual((await kinds()).sort(), ['gone', 'new', 'quarantined'].sort())
    assert.deepEqual(heard.find(({ kind }) => kind === 'quarantined')?.before?.state, first.state)
  })

  it('hands over again, under the same id, what was not taken, also after a restart', async () => {
    const seen: string[] = []
    const refuse: InventoryOptions['onChange'] = async (changes) => {
      seen.push(...changes.map(({ id }) => id))
      throw new Error('outbox full')
    }
    const warned: string[] = []
    const log = { warn: (_: object, message: string) => void warned.push(message) }
    const { sync, inventory, disk } = await open(undefined, { onChange: refuse, log })
    await sync([first])
    await inventory.put(second)
    await inventory.settled()
    assert.equal(warned.length, 1)
    const again = await open(disk)
    await again.inventory.review()
    assert.deepEqual(await again.kinds(), ['new'])
    assert.deepEqual(
      again.heard.map(({ id }) => id),
      [...new Set(seen)],
    )
    const third = await open(disk)
    await third.inventory.review()
    assert.deepEqual(await third.kinds(), [])
  })

  it('keeps what could not be handed over, however often the stored fleet is written anew', async () => {
    const refuse: InventoryOptions['onChange'] = async () => {
      throw new Error('outbox full')
    }
    const { sync, inventory, disk } = await open(undefined, { onChange: refuse })
    await sync([first])
    for (let n = 0; n < 150; n++) await inventory.put({ ...first, state: n % 2 === 0 ? 'Blocked' : 'Allowed' })
    await inventory.settled()
    const again = await open(disk)
    await again.inventory.review()
    const kinds = await again.kinds()
    assert.deepEqual(
      kinds,
      Array.from({ length: 150 }, (_, n) => (n % 2 === 0 ? 'blocked' : 'allowed')),
    )
  })

  it('never gives an id twice, whatever was deleted in between', async () => {
    const ids: string[] = []
    const onChange: InventoryOptions['onChange'] = async (changes) => {
      ids.push(...changes.map(({ id }) => id))
    }
    const { sync, disk } = await open(undefined, { onChange })
    await sync([], [])
    for (let round = 0; round < 4; round += 1) {
      const { sync, inventory } = await open(disk, { onChange })
      await sync([first], [])
      await inventory.settled()
      await sync([], [])
      await inventory.settled()
      if (round === 1) await inventory.removeConnector('Contoso')
    }
    assert.ok(ids.length >= 4)
    assert.deepEqual(ids, [...new Set(ids)])
  })

  it('notices on review what time and settings bring, once, also across a restart', async () => {
    let now = start
    const limits = { inactiveDays: 30, minimumOs: {} as Record<string, string> }
    const options = { now: () => new Date(now), limits: () => limits }
    const { sync, inventory, disk, kinds } = await open(undefined, options)
    const phone = silent({ ...first, os: 'iOS 15.1' }, 25)
    await sync([phone, silent(second, 100)])
    await inventory.review()
    assert.deepEqual(await kinds(), [])
    now += 10 * day
    await inventory.review()
    await inventory.review()
    assert.deepEqual(await kinds(), ['stale'])
    limits.minimumOs = { iOS: '16' }
    const again = await open(disk, options)
    await again.inventory.review()
    await again.inventory.review()
    assert.deepEqual(await again.kinds(), ['osBelowMinimum'])
  })

  it('flags a phone that appears under a second mailbox, with the other partnership', async () => {
    const { sync, inventory, heard, kinds } = await open()
    await sync([first])
    const moved = { ...first, guid: second.guid, mailbox: 'another' }
    await inventory.put(moved)
    assert.deepEqual(await kinds(), ['new', 'transferred'])
    const change = heard[1]
    assert.ok(change?.kind === 'transferred')
    assert.deepEqual(change.others, [{ connector: 'Contoso', guid: first.guid }])
  })
})

describe('inventory: ignored devices', () => {
  const limits = () => ({ inactiveDays: 30 })

  it('are shown to those who ask for them, and by their own name', async () => {
    const { sync, inventory } = await open(undefined, { limits })
    await sync([silent(first, 100), silent(second, 1), { ...third, statistics: undefined }])
    const [ignored] = inventory.find({ stale: 90 }, everything).rows
    assert.equal(ignored?.guid, first.guid)
    assert.equal(inventory.isIgnored(first), true)
    assert.equal(inventory.find({}, everything).total, 2)
    assert.equal(
      inventory
        .find({ text: first.type, connector: 'Contoso', state: first.state }, everything)
        .rows.some(({ guid }) => guid === first.guid),
      false,
    )
    const name = `${inventory.owner(first).alias}_${first.type}`
    assert.ok(inventory.find({ text: name }, everything).rows.some(({ guid }) => guid === first.guid))
  })

  it('are not those with a pending wipe or an open request', async () => {
    const wiped = silent(first, 100)
    const pending = { requested: new Date(start - 50 * day).toISOString() }
    const { sync, inventory } = await open(undefined, { limits })
    await sync([
      { ...wiped, statistics: wiped.statistics && { ...wiped.statistics, wipe: pending } },
      silent(second, 100),
      silent(third, 100),
    ])
    assert.deepEqual(devices.slice(0, 3).map(inventory.isIgnored), [false, true, true])
    assert.equal(inventory.find({}, everything).total, 1)
    assert.equal(inventory.find({ held: [second] }, everything).total, 2)
  })
})
