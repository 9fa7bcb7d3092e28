import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { NamedChange } from '../../src/inventory/changes.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import type { Device, Owner } from '../../src/inventory/device.ts'
import { createInventory, type Inventory } from '../../src/inventory/inventory.ts'
import type { Sync } from '../../src/inventory/sync.ts'
import { type Disk, memoryStore } from './store.ts'

const connector = 'Contoso'
const guids = Array.from({ length: 12 }, (_, n) => `0000000${n % 3}-0000-4000-8000-${String(n).padStart(12, '0')}`)
const mailboxes = ['m1', 'm2', 'm3', 'm4']
const told = new Set(['Allowed', 'Blocked', 'Quarantined'])

const device = fc.record({
  connector: fc.constant(connector),
  guid: fc.constantFrom(...guids),
  deviceId: fc.constantFrom('ApplA', 'ApplB', 'android1', 'android2'),
  mailbox: fc.constantFrom(...mailboxes),
  type: fc.constantFrom('iPhone', 'Android'),
  os: fc.constantFrom('iOS 15.1', 'iOS 17.4', 'Android 9'),
  clientType: fc.constant('EAS'),
  clientVersion: fc.constantFrom('14.1', '16.1'),
  state: fc.constantFrom('Allowed', 'Blocked', 'Quarantined', 'DeviceDiscovery'),
})
const owner = fc.constantFrom(...mailboxes).chain((mailbox) =>
  fc.record({
    connector: fc.constant(connector),
    mailbox: fc.constant(mailbox),
    name: fc.constant(mailbox),
    displayName: fc.constantFrom('Adele Vance', 'Bruno Haas', 'Carla Vance'),
    alias: fc.constantFrom('adele', 'bruno', 'carla'),
  }),
)

/** What happens, in Exchange and to the inventory. Where the disk fails, the process is killed and started again. */
type Step =
  | { readonly kind: 'device'; readonly device: Device }
  | { readonly kind: 'leaves' | 'wipe'; readonly guid: string }
  | { readonly kind: 'owner'; readonly owner: Owner }
  | { readonly kind: 'sync'; readonly page: number; readonly pages: number; readonly twice: boolean }
  | { readonly kind: 'delta'; readonly guids: readonly string[] }
  | { readonly kind: 'crash'; readonly writes: number }
  | { readonly kind: 'restart' | 'review' | 'month' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: device.map((one): Step => ({ kind: 'device', device: one })) },
  { weight: 2, arbitrary: fc.constantFrom(...guids).map((guid): Step => ({ kind: 'leaves', guid })) },
  { weight: 2, arbitrary: fc.constantFrom(...guids).map((guid): Step => ({ kind: 'wipe', guid })) },
  { weight: 2, arbitrary: owner.map((one): Step => ({ kind: 'owner', owner: one })) },
  {
    weight: 4,
    arbitrary: fc
      .record({ page: fc.integer({ min: 1, max: 5 }), pages: fc.integer({ min: 0, max: 20 }), twice: fc.boolean() })
      .map((sync): Step => ({ kind: 'sync', ...sync })),
  },
  {
    weight: 3,
    arbitrary: fc.uniqueArray(fc.constantFrom(...guids)).map((some): Step => ({ kind: 'delta', guids: some })),
  },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 12 }).map((writes): Step => ({ kind: 'crash', writes })) },
  { weight: 2, arbitrary: fc.constantFrom('restart', 'review', 'month').map((kind): Step => ({ kind })) },
)

const byGuid = (a: Device, b: Device) => (a.guid < b.guid ? -1 : 1)
const known = (inventory: Inventory) =>
  [...inventory.devices([allDevices])].sort(byGuid).map((one) => ({ ...one, owner: inventory.owner(one) }))

class Killed extends Error {}

