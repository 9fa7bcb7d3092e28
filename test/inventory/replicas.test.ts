import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import type { NamedChange } from '../../src/inventory/changes.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import type { Device } from '../../src/inventory/device.ts'
import { createInventory, type Inventory } from '../../src/inventory/inventory.ts'
import type { Store } from '../../src/store/store.ts'
import { createTurns } from '../../src/store/turns.ts'
import { organization } from './organization.ts'
import { type Disk, memoryStore } from './store.ts'

const connector = 'Contoso'
const { devices: phones } = organization(12)
const withState = (at: number, state: string): Device => ({ ...(phones[at] as Device), state })

/** A store in memory for several processes, each of which hears of the others' writes only when it is told to listen. */
function createShared(processes: number) {
  const disk: Disk = new Map()
  const { inTurn } = createTurns(1)
  const followers = Array.from({ length: processes }, () => new Map<string, (id: string | undefined) => void>())
  const notes: [name: string, id: string | undefined][][] = Array.from({ length: processes }, () => [])

  function open(process: number): Store {
    const store = memoryStore(disk)
    notes[process] = []
    return {
      ...store,
      shared: { usable: () => true, processes: () => processes, take: async () => true },
      async open(definition) {
        const collection = await store.open(definition)
        const tell = async <T>(id: string, written: Promise<T>): Promise<T> => {
          const done = await written
          for (const [other, queue] of notes.entries()) if (other !== process) queue.push([definition.name, id])
          return done
        }
        return {
          ...collection,
          follow: (told) => void followers[process]?.set(definition.name, told),
          put: (id, document) => tell(id, collection.put(id, document)),
          delete: (id) => tell(id, collection.delete(id)),
          update: (id, change) =>
            tell(
              id,
              inTurn(`${definition.name}/${id}`, () => collection.update(id, change)),
            ),
        }
      },
    }
  }
  return {
    open,
    /** Lets a process hear so many notes, or that it has missed some. */
    listen(process: number, most = Number.POSITIVE_INFINITY): void {
      for (const [name, id] of notes[process]?.splice(0, most) ?? []) followers[process]?.get(name)?.(id)
    },
    miss(process: number): void {
      notes[process] = []
      for (const told of followers[process]?.values() ?? []) told(undefined)
    },
  }
}

type Step =
  | { readonly kind: 'device'; readonly by: number; readonly at: number; readonly state: string }
  | { readonly kind: 'gone'; readonly by: number; readonly at: number }
  | { readonly kind: 'sync' | 'listen' | 'miss' | 'restart' | 'some'; readonly by: number }

const by = fc.integer({ min: 0, max: 2 })
const at = fc.integer({ min: 0, max: phones.length - 1 })
const state = fc.constantFrom('Allowed', 'Blocked', 'Quarantined')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('device' as const), by, at, state }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('gone' as const), by, at }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('listen' as const, 'some' as const), by }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('sync' as const, 'miss' as const, 'restart' as const), by }),
  },
)

const known = (inventory: Inventory | undefined) =>
  [...(inventory?.devices([allDevices]) ?? [])].sort((a, b) => (a.guid < b.guid ? -1 : 1))

describe('inventory: several processes', () => {
  it('know the same in the end, and what changed is told once and in order, whoever noticed it and heard it late', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 60, size: 'max' }), async (history) => {
        const shared = createShared(3)
        const heard = new Map<string, NamedChange>()
        const start = (process: number) =>
          createInventory({
            store: shared.open(process),
            now: () => new Date(Date.UTC(2026, 5, 1)),
            async onChange(changes) {
              for (const change of changes) heard.set(change.id, change)
            },
          })
        const replicas = [await start(0), await start(1), await start(2)]
        const exchange = new Map<string, Device>()
        const sync = async (inventory: Inventory | undefined) => {
          const read = inventory?.begin(connector)
          await read?.devices([...exchange.values()])
          await read?.complete()
        }
        const run = async (one: Step) => {
          const inventory = replicas[one.by]
          if (one.kind === 'device') {
            const device = withState(one.at, one.state)
            exchange.set(device.guid, device)
            await inventory?.put(device)
          }
          if (one.kind === 'gone') {
            const { guid } = withState(one.at, '')
            exchange.delete(guid)
            await inventory?.remove({ connector, guid })
          }
          if (one.kind === 'sync') await sync(inventory)
          if (one.kind === 'listen') shared.listen(one.by)
          if (one.kind === 'some') shared.listen(one.by, 2)
          if (one.kind === 'miss') shared.miss(one.by)
        }
        /** What several processes do at once; one that ends does nothing any more when its successor starts. */
        const together = (steps: readonly Step[]) =>
          Promise.all(
            replicas.map(async (inventory, process) => {
              const own = steps.filter(({ by }) => by === process)
              await Promise.all(own.map(run))
              if (!own.some(({ kind }) => kind === 'restart')) return
              await inventory.settled()
              replicas[process] = await start(process)
            }),
          )
        const settle = async () => {
          for (const [process, inventory] of replicas.entries()) {
            await inventory.settled()
            shared.listen(process)
            await inventory.settled()
          }
        }
        await sync(replicas[0])
        await settle()
        for (const steps of history) await together(steps)
        await settle()
        await sync(replicas[1])
        for (let n = 0; n < 3; n += 1) await settle()

        const expected = [...exchange.values()].sort((a, b) => (a.guid < b.guid ? -1 : 1))
        for (const inventory of [...replicas, await start(0)])
          assert.deepEqual(JSON.parse(JSON.stringify(known(inventory))), JSON.parse(JSON.stringify(expected)))
        const states = new Map<string, string>()
        const inOrder = [...heard.values()].sort(
          (a, b) =>
            Number(a.id.split('.')[0]) - Number(b.id.split('.')[0]) ||
            Number(a.id.split('.')[1]) - Number(b.id.split('.')[1]),
        )
        for (const { kind, device, id } of inOrder) {
          const before = states.get(device.guid)
          if (kind === 'new') assert.equal(before, undefined, `${id} is new twice`)
          else assert.notEqual(before, undefined, `${id} ${kind} of a device that is not there`)
          if (kind !== 'new') assert.notEqual(before, kind, `${id} twice`)
          if (kind === 'gone') states.delete(device.guid)
          else states.set(device.guid, kind)
        }
        await setImmediate()
      }),
      { numRuns: Number(process.env.RUNS ?? 60) },
    )
  })
})
