import type { Logger } from 'pino'
import { z } from 'zod'
import type { Access } from '../access/access.ts'
import type { RightsChange } from '../access/changes.ts'
import type { Permission } from '../access/permissions.ts'
import type { Audit } from '../audit/audit.ts'
import type { Settings } from '../config.ts'
import type { Connectors } from '../connector/connectors.ts'
import { BotError, isBotError } from '../errors.ts'
import type { Device, DeviceKey } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../store/work.ts'
import { createBrake } from './brake.ts'
import { cancelWipe } from './cancel.ts'
import { digestOf, type Kind } from './consequence.ts'
import { approve, approved, type Decider, deny, done, expire, leave, owns, refuse, track, withdraw } from './decide.ts'
import { execute, isEnabled, quorumOf } from './execute.ts'
import { isWaiting, type Look, look, timesOf } from './look.ts'
import { type Actor, isOpen, isWipe, type Request, RequestSchema, type Subject, type WipeRequest } from './request.ts'

export interface RequestsOptions {
  readonly store: Store
  readonly work: Work
  readonly access: Access
  readonly audit: Audit
  readonly connectors: Connectors
  readonly inventory: Inventory
  readonly settings: Settings
  readonly now: () => Date
  readonly log: Logger
  /** Tells everybody concerned what became of a request; may be called again for the same version. */
  readonly tell: (request: Request, why: 'news' | 'reminder') => Promise<void>
  readonly onStep: (step: string) => void
}

/** Somebody who asks or decides, with the addresses by which mailboxes may know them. */
export interface Asker extends Actor {
  readonly addresses: () => Promise<readonly string[]>
}

export type Requests = Awaited<ReturnType<typeof createRequests>>

const hour = 60 * 60_000
const mostOpen = 10
const firstId = 1000

