import assert from 'node:assert/strict'
import fc from 'fast-check'
import { pino } from 'pino'
import { deltaSync } from '../../src/connector/delta.ts'
import { fullSync } from '../../src/connector/discovery.ts'
import { createExchange } from '../../src/connector/exchange.ts'
import { Refusal, type Row, type Transport } from '../../src/connector/transport.ts'
import { BotError } from '../../src/errors.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { memoryStore } from '../inventory/store.ts'

const connector = 'Contoso'
const start = Date.UTC(2026, 10, 1)
const day = 24 * 60 * 60_000
const guidOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const mailboxOf = (n: number) => `10000000-0000-4000-8000-${String(n % 3).padStart(12, '0')}`
const numbers = Array.from({ length: 9 }, (_, n) => n)

type Step =
  | { readonly kind: 'comes'; readonly n: number; readonly state: string }
  | { readonly kind: 'changes'; readonly n: number; readonly state: string }
  | { readonly kind: 'leaves'; readonly n: number }
  | { readonly kind: 'full' | 'delta'; readonly rows: number; readonly odd: boolean; readonly twice: boolean }

const n = fc.constantFrom(...numbers)
const state = fc.constantFrom('Allowed', 'Blocked', 'Quarantined')
const read = {
  rows: fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 20 })),
  odd: fc.boolean(),
  twice: fc.boolean(),
}
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('comes' as const), n, state }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('changes' as const), n, state }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leaves' as const), n }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('full' as const, 'delta' as const), ...read }) },
)

/** Rows until so many are sent, then the connection breaks; `odd` adds one that nobody understands, `twice` repeats all. */
interface Mishaps {
  rows: number
  odd: boolean
  twice: boolean
}

/** An organization of a few devices, as the reads of discovery see it. */
function createOrganization() {
  const devices = new Map<string, { readonly mailbox: string; readonly state: string; readonly firstSync: string }>()
  const mishaps: Mishaps = { rows: 0, odd: false, twice: false }

  const deviceRow = (guid: string): Row => {
    const { mailbox, state = '', firstSync } = devices.get(guid) ?? {}
    const Identity = `${mailbox}\\ExchangeActiveSyncDevices\\iPhone§${guid}`
    return {
      Guid: guid,
      Identity,
      DeviceId: guid,
      DeviceType: 'iPhone',
      DeviceAccessState: state,
      FirstSyncTime: firstSync,
    }
  }
  const mailboxRow = (Guid: string): Row => ({ Guid, Identity: Guid, Name: `user ${Guid.at(-1)}` })

  function answer(cmdlet: string, { Identity, Filter }: Record<string, unknown>): Row[] {
    if (cmdlet !== 'Get-MobileDevice') {
      const mailboxes = new Set([...devices.values()].map(({ mailbox }) => mailbox))
      return [...mailboxes].filter((one) => Identity === undefined || Identity === one).map(mailboxRow)
    }
    const [, since] = /^FirstSyncTime -gt '(.+)'$/.exec(String(Filter)) ?? []
    const [, wanted] = /^DeviceAccessState -eq '(.+)'$/.exec(String(Filter)) ?? []
    return [...devices]
      .filter(([guid, { state, firstSync }]) =>
        Identity === undefined
          ? (since === undefined || firstSync > since) && (wanted === undefined || state === wanted)
          : guid === Identity,
      )
      .map(([guid]) => deviceRow(guid))
  }

  const transport: Transport = {
    async *invoke({ name, parameters }) {
      const rows = answer(name, parameters)
      if (rows.length === 0 && parameters.Identity !== undefined)
        throw new BotError('EXCHANGE_REFUSED', 'none', { cause: new Refusal('notFound', 'none') })
      const isList = name === 'Get-MobileDevice' && parameters.Identity === undefined
      const odd: Row[] = mishaps.odd && isList ? [{ Identity: 'nobody knows' }] : []
      for (const row of [...odd, ...rows, ...(mishaps.twice && isList ? rows : [])]) {
        mishaps.rows -= 1
        if (mishaps.rows < 0) throw new BotError('EXCHANGE_UNREACHABLE', 'it broke off')
        yield row
      }
    },
    close: async () => {},
  }
  return { devices, mishaps, transport }
}

describe('discovery over any history', () => {
  it('knows the organization after a whole read, what is urgent after a delta, and loses nothing before', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
        const { devices, mishaps, transport } = createOrganization()
        let now = start
        let last: Date | undefined
        const inventory = await createInventory({ store: memoryStore(), now: () => new Date(now) })
        const discovery = {
          connector,
          units: [],
          exchange: createExchange({ transport }),
          inventory,
          log: pino({ level: 'silent' }),
          signal: new AbortController().signal,
        }
        const known = () =>
          [...inventory.devices([allDevices])].map(({ guid, mailbox, state }) => `${guid} ${mailbox} ${state}`).sort()
        const real = () => [...devices].map(([guid, { mailbox, state }]) => `${guid} ${mailbox} ${state}`).sort()
        const guids = () => new Set([...inventory.devices([allDevices])].map(({ guid }) => guid))

        async function readOnce({ kind, ...trouble }: Extract<Step, { rows: number }>): Promise<void> {
          Object.assign(mishaps, trouble)
          const began = new Date(now)
          const before = guids()
          const isWhole = await (kind === 'full'
            ? fullSync(discovery, () => {})
            : deltaSync(discovery, last ?? new Date(start))
          ).then(
            ({ unreadable }) => unreadable === 0,
            () => false,
          )
          if (kind === 'full' && !isWhole)
            assert.deepEqual(
              [...before].filter((guid) => !guids().has(guid)),
              [],
            )
          if (!isWhole) return
          last = began
          if (kind === 'full') return assert.deepEqual(known(), real())
          const urgent = [...devices].filter(
            ([, { state, firstSync }]) => state === 'Quarantined' || firstSync > new Date(now - day).toISOString(),
          )
          for (const [guid, { state }] of urgent) assert.equal(inventory.get({ connector, guid })?.state, state)
          for (const { guid } of inventory.inState(connector, 'Quarantined'))
            assert.equal(devices.get(guid)?.state, 'Quarantined')
        }

        for (const one of steps) {
          now += day / 4
          const firstSync = new Date(now).toISOString()
          if (one.kind === 'comes' && !devices.has(guidOf(one.n)))
            devices.set(guidOf(one.n), { mailbox: mailboxOf(one.n), state: one.state, firstSync })
          else if (one.kind === 'changes') {
            const old = devices.get(guidOf(one.n))
            if (old !== undefined) devices.set(guidOf(one.n), { ...old, state: one.state })
          } else if (one.kind === 'leaves') devices.delete(guidOf(one.n))
          else if (one.kind === 'full' || one.kind === 'delta') await readOnce(one)
        }
        await readOnce({ kind: 'full', rows: 1000, odd: false, twice: true })
        assert.deepEqual(known(), real())
      }),
      { numRuns: 100 },
    )).timeout(120_000)
})