/** An organization in Exchange, an inventory that reads it, and somebody who hears of the changes. */
async function createWorld() {
  const disk: Disk = new Map()
  const organization = new Map<string, Device>()
  const owners = new Map<string, Owner>()
  /** When the wipe of each device was asked for in Exchange, by somebody. */
  const wipes = new Map<string, string>()
  const heard = new Map<string, NamedChange>()
  let writesLeft = Number.POSITIVE_INFINITY
  let today = Date.UTC(2026, 5, 1)

  const open = () =>
    createInventory({
      store: memoryStore(disk, () => {
        if (writesLeft-- <= 0) throw new Killed()
      }),
      now: () => new Date(today),
      limits: () => ({ inactiveDays: 60, minimumOs: { iOS: '16' } }),
      async onChange(changes) {
        if (writesLeft-- <= 0) throw new Killed()
        for (const change of changes) if (!heard.has(change.id)) heard.set(change.id, change)
      },
    })

  const world = {
    organization,
    owners,
    wipes,
    heard,
    open,
    inventory: await open(),
    /** What was known before is known after. */
    async restart() {
      await world.inventory.settled()
      const before = known(world.inventory)
      writesLeft = Number.POSITIVE_INFINITY
      world.inventory = await open()
      assert.deepEqual(known(world.inventory), before)
      await world.inventory.review()
      await world.inventory.settled()
    },
    async sync(page: number, pages: number, twice: boolean) {
      const sync: Sync = world.inventory.begin(connector)
      await sync.owners([...owners.values()])
      const all = [...organization.values()]
      for (let at = 0, n = 0; at < all.length; at += page, n++) {
        if (n >= pages) return sync.abandon()
        await sync.devices(all.slice(at, at + page))
        if (twice) await sync.devices(all.slice(at, at + page))
      }
      await sync.complete()
    },
    async run(one: Step) {
      switch (one.kind) {
        case 'device':
          organization.set(one.device.guid, one.device)
          return
        case 'leaves':
          organization.delete(one.guid)
          wipes.delete(one.guid)
          return
        case 'wipe':
          today += 1000
          if (organization.has(one.guid)) wipes.set(one.guid, new Date(today).toISOString())
          return
        case 'owner':
          owners.set(one.owner.mailbox, one.owner)
          return
        case 'sync':
          return world.sync(one.page, one.pages, one.twice)
        case 'delta':
          for (const guid of one.guids) {
            const seen = organization.get(guid)
            const lastSync = new Date(today - 86_400_000).toISOString()
            const requested = wipes.get(guid)
            const wipe = requested === undefined ? {} : { requested, requestor: 'somebody' }
            const statistics = { read: new Date(today).toISOString(), lastSync, wipe, accountWipe: {} }
            if (seen === undefined) await world.inventory.remove({ connector, guid })
            else await world.inventory.put({ ...seen, statistics })
          }
          return
        case 'crash':
          writesLeft = one.writes
          return
        case 'restart':
          return world.restart()
        case 'review':
          return world.inventory.review()
        case 'month':
          today += 31 * 86_400_000
          return
      }
    },
    isKilled: () => writesLeft <= 0,
  }
  return world
}

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value))
const withoutStatistics = ({ statistics: _, ...rest }: Device) => plain(rest)

/** Follows the changes as somebody who knows nothing else; each must make sense after those before. */
function replay(changes: Iterable<NamedChange>, states: Map<string, string>) {
  for (const { kind, device, id } of changes) {
    const { guid, state } = device
    const known = states.get(guid)
    if (kind === 'new') assert.equal(known, undefined, `${id} is new twice`)
    else assert.notEqual(known, undefined, `${id} ${kind} of a device that is not there`)
    if (kind === 'quarantined' || kind === 'blocked' || kind === 'allowed') assert.notEqual(known, `${kind} ${id}`)
    if (kind === 'gone') states.delete(guid)
    else states.set(guid, state)
  }
}

describe('inventory: any history', () => {
  it('equals the organization after a complete sync, and the changes say how it got there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        const world = await createWorld()
        await world.restart()
        await world.run({ kind: 'owner', owner: { connector, mailbox: 'm1', name: 'm1', displayName: 'Adele Vance' } })
        await world.sync(5, 99, false)
        const states = new Map<string, string>()
        for (const one of steps) {
          try {
            await world.run(one)
          } catch (error) {
            if (!(error instanceof Killed)) throw error
          }
          await world.inventory.settled()
          if (world.isKilled()) await world.restart()
        }
        await world.restart()
        await world.sync(3, 99, false)
        await world.run({ kind: 'delta', guids })
        await world.inventory.settled()

        const devices = [...world.inventory.devices([allDevices])]
        assert.deepEqual(
          devices.map(withoutStatistics).sort(byGuid),
          [...world.organization.values()].map(plain).sort(byGuid),
        )
        for (const one of devices) {
          const expected = world.owners.get(one.mailbox)
          if (expected !== undefined) assert.deepEqual(plain(world.inventory.owner(one)), plain(expected))
        }
        const inOrder = [...world.heard].sort(
          ([a], [b]) =>
            Number(a.split('.')[0]) - Number(b.split('.')[0]) || Number(a.split('.')[1]) - Number(b.split('.')[1]),
        )
        replay(
          inOrder.map(([, change]) => change),
          states,
        )
        const wiped = [...world.heard.values()].flatMap((change) =>
          change.kind === 'wipeRequested' ? [`${change.device.guid} ${change.time}`] : [],
        )
        assert.deepEqual(wiped, [...new Set(wiped)], 'a wipe is told once')
        for (const [guid, time] of world.wipes)
          assert.ok(wiped.includes(`${guid} ${time}`), `the wipe of ${guid} is told`)
        const now = new Map(devices.filter(({ state }) => told.has(state)).map(({ guid, state }) => [guid, state]))
        assert.deepEqual([...states.keys()].sort(), devices.map(({ guid }) => guid).sort())
        for (const [guid, state] of now) assert.equal(states.get(guid), state)

        assert.deepEqual(known(await world.open()), known(world.inventory))
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
  })
})
