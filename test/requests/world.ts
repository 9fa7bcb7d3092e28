import type { RightsChange } from '../../src/access/changes.ts'
import type { Permission } from '../../src/access/permissions.ts'
import { type Grant, rightsOf, type Standing } from '../../src/access/rights.ts'
import type { AuditEntry } from '../../src/audit/chain.ts'
import type { Person } from '../../src/audit/person.ts'
import { Refusal } from '../../src/connector/transport.ts'
import { BotError } from '../../src/errors.ts'
import type { Device, Owner, WipeTimes } from '../../src/inventory/device.ts'
import type { Brake } from '../../src/requests/brake.ts'
import type { Request } from '../../src/requests/request.ts'
import { createRequests, type RequestsOptions } from '../../src/requests/requests.ts'
import type { Collection, Definition, Store } from '../../src/store/store.ts'

export const tenant = '6f0b54a2-3c1d-4e8a-9f57-2b8d10c4e7a9'
const begin = Date.parse('2026-11-23T08:00:00.000Z')
const minute = 60_000
export const hour = 60 * minute

/** Somebody of whom a test decides everything. */
export interface Somebody extends Person {
  readonly name: string
  readonly addresses: readonly string[]
  /** What they hold on everything, and since when. */
  held: { readonly permission: Permission; readonly since: number }[]
  standing: Standing['kind']
}

/** A mailbox with a phone, as Exchange has it. */
export interface Phone {
  readonly guid: string
  deviceId: string
  clientVersion: string
  blocked: boolean
  owner: Owner
  /** The phone is set up with this mailbox as well. */
  second: Owner | undefined
  wipe: WipeTimes
  accountWipe: WipeTimes
  gone: boolean
}

/** How Exchange answers the next order, and how many reads fail. */
export interface Weather {
  order: 'done' | 'refused' | 'unreachable' | 'lost-before' | 'lost-after'
  failingReads: number
  /** How long the next read takes. */
  slow: number
}

/** An order to wipe or to cancel as it reached Exchange, whatever came of it. */
export interface Order {
  readonly guid: string
  readonly kind: 'wipe' | 'wipe-account' | 'cancel'
  readonly at: number
  readonly applied: boolean
}

export interface Settings {
  readonly APPROVALS: number
  readonly APPROVAL_HOURS: number
  readonly EXECUTION_HOURS: number
  readonly BRAKE: { requester: number; approver: number; site: number; day: number }
  readonly RIGHTS_APPROVAL: 'on' | 'off'
}

export const usual: Settings = {
  APPROVALS: 1,
  APPROVAL_HOURS: 4,
  EXECUTION_HOURS: 1,
  BRAKE: { requester: 5, approver: 10, site: 20, day: 40 },
  RIGHTS_APPROVAL: 'on',
}

export type World = ReturnType<typeof createWorld>

/**
 * Everything around the requests room, in memory: a clock, a disk that outlives the process, a small Exchange, people. Every
 * call out of the room is an effect; the process can be killed before or after any of them, and then nothing of it goes on.
 */