/** What needs two people: asked for, decided, carried out once, and followed until it is known how it ended. */
export async function createRequests(options: RequestsOptions) {
  const { store, work, access, connectors, inventory, settings, now, tell, onStep } = options
  const stored = await store.open({
    name: 'requests',
    schema: RequestSchema,
    version: 1,
    indexes: {
      open: (request) => (isOpen(request) ? 'yes' : undefined),
      untold: ({ v, told }) => (told < v ? 'yes' : undefined),
      device: ({ subject }) => ('guid' in subject ? `${subject.connector}/${subject.guid}` : undefined),
      requester: ({ requester }) => requester.id,
    },
  })
  const counters = await store.open({ name: 'counters', schema: z.object({ last: z.number().int() }), version: 1 })
  const brakes = await createBrake({ store, limits: settings.BRAKE, fleet: inventory.size, now })
  const stopping = new AbortController()
  const parts = { ...options, stored, brakes, signal: stopping.signal }

  const listOpen = () => stored.list({ index: 'open', value: 'yes' })
  const ofDevice = ({ connector, guid }: DeviceKey) => stored.list({ index: 'device', value: `${connector}/${guid}` })

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

  async function create(
    subject: Subject,
    by: Asker,
    reason: string,
    needed: number,
    ticket?: string,
  ): Promise<Request> {
    const open = (await stored.list({ index: 'requester', value: by.id })).filter(isOpen)
    if (open.length >= mostOpen) throw new BotError('REQUEST_TOO_MANY')
    const { last } = (await counters.update('request', (old) => ({ last: (old?.last ?? firstId) + 1 }))) ?? {
      last: firstId,
    }
    const at = now()
    const request: Request = {
      id: `R${last}`,
      v: 1,
      told: 0,
      subject,
      requester: { tenant: by.tenant, id: by.id, name: by.name },
      reason,
      ...(ticket && { ticket }),
      asked: at.toISOString(),
      expires: new Date(at.getTime() + settings.APPROVAL_HOURS * hour).toISOString(),
      reminded: false,
      needed,
      approvals: [],
      round: 0,
      status: { state: 'waiting' },
      history: [{ at: at.toISOString(), text: `Asked for by ${by.name}.` }],
    }
    await stored.put(request.id, request)
    return request
  }

  /** One open request for a device: of two at the same moment the older one stays. */
  async function assertOnly(request: Request, device: DeviceKey): Promise<void> {
    const older = (await ofDevice(device)).filter(isOpen).find((one) => numberOf(one) < numberOf(request))
    if (older === undefined) return
    await stored.delete(request.id)
    throw new BotError('REQUEST_EXISTS', older.id)
  }

  const lookAt = (device: Device, kind: Kind, signal: AbortSignal) =>
    look(device, kind, { connectors, inventory, now: now(), signal })

  /** Somebody as a decider on a request, found out afresh. */
  async function deciderOf(request: Request, by: Asker): Promise<Decider> {
    const permission = permissionOf(request.subject)
    const { rested } = await access.rightsOf(by, { fresh: true })
    const { id, tenant, name } = by
    return {
      actor: { id, tenant, name },
      addresses: await by.addresses(),
      permission,
      entitled: isWipe(request)
        ? onDevice(request, (device) => rested.may(device, permission))
        : rested.holds(permission),
      enabled: await isEnabled(by, access),
    }
  }

  function onDevice({ subject }: WipeRequest, test: (device: Device) => boolean): boolean {
    const device = inventory.get(subject)
    if (device === undefined) throw new BotError('DEVICE_GONE', subject.name)
    return test(device)
  }

  /** Follows what Exchange shows of a wipe. */
  async function follow(request: WipeRequest): Promise<void> {
    const { connector, guid, kind } = request.subject
    const known = inventory.get({ connector, guid })
    const seen = known === undefined ? 'gone' : await timesNow(known, kind)
    const before = request.v
    const after = await stored.update(request.id, (old) => old && track(old, seen, now(), settings.APPROVAL_HOURS))
    if (after !== undefined && after.v !== before) onStep(after.status.state)
  }

  async function timesNow(device: Device, kind: Kind) {
    try {
      return timesOf((await connectors.read(device, stopping.signal)).device, kind)
    } catch (error) {
      if (isBotError(error, 'DEVICE_GONE')) return 'gone' as const
      throw error
    }
  }

  /** Carries out a change of rights, or the release of the brake. */
  async function carryOut(request: Request): Promise<void> {
    const { subject, requester } = request
    try {
      if (subject.kind === 'rights') await access.applyChange(subject.change, requester)
      if (subject.kind === 'brake-release') await brakes.release()
      await stored.update(request.id, (old) => (old?.status.state === 'approved' ? done(old, now()) : old))
    } catch (error) {
      if (!(error instanceof BotError)) throw error
      await stored.update(request.id, (old) => old && refuse(old, error.message, now()))
    }
  }

  /** Reminds the approvers once, at half time. */
  async function remind(request: Request): Promise<void> {
    const half = (Date.parse(request.asked) + Date.parse(request.expires)) / 2
    if (request.status.state !== 'waiting' || request.reminded || now().getTime() < half) return
    await stored.update(request.id, (old) => old && { ...old, reminded: true })
    await tell(request, 'reminder')
  }

  /** Does what is due for a request, tells what came of it, and says when to look again. */
  async function advance(id: string): Promise<void> {
    let request = await stored.update(id, (old) => old && expire(old, now()))
    if (request?.status.state === 'approved') await (isWipe(request) ? execute(request, parts) : carryOut(request))
    request = await stored.get(id)
    if (request !== undefined && isWipe(request) && 'attempt' in request.status && isOpen(request))
      await follow(request)
    request = await stored.get(id)
    if (request === undefined) return
    if (request.told < request.v) await report(request)
    await remind(request)
    const at = nextLook(request, now())
    if (at !== undefined) await work.due('request', id, at)
  }

  async function report(request: Request): Promise<void> {
    await tell(request, 'news')
    await stored.update(request.id, (old) => old && { ...old, told: Math.max(old.told, request.v) })
  }

  work.on('request', advance)
  for (const { id } of [...(await listOpen()), ...(await stored.list({ index: 'untold', value: 'yes' }))])
    await work.due('request', id)

  return {
    brakes,
    get,
    listOpen,
    requestedBy: (id: string) => stored.list({ index: 'requester', value: id }),
    all: () => stored.list(),

    /** What a wipe of this device would do, as Exchange has it now; the digest names it. */
    async preview(device: Device, kind: Kind, signal: AbortSignal): Promise<Look & { digest: string; needed: number }> {
      const seen = await lookAt(device, kind, signal)
      return { ...seen, digest: digestOf(seen.wipe), needed: quorumOf(seen.wipe, seen.device, parts) }
    },

    /** Asks for a wipe that was previewed. Where nobody else must approve, the requester's confirmation stands for it. */
    async askWipe(
      seen: Look & { needed: number },
      by: Asker,
      reason: string,
      ticket: string | undefined,
    ): Promise<Request> {
      const { wipe, device, needed } = seen
      if (isWaiting(seen.times))
        throw new BotError('REQUEST_REFUSED', `Exchange waits for ${wipe.name} to take a wipe of this kind already.`)
      if (needed > 0) {
        const request = await create(wipe, by, reason, needed, ticket)
        await assertOnly(request, device)
        await work.due('request', request.id)
        return request
      }
      const { rested } = await access.rightsOf(by, { fresh: true })
      if (!rested.may(device, 'Collection.DeleteResource'))
        throw new BotError('ACCESS_DENIED', 'Collection.DeleteResource')
      const request = await create(wipe, by, reason, needed, ticket)
      await assertOnly(request, device)
      const addresses = [...(await by.addresses())]
      return decide(request.id, (old) => {
        const approvals = [{ by: old.requester, at: now().toISOString(), addresses }]
        return approved(
          { ...old, approvals },
          now(),
          settings.EXECUTION_HOURS,
          'Confirmed by the requester alone: there was no second person.',
        )
      })
    },

    /** Asks for a change of rights, or makes it at once where no second person is needed; then there is no request. */
    async askRights(change: RightsChange, by: Asker, reason: string): Promise<Request | undefined> {
      await access.checkChange(change, by)
      if (!(await access.needsSecond(change))) {
        await access.applyChange(change, by)
        return undefined
      }
      const request = await create({ kind: 'rights', change }, by, reason, 1)
      await work.due('request', request.id)
      return request
    },

    async askRelease(by: Asker): Promise<Request> {
      const request = await create({ kind: 'brake-release' }, by, 'Release of the brake', 1)
      await work.due('request', request.id)
      return request
    },

    async approve(id: string, by: Asker, shown: number): Promise<Request> {
      const request = await get(id)
      const decider = await deciderOf(request, by)
      const { pulled } = await brakes.read()
      if (isWipe(request) && pulled !== undefined)
        throw new BotError(
          'REQUEST_REFUSED',
          `The brake is pulled (${pulled.why}); no wipe is approved until it is released.`,
        )
      if (request.subject.kind === 'rights') await access.checkChange(request.subject.change, by)
      return decide(request.id, (old) => approve(old, decider, shown, now(), settings.EXECUTION_HOURS))
    },

    async deny(id: string, by: Asker, reason: string): Promise<Request> {
      const request = await get(id)
      const decider = await deciderOf(request, by)
      return decide(request.id, (old) => deny(old, decider, reason, now()))
    },

    withdraw: async (id: string, by: Asker) => decide((await get(id)).id, (old) => withdraw(old, by, now())),

    deciderOf,

    /** Whether somebody could approve a request as things are. */
    async mayApprove(request: Request, person: Actor): Promise<boolean> {
      const { entitled, enabled, addresses } = await deciderOf(request, { ...person, addresses: async () => [] })
      const owner = isWipe(request) && request.subject.owners.some((one) => owns(one, person.id, addresses))
      return entitled && enabled && !owner && request.requester.id !== person.id
    },

    /** The open request of a device, if there is one. */
    openFor: async (device: DeviceKey) => (await ofDevice(device)).find(isOpen),

    /** Ends what is under way for a device, here and in Exchange; says what is known of it then. */
    cancel: (device: Device, by: Asker, reason: string, signal: AbortSignal) =>
      cancelWipe(device, by, reason, {
        ...parts,
        signal,
        find: async () => (await ofDevice(device)).find(isOpen),
        decide,
      }),

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

/** When a request wants to be looked at next: polling slows down with the age of the try. */
function nextLook(request: Request, now: Date): Date | undefined {
  const { status } = request
  const half = (Date.parse(request.asked) + Date.parse(request.expires)) / 2
  if (status.state === 'waiting')
    return new Date(request.reminded ? Date.parse(request.expires) : Math.max(half, now.getTime()))
  if (status.state === 'approved') return new Date(status.executeBy)
  if (!isOpen(request) || !('attempt' in status)) return undefined
  const age = now.getTime() - Date.parse(status.attempt.at)
  const [, pause = 0] = pauses.find(([until]) => age < until) ?? []
  return new Date(now.getTime() + pause)
}

/** Up to which age of a try Exchange is asked how often, in milliseconds. */
const pauses = [
  [2 * 60_000, 3000],
  [20 * 60_000, 15_000],
  [2 * hour, 2 * 60_000],
  [24 * hour, 15 * 60_000],
  [Number.POSITIVE_INFINITY, 2 * hour],
] as const

const numberOf = ({ id }: Request) => Number(id.slice(1))

/** What one needs to decide about something. */
const permissionOf = (subject: Subject): Permission =>
  subject.kind === 'wipe' || subject.kind === 'wipe-account' ? 'Collection.DeleteResource' : 'Security.Modify'
