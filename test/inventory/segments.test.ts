import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { toldKinds } from '../../src/inventory/changes.ts'
import type { Device, Owner, WipeTimes } from '../../src/inventory/device.ts'
import { createFleet } from '../../src/inventory/fleet.ts'
import { createMemory, type Memory } from '../../src/inventory/memory.ts'
import { openSegments, type Segment, type StoredDevice } from '../../src/inventory/segments.ts'
import { createTerms } from '../../src/inventory/terms.ts'
import { openFileStore } from '../../src/store/files.ts'
import { organization } from './organization.ts'
import { type Disk, memoryStore } from './store.ts'

const text = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('', 'a', 'b', 'É') }, fc.string())
const time = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('', 'soon', '2026-06-01', '2026-06-01T12:00:00+02:00', '1970-01-01T00:00:00.000Z'),
)
const optional = <T, Needed extends keyof T>(
  fields: { [Name in keyof T]: fc.Arbitrary<T[Name]> },
  ...needed: Needed[]
) => fc.record(fields, { requiredKeys: needed, noNullPrototype: true })

const connector = fc.constantFrom('Contoso', 'Copy', 'Removed')
const mailbox = fc.constantFrom('m1', 'm2', 'm3', '')
const guid = fc.constantFrom('g1', 'g2', 'g3', 'g4', '')
const wipe: fc.Arbitrary<WipeTimes> = optional({ requested: time, sent: time, acknowledged: time, requestor: text })
const statistics = optional(
  {
    read: time,
    lastSync: time,
    lastAttempt: time,
    policy: text,
    policyStatus: text,
    policyUpdated: time,
    status: text,
    statusNote: text,
    remoteWipe: fc.boolean(),
    wipe,
    accountWipe: wipe,
  },
  'read',
  'wipe',
  'accountWipe',
)
const device: fc.Arbitrary<StoredDevice> = optional(
  {
    connector,
    guid,
    deviceId: text,
    mailbox,
    type: text,
    model: text,
    imei: text,
    state: text,
    firstSync: time,
    changed: time,
    statistics,
    told: fc.subarray([...toldKinds]),
  },
  ...(['connector', 'guid', 'deviceId', 'mailbox', 'type', 'state'] as const),
)
const owner: fc.Arbitrary<Owner> = optional(
  {
    connector,
    mailbox,
    name: text,
    displayName: text,
    alias: text,
    upn: text,
    mail: text,
    accountDisabled: fc.boolean(),
    allowed: fc.array(text),
    blocked: fc.array(text),
  },
  ...(['connector', 'mailbox', 'name', 'displayName'] as const),
)
const gone = fc.oneof(
  fc.record({ of: fc.constant('device' as const), connector, key: guid }),
  fc.record({ of: fc.constant('owner' as const), connector, key: mailbox }),
)
const few = { maxLength: 6, size: 'max' } as const
const unique = <T>(row: fc.Arbitrary<T>, keyOf: (row: T) => string) => fc.uniqueArray(row, { ...few, selector: keyOf })
const segment: fc.Arbitrary<Segment> = fc.record({
  devices: unique(device, (row) => `${row.guid} ${row.connector}`),
  owners: unique(owner, (row) => `${row.mailbox} ${row.connector}`),
  gone: unique(gone, (row) => `${row.of} ${row.key} ${row.connector}`),
  changes: fc.constant([]),
})

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('inventory: segments', () => {
  it('are read as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(segment, async (rows) => {
        const disk: Disk = new Map()
        const number = await (await openSegments(memoryStore(disk))).add(rows)
        assert.deepEqual(plain(await (await openSegments(memoryStore(disk))).get(number ?? 0)), plain(rows))
      }),
      { numRuns: Number(process.env.RUNS ?? 200) },
    )
  })

  it('say the same loaded in any order as taken in row by row', async () => {
    const removed = 2
    const create = () => {
      const fleet = createFleet()
      const terms = createTerms(fleet)
      const removedUpTo = (name: string) => (name === 'Removed' ? removed : 0)
      return { fleet, terms, memory: createMemory({ fleet, terms, removedUpTo, touched() {} }) }
    }
    const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort()
    function known({ fleet, terms, memory }: ReturnType<typeof create>) {
      const { devices, owners, gone } = memory.rowsOf(new Set(memory.numbers()))
      const found: string[] = []
      for (const device of devices) terms.ids.equal(device.guid, (n) => found.push(JSON.stringify(fleet.get(n))))
      return {
        rows: [sorted(devices), sorted(owners), sorted(gone)],
        found: found.sort(),
        chains: sorted(
          owners.map((one) => [one.mailbox, fleet.hasDevices(fleet.owners.find(one.connector, one.mailbox) ?? 0)]),
        ),
        size: fleet.size(),
        wasteful: memory.wasteful().sort(),
        dead: memory.dead().sort(),
      }
    }
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(segment, { maxLength: 8, size: 'max' })
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all.keys()], { minLength: all.length }))),
        async ([all, order]) => {
          const segments = await openSegments(memoryStore())
          for (const one of all) await segments.add(one)
          const stored = new Map<number, Parameters<Memory['load']>[1]>()
          for await (const [number, one] of segments.all()) stored.set(number, one)

          const [loaded, applied] = [create(), create()]
          for (const at of order) {
            const one = stored.get(at + 1)
            if (one !== undefined) loaded.memory.load(at + 1, one)
          }
          loaded.memory.loaded()
          applied.memory.loaded()
          for (const [at, one] of all.entries()) applied.memory.apply(at + 1, one)
          assert.deepEqual(known(loaded), known(applied))
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
  })

  describe('in files', () => {
    let path: string
    beforeEach(async () => {
      path = await mkdtemp(join(tmpdir(), 'segments-'))
    })
    afterEach(() => rm(path, { recursive: true }))

    const { devices, owners } = organization(3)
    const [first, ...others] = devices as [Device, ...Device[]]
    const rows: Segment = { devices: [{ ...first, statistics: undefined }, ...others], owners, gone: [], changes: [] }

    /** Stores the rows, changes the file, and reads them again. */
    async function reread(change: (document: Tables) => object, schema = 2) {
      const store = await openFileStore({ folder: path, kind: 'demo' })
      await (await openSegments(store)).add(rows)
      await store.close()
      const [file = ''] = await readdir(join(path, 'fleet'))
      const { document, ...rest } = JSON.parse(await readFile(join(path, 'fleet', file), 'utf8'))
      await writeFile(join(path, 'fleet', file), JSON.stringify({ ...rest, schema, document: change(document) }))
      const again = await openFileStore({ folder: path, kind: 'demo' })
      try {
        return await (await openSegments(again)).get(1)
      } finally {
        await again.close()
      }
    }

    it('are read as they are written now, and as they were written row by row', async () => {
      assert.deepEqual(plain(await reread((document) => document)), plain(rows))
      await rm(path, { recursive: true })
      assert.deepEqual(plain(await reread(() => rows, 1)), plain(rows))
    })

    type Fields = Record<string, { values: unknown[]; at: number[] }>
    type Tables = Record<'devices' | 'statistics' | 'owners', Fields>
    const withAt = (fields: Fields, change: (at: number[]) => number[]): Fields =>
      Object.fromEntries(Object.entries(fields).map(([name, { values, at }]) => [name, { values, at: change(at) }]))
    const damages: Record<string, (tables: Tables) => Partial<Tables>> = {
      'a device that is not there': (all) => ({
        ...all,
        devices: withAt(all.devices, (at) => [...at, 0]),
        statistics: withAt(all.statistics, (at) => [...at, 0]),
      }),
      'an owner that is not there': (all) => ({ ...all, owners: withAt(all.owners, (at) => [0, ...at]) }),
      'fewer statistics': (all) => ({ ...all, statistics: withAt(all.statistics, (at) => at.slice(1)) }),
      'statistics without devices': (all) => ({ ...all, devices: {} }),
      'devices without a state': (all) => ({ ...all, devices: { ...all.devices, state: { values: [], at: [] } } }),
      'no owners': ({ owners: _, ...rest }) => rest,
    }
    for (const [what, damage] of Object.entries(damages))
      it(`are refused with ${what}`, async () => {
        await assert.rejects(reread(damage), { code: 'STORE_FOREIGN' })
      })
    it('are refused with a row of the older kind that is not what it must be', async () => {
      await assert.rejects(
        reread(() => ({ ...rows, owners: [{}] }), 1),
        { code: 'STORE_FOREIGN' },
      )
    })
  })
})