export function createWorld({ settings = usual, restHours = 24 }: { settings?: Settings; restHours?: number } = {}) {
  let clock = begin
  const disk = new Map<string, Map<string, unknown>>()
  const audit: (AuditEntry & { readonly n: number })[] = []
  const orders: Order[] = []
  const phones = new Map<string, Phone>()
  const people = new Map<string, Somebody>()
  const weather: Weather = { order: 'done', failingReads: 0, slow: 0 }
  const told: { readonly what: string; readonly id: string; readonly state: string }[] = []
  const collections = new Map<string, { approvals: number; members: Set<string> }>()
  const changes: RightsChange[] = []
  const made: string[] = []
  let whyNotMade: string | undefined
  const broken: unknown[] = []
  let released = 0
  let audience = 1
  let readsAfterOrder = 0
  let lastStep: string | undefined
  let fleet: number | undefined
  let life = 0
  let effects = 0
  let killAt: { readonly effect: number; readonly after: boolean } | undefined
  let reportDeath: () => void = () => {}
  let onOrder: (order: Order) => void = () => {}

  const now = () => new Date(clock)
  const iso = () => now().toISOString()

  function die(): void {
    life += 1
    killAt = undefined
    reportDeath()
  }

  /** An effect of the process of this life: it happens, or the process is killed before or after it. */
  async function effect<T>(own: number, act: () => T, ticks = 0): Promise<T> {
    for (let tick = 0; tick <= ticks; tick += 1) await undefined
    const never = new Promise<T>(() => {})
    if (life !== own) return never
    effects += 1
    const dies = killAt?.effect === effects ? killAt : undefined
    if (dies !== undefined && !dies.after) {
      die()
      return never
    }
    let result: T | undefined
    let failure: unknown
    try {
      result = act()
    } catch (error) {
      failure = error
    }
    if (dies !== undefined) {
      die()
      return never
    }
    await undefined
    if (life !== own) return never
    if (failure !== undefined) throw failure
    return result as T
  }

  /** A write takes its time, and who does not wait for it is earlier than it. */
  function storeOf(own: number, ticks: readonly number[]): Pick<Store, 'open'> {
    let writes = 0
    const write = <T>(act: () => T) => effect(own, act, 3 + (ticks[writes++ % ticks.length] ?? 0))
    return {
      async open<T>({ name, indexes = {} }: Definition<T>): Promise<Collection<T>> {
        const documents = (disk.get(name) ?? new Map()) as Map<string, T>
        disk.set(name, documents)
        const put = (id: string, document: T | undefined) =>
          void (document === undefined ? documents.delete(id) : documents.set(id, document))
        return {
          get: (id) => effect(own, () => documents.get(id)),
          list: (by) =>
            effect(own, () =>
              [...documents.values()].filter((document) => {
                const found = by && indexes[by.index]?.(document)
                return by === undefined || found === by.value
              }),
            ),
          ids: async () => [...documents.keys()],
          follow() {},
          async *scan() {
            yield* documents
          },
          put: (id, document) => write(() => put(id, document)),
          delete: (id) => write(() => put(id, undefined)),
          update: (id, change) =>
            write(() => {
              const old = documents.get(id)
              const next = change(old)
              if (name === 'brake' && isPulled(old) && !isPulled(next)) released = clock
              put(id, next)
              return next
            }),
        }
      },
    }
  }

  /** Work that runs when a test says so; forgotten when the process ends. */
  function createWork(own: number) {
    const jobs = new Map<string, (key: string) => Promise<void>>()
    const due = new Map<string, number>()
    return {
      on: (kind: string, job: (key: string) => Promise<void>) => void jobs.set(kind, job),
      async due(kind: string, key: string, at = now()) {
        const name = `${kind} ${key}`
        due.set(name, Math.min(due.get(name) ?? Number.POSITIVE_INFINITY, at.getTime()))
      },
      close: async () => {},
      /** Does all that is due now, until nothing is. */
      async run() {
        for (let turn = 0; turn < 50 && life === own; turn += 1) {
          const next = [...due].find(([, at]) => at <= clock)?.[0]
          if (next === undefined) return
          due.delete(next)
          const [kind = '', key = ''] = next.split(' ')
          await jobs
            .get(kind)?.(key)
            .catch((error) => {
              if (!(error instanceof BotError)) throw error
              due.set(next, clock + minute)
            })
        }
      },
      next: () => Math.min(...due.values()),
    }
  }

  function deviceOf(phone: Phone, guid = phone.guid, owner = phone.owner): Device {
    return {
      connector: 'Contoso',
      guid,
      deviceId: phone.deviceId,
      mailbox: owner.mailbox,
      type: 'iPhone',
      clientType: 'EAS',
      clientVersion: phone.clientVersion,
      state: phone.blocked ? 'Blocked' : 'Allowed',
      statistics: {
        read: iso(),
        lastSync: new Date(begin).toISOString(),
        wipe: phone.wipe,
        accountWipe: phone.accountWipe,
      },
    }
  }

  function readPhone(guid: string): Phone {
    clock += weather.slow
    weather.slow = 0
    if (weather.failingReads > 0) {
      weather.failingReads -= 1
      throw new BotError('EXCHANGE_UNREACHABLE', 'bad weather')
    }
    const phone = phones.get(guid)
    if (phone === undefined || phone.gone) throw new BotError('DEVICE_GONE', guid)
    return phone
  }

  function order(guid: string, kind: Order['kind']): void {
    const { order: how } = weather
    weather.failingReads += readsAfterOrder
    readsAfterOrder = 0
    weather.order = 'done'
    if (how === 'refused')
      throw new BotError('EXCHANGE_REFUSED', 'it may not.', { cause: new Refusal('other', 'it may not.') })
    if (how === 'unreachable') throw new BotError('EXCHANGE_UNREACHABLE', 'bad weather')
    const phone = phones.get(guid)
    clock += 1
    const applied = how !== 'lost-before' && phone !== undefined && !phone.gone
    const one = { guid, kind, at: clock, applied }
    try {
      onOrder(one)
    } catch (error) {
      broken.push(error)
    }
    orders.push(one)
    if (applied) write(phone, kind, 'Device Desk')
    if (how !== 'done') throw new BotError('EXCHANGE_OUTCOME_UNKNOWN', 'bad weather')
  }

  function write(phone: Phone, kind: Order['kind'], requestor: string): void {
    const cancelled = (times: WipeTimes) =>
      times.requested !== undefined && times.acknowledged === undefined ? {} : times
    if (kind === 'cancel') {
      phone.wipe = cancelled(phone.wipe)
      phone.accountWipe = cancelled(phone.accountWipe)
    } else phone[kind === 'wipe' ? 'wipe' : 'accountWipe'] = { requested: iso(), requestor }
  }

  const ownersBy = (device: Device): Owner => {
    const all = [...phones.values()].flatMap(({ owner, second }) => [owner, ...(second ? [second] : [])])
    const found = all.find(({ mailbox }) => mailbox === device.mailbox)
    if (found === undefined) throw new Error(`no mailbox ${device.mailbox}`)
    return found
  }

  function rightsNow(id: string) {
    const somebody = people.get(id)
    const { standing = 'stranger', held = [], addresses = [] } = somebody ?? {}
    const permissions = held.map(({ permission, since }) => ({ permission, since: new Date(since).toISOString() }))
    const grants: Grant[] =
      standing === 'member' ? [{ role: 'Test', collection: 'All Mobile Devices', group: undefined, permissions }] : []
    const restedSince = new Date(clock - restHours * hour).toISOString()
    const known: Standing =
      standing === 'member' ? { kind: 'member', addresses, groups: [] } : ({ kind: standing } as Standing)
    return rightsOf(known, grants, restedSince, () => true)
  }

  /** Starts the process anew on what the disk holds; `ticks` are how long its writes take. */
  async function start(ticks: readonly number[] = []) {
    const own = life
    const work = createWork(own)
    const voice = (what: string) => (request: Request) =>
      effect(own, () => void told.push({ what, id: request.id, state: request.status.state }))
    const options: RequestsOptions = {
      store: storeOf(own, ticks) as Store,
      work,
      settings,
      now,
      audit: {
        record: (entry) =>
          effect(own, () => {
            audit.push({ ...entry, n: audit.length + 1 })
            return { n: audit.length } as never
          }),
      },
      access: {
        rightsOf: (person) => effect(own, () => rightsNow(person.id)),
        check: async (change) => change,
        apply: (change) => effect(own, () => void changes.push(change)),
        isHeldByOther: async (permission, { id }) =>
          [...people.values()].some((one) => one.id !== id && one.held.some((held) => held.permission === permission)),
        needsSecond: async () => settings.RIGHTS_APPROVAL === 'on',
        hasTwoHolders: async () =>
          [...people.values()].filter(({ held }) => held.some(({ permission }) => permission === 'Security.Modify'))
            .length > 1,
        accountAt: async () => undefined,
      },
      make: ({ id }) =>
        effect(own, () => {
          if (whyNotMade === undefined) made.push(id)
          return whyNotMade
        }),
      connectors: {
        read: (device) =>
          effect(own, () => {
            const phone = readPhone(device.guid)
            const second = phone.second ? [deviceOf(phone, `${phone.guid}-2`, phone.second)] : []
            return { device: deviceOf(phone), partnerships: [deviceOf(phone), ...second] }
          }),
        readWipes: (device) => effect(own, () => deviceOf(readPhone(device.guid))),
        wipe: (device, kind) => effect(own, () => order(device.guid, kind)),
        canWipeAccount: () => true,
      },
      inventory: {
        get: ({ guid }) => {
          const phone = phones.get(guid)
          return phone && deviceOf(phone)
        },
        owner: (device) => ownersBy(device as Device),
        shortId: ({ guid }) => guid.slice(0, 8),
        contains: () => true,
        size: () => fleet ?? phones.size,
        collections: {
          of: ({ guid }) => [...collections].filter(([, { members }]) => members.has(guid)).map(([name]) => name),
          get: (name) => {
            const found = collections.get(name)
            return found && { name, parent: 'All Mobile Devices', rule: '', approvals: found.approvals }
          },
        },
      },
      voice: {
        audience: () => effect(own, () => audience),
        news: voice('news'),
        reminder: voice('reminder'),
        pulled: ({ why }) => effect(own, () => void told.push({ what: 'pulled', id: '', state: why })),
      },
      onStep(step) {
        if (step === lastStep && life === own) {
          lastStep = undefined
          die()
        }
      },
    }
    const requests = await createRequests(options)
    await requests.resume()
    return { requests, work }
  }

  return {
    settings,
    orders,
    audit,
    told,
    phones,
    people,
    weather,
    collections,
    changes,
    /** Requests whose change was made, in order. */
    made,
    /** From now on no change is made, for this reason. */
    refuseChanges(why: string): void {
      whyNotMade = why
    },
    now: () => clock,
    start,
    deviceOf,
    /** The signal of somebody who waits for ever. */
    patience: new AbortController().signal,
    /** A phone hears of the wipes that wait for it. */
    contact(phone: Phone, acknowledges: boolean): void {
      const hear = (times: WipeTimes): WipeTimes => {
        if (times.requested === undefined || times.acknowledged !== undefined) return times
        return { ...times, sent: iso(), ...(acknowledges && { acknowledged: iso() }) }
      }
      phone.wipe = hear(phone.wipe)
      phone.accountWipe = hear(phone.accountWipe)
    },
    /** After the next order, so many reads fail. */
    breakReads(count: number): void {
      readsAfterOrder = count
    },
    /** Ends the process at a step. */
    dieAt(step: string): void {
      lastStep = step
    },
    setFleet(size: number): void {
      fleet = size
    },
    /** Somebody edits the stored brake by hand. */
    unpull: () => void disk.get('brake')?.delete('site'),
    /** Fine weather from now on. */
    clear(): void {
      Object.assign(weather, { order: 'done', failingReads: 0, slow: 0 })
    },
    /** Somebody else orders a wipe, or cancels what is pending. */
    order(phone: Phone, kind: Order['kind']): void {
      clock += 1
      write(phone, kind, 'Somebody else')
    },
    /** The brake as the disk holds it. */
    brake: () => (disk.get('brake')?.get('site') ?? { places: [] }) as Brake,
    /** When the brake was released last, as far as the disk shows. */
    lastRelease: () => released,
    /** Rules that were broken where nobody could be told. */
    broken,

    pass(milliseconds: number): void {
      clock += milliseconds
    },
    setAudience(count: number): void {
      audience = count
    },
    /** Called in the moment in which an order reaches Exchange. */
    watch(look: (order: Order) => void): void {
      onOrder = look
    },

    /** Kills the process at an effect that is still to come, before or after it. */
    killIn({ effect: count, after }: { effect: number; after: boolean }): void {
      killAt = { effect: effects + count, after }
    },
    spare(): void {
      killAt = undefined
    },
    kill: die,
    /** Resolves when the process of now is killed. */
    death: () =>
      new Promise<'dead'>((resolve) => {
        reportDeath = () => resolve('dead')
      }),

    /** All requests as the disk holds them. */
    requests: () => [...(disk.get('requests')?.values() ?? [])] as Request[],

    /** A phone with its owner. */
    addPhone(name: string, entraId: string | undefined, addresses: readonly string[]): Phone {
      const phone: Phone = {
        guid: `${name}-guid`,
        deviceId: `${name}-id`,
        clientVersion: '16.1',
        blocked: false,
        owner: ownerOf(name, entraId, addresses),
        second: undefined,
        wipe: {},
        accountWipe: {},
        gone: false,
      }
      phones.set(phone.guid, phone)
      return phone
    },

    addPerson(name: string, permissions: readonly Permission[]): Somebody {
      const number = String(people.size + 1).padStart(12, '0')
      const somebody: Somebody = {
        tenant,
        id: `00000000-0000-4000-8000-${number}`,
        name,
        addresses: [`${name}@contoso.com`],
        held: permissions.map((permission) => ({ permission, since: 0 })),
        standing: 'member',
      }
      people.set(somebody.id, somebody)
      return somebody
    },
  }
}

const isPulled = (document: unknown) =>
  typeof document === 'object' && document !== null && 'pulled' in document && document.pulled !== undefined

export const ownerOf = (name: string, entraId: string | undefined, addresses: readonly string[]): Owner => ({
  connector: 'Contoso',
  mailbox: `${name}-mailbox`,
  name,
  displayName: name,
  alias: name,
  ...(entraId && { entraId }),
  ...(addresses[0] && { mail: addresses[0] }),
})

/** Somebody as the room takes them. */
export const askerOf = ({ tenant: of, id, name, addresses }: Somebody) => ({
  tenant: of,
  id,
  name,
  addresses: async () => addresses,
})
