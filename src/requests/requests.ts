import type { Access } from '../access/access.ts'
import type { Rights } from '../access/rights.ts'
import type { Audit } from '../audit/audit.ts'
import type { Settings } from '../config.ts'
import type { Connectors } from '../connector/connectors.ts'
import { BotError } from '../errors.ts'
import { type Device, type DeviceKey, nameOf } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../store/work.ts'
import { createAdvance, type Voice } from './advance.ts'
import { createAsking } from './asking.ts'
import { createBrake, isCounted } from './brake.ts'
import { cancelWipe } from './cancel.ts'
import { approve, assertUndecided, type Bar, barOf, deny, leave, withdraw } from './decide.ts'
import { createExecution, type ExecutionParts } from './execute.ts'
import { openLedger } from './ledger.ts'
import { type Asker, createPeople, deciderBy } from './people.ts'
import { type Actor, isOpen, isPending, isWipe, keyOf, type Request, RequestSchema } from './request.ts'
import { isExpected } from './track.ts'

export interface RequestsOptions {
  readonly store: Store
  readonly work: Work
  readonly access: Pick<
    Access,
    'rightsOf' | 'check' | 'apply' | 'needsSecond' | 'hasTwoHolders' | 'isHeldByOther' | 'accountAt'
  >
  readonly audit: Pick<Audit, 'record'>
  readonly connectors: Pick<Connectors, 'read' | 'readWipes' | 'wipe' | 'canWipeAccount'>
  readonly make: ExecutionParts['make']
  readonly inventory: Pick<Inventory, 'size' | 'contains'> & ExecutionParts['inventory']
  readonly settings: Pick<Settings, 'APPROVALS' | 'APPROVAL_HOURS' | 'EXECUTION_HOURS' | 'BRAKE' | 'RIGHTS_APPROVAL'>
  readonly now: () => Date
  readonly voice: Voice
  /** Told at each step of carrying out, so that a test can end the process there. */
  readonly onStep: (step: string) => void
}

export type Requests = Awaited<ReturnType<typeof createRequests>>

/** What needs two people: asked for, decided, carried out once, and followed until it is known how it ended. */
export async function createRequests(options: RequestsOptions) {
  const { store, work, access, connectors, inventory, settings, now, voice } = options
  const stored = await store.open({
    name: 'requests',
    schema: RequestSchema,
    version: 1,
    indexes: {
      open: (request) => (isOpen(request) ? 'yes' : undefined),
      untold: ({ v, told }) => (told < v ? 'yes' : undefined),
      device: ({ subject }) => ('guid' in subject ? keyOf(subject) : undefined),
      requester: ({ requester }) => requester.id,
    },
  })
  const number = await openLedger(store, stored.get)
  const brakes = await createBrake({
    store,
    limits: settings.BRAKE,
    fleet: inventory.size,
    now,
    pulled: () => work.due('brake', 'site'),
  })
  const stopping = new AbortController()
  const people = createPeople({ ...options, brakes })
  const parts = { ...options, stored, brakes, people, signal: stopping.signal }
  const advance = createAdvance({ ...parts, execution: createExecution(parts) })

  const listOpen = () => stored.list({ index: 'open', value: 'yes' })
  const openFor = async (device: DeviceKey) =>
    (await stored.list({ index: 'device', value: keyOf(device) })).find(isOpen)

  async function get(id: string): Promise<Request> {
    const found = await stored.get(id.toUpperCase())
    if (found === undefined) throw new BotError('REQUEST_UNKNOWN', id)
    return found
  }

  /** Applies a decision to the newest version; what follows from it is carried out outside. */
  async function decide(id: string, change: (request: Request) => Request): Promise<Request> {
    const request = await stored.update(id, (old) => old && change(old))
    if (request === undefined) throw new BotError('REQUEST_UNKNOWN', id)
    await work.due('request', id)
    return request
  }

  async function tellOfBrake(): Promise<void> {
    const { pulled } = await brakes.read()
    if (pulled === undefined || pulled.told) return
    await voice.pulled(pulled)
    await brakes.markTold()
  }

  work.on('request', advance)
  work.on('brake', tellOfBrake)

  return {
    get,
    listOpen,
    openFor,
    brake: brakes.read,
    requestedBy: (id: string) => stored.list({ index: 'requester', value: id }),
    all: () => stored.list(),

    ...createAsking({ ...parts, number, get, openFor, decide, advance }),

    pull: (by: Asker, why: string) => brakes.pull({ tenant: by.tenant, id: by.id, name: by.name }, why),

    /** `shown` is the version that was pressed on. */
    async approve(id: string, by: Asker, shown: number): Promise<Request> {
      const request = await get(id)
      assertUndecided(request)
      const decider = await people.decider(request, by)
      if (barOf(request, decider) === undefined) {
        if (request.subject.kind === 'rights') await access.check(request.subject.change, by)
        const { pulled } = await brakes.read()
        if (isWipe(request) && pulled !== undefined) throw new BotError('BRAKE_PULLED', pulled.why)
      }
      return decide(request.id, (old) => approve(old, decider, shown, now(), settings))
    },

    async deny(id: string, by: Asker, reason: string): Promise<Request> {
      const request = await get(id)
      assertUndecided(request)
      const decider = await people.decider(request, by)
      return decide(request.id, (old) => deny(old, decider, reason, now()))
    },

    withdraw: async (id: string, by: Asker) => decide((await get(id)).id, (old) => withdraw(old, by, now())),

    /** What bars somebody from deciding, as far as is known without asking anybody: for showing. */
    async barFor(request: Request, by: Actor, rights: Rights): Promise<Bar | undefined> {
      const counted = request.subject.kind === 'brake-release' && isCounted(await brakes.read(), by.id, now())
      return barOf(request, deciderBy(request, by, rights, { inventory, addresses: [], counted }))
    },

    /** Throws WIPE_PENDING when a wipe may still reach a device, which what is wished would keep from arriving. */
    async assertNoWipe(device: Device, signal: AbortSignal): Promise<void> {
      const request = await openFor(device)
      const { statistics } = await connectors.readWipes(device, signal)
      const expected = [statistics?.wipe, statistics?.accountWipe].some((times) => times && isExpected(times, now()))
      if (expected || (request !== undefined && isPending(request)))
        throw new BotError('WIPE_PENDING', nameOf(device, inventory.owner(device)))
    },

    /** Ends what is under way for a device, here and in Exchange; says what is known of it then. */
    cancel: (device: Device, by: Asker, reason: string, signal: AbortSignal) =>
      cancelWipe(device, by, reason, { ...parts, signal, find: () => openFor(device), decide }),

    /** Takes up what was under way when the process ended. */
    async resume(): Promise<void> {
      for (const { id } of [...(await listOpen()), ...(await stored.list({ index: 'untold', value: 'yes' }))])
        await work.due('request', id)
      await work.due('brake', 'site')
    },

    /** Ends what is under way for the devices of a connector that is removed. */
    async leave(connector: string): Promise<void> {
      for (const { id, subject } of await listOpen())
        if ('connector' in subject && subject.connector === connector)
          await decide(id, (old) => leave(old, connector, now()))
    },

    async close(): Promise<void> {
      stopping.abort()
      await work.close()
    },
  }
}
