import type { Access } from '../access/access.ts'
import { describeChange, type RightsChange } from '../access/changes.ts'
import { BotError } from '../errors.ts'
import type { Device, DeviceKey } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Work } from '../store/work.ts'
import type { Voice } from './advance.ts'
import { neededForRelease } from './brake.ts'
import { digestOf } from './consequence.ts'
import { approve, approved, barOf } from './decide.ts'
import { type ExecutionParts, quorumOf } from './execute.ts'
import type { openLedger } from './ledger.ts'
import { type Look, look } from './look.ts'
import type { Asker } from './people.ts'
import { inHours, type Kind, keyOf, type MassChange, type Request, type Subject } from './request.ts'
import { isWaiting } from './track.ts'

interface AskingParts extends ExecutionParts {
  readonly access: Pick<Access, 'check' | 'apply' | 'needsSecond' | 'hasTwoHolders' | 'isHeldByOther' | 'accountAt'>
  readonly inventory: ExecutionParts['inventory'] & Pick<Inventory, 'contains'>
  readonly voice: Pick<Voice, 'audience'>
  readonly work: Pick<Work, 'due'>
  readonly number: Awaited<ReturnType<typeof openLedger>>
  readonly get: (id: string) => Promise<Request>
  readonly openFor: (device: DeviceKey) => Promise<Request | undefined>
  readonly decide: (id: string, change: (request: Request) => Request) => Promise<Request>
  readonly advance: (id: string) => Promise<void>
}

/** What a wipe would do, as Exchange has the device now, and what it needs. */
export interface Preview extends Look {
  /** Names what is confirmed. */
  readonly digest: string
  /** How many others must approve; none: the one who asks confirms alone. */
  readonly needed: number
}

/** A request as it is after it was asked for, and what who asked should know at once. */
export interface Asked {
  readonly request: Request
  readonly notice: string | undefined
}

/** How long a change waits that nobody else could approve, in milliseconds. */
const timeToStop = 10 * 60_000

/** How people ask for what needs two. */
export function createAsking(parts: AskingParts) {
  const {
    stored,
    work,
    access,
    brakes,
    people,
    inventory,
    settings,
    now,
    voice,
    number,
    get,
    openFor,
    decide,
    advance,
  } = parts

  async function create(
    wish: Pick<Request, 'subject' | 'reason' | 'needed' | 'ticket'>,
    by: Asker,
    { about, alone = false }: { about?: string; alone?: boolean } = {},
  ): Promise<Asked> {
    const at = now()
    const since = at.toISOString()
    const id = await number({ requester: by.id, at: since, ...(about && { about }) })
    const request: Request = {
      ...wish,
      id,
      v: 1,
      told: 0,
      requester: { tenant: by.tenant, id: by.id, name: by.name },
      asked: since,
      approvals: [],
      round: 0,
      status: {
        state: 'waiting',
        since,
        expires: inHours(at, settings.APPROVAL_HOURS),
        reminded: false,
        ...(alone && { alone: new Date(at.getTime() + timeToStop).toISOString() }),
      },
      history: [{ at: since, text: `Asked for by ${by.name}.` }],
    }
    await stored.put(id, request)
    if (request.needed === 0) return { request, notice: undefined }
    await work.due('request', id)
    return { request, notice: lonely(id, request.needed, await voice.audience(request)) }
  }

  /** What needs nobody else is carried out before it is answered. */
  async function createAtOnce(subject: Subject, reason: string, by: Asker, about?: string): Promise<Asked> {
    const { request } = await create({ subject, reason, needed: 0 }, by, { ...(about && { about }) })
    const off = subject.kind === 'rights' && settings.RIGHTS_APPROVAL === 'off'
    const text = off ? 'RIGHTS_APPROVAL is off, so nobody else approves this.' : 'There is nobody else to approve this.'
    await stored.update(request.id, (old) => old && approved(old, now(), settings, text))
    await advance(request.id).finally(() => work.due('request', request.id))
    return { request: await get(request.id), notice: undefined }
  }

  return {
    /** What a wipe of this device would do. Throws REQUEST_REFUSED or REQUEST_EXISTS where none can be asked for. */
    async preview(device: Device, kind: Kind, by: Asker, signal: AbortSignal): Promise<Preview> {
      const open = await openFor(device)
      if (open !== undefined) throw new BotError('REQUEST_EXISTS', open.id)
      const seen = await look(device, kind, { ...parts, signal })
      const { wipe, impossible, times } = seen
      if (impossible !== undefined) throw new BotError('REQUEST_REFUSED', impossible)
      if (isWaiting(times))
        throw new BotError(
          'REQUEST_REFUSED',
          `Exchange waits for ${wipe.name} to take a wipe of this kind already; “cancel-wipe ${wipe.name} <reason>” ends that.`,
        )
      const quorum = quorumOf(wipe, seen.device, parts)
      const alone = { subject: wipe, requester: by, needed: 0 }
      const needed = quorum > 0 ? quorum : barOf(alone, await people.decider(alone, by)) === undefined ? 0 : 1
      return { ...seen, digest: digestOf(wipe), needed }
    },

    /** Asks for a wipe that was previewed. Where nobody else must approve, the confirmation stands for the approval. */
    async askWipe({ wipe, device, needed }: Preview, by: Asker, reason: string, ticket?: string): Promise<Asked> {
      if (!(await people.mayAskWipe(by, device))) throw new BotError('ACCESS_DENIED', 'Collection.ModifyResource')
      const asked = await create({ subject: wipe, reason, needed, ...(ticket && { ticket }) }, by, {
        about: keyOf(device),
      })
      if (needed > 0) return asked
      const decider = await people.decider(asked.request, by)
      const request = await decide(asked.request.id, (old) => approve(old, decider, old.v, now(), settings))
      return { request, notice: undefined }
    },

    /** Asks for a change of rights; where nobody else must approve it, it is made at once. */
    async askRights(wish: RightsChange, by: Asker): Promise<Asked> {
      if (!(await people.mayAskRights(by))) throw new BotError('ACCESS_DENIED', 'Security.Modify')
      const change = await access.check(wish, by)
      const subject = { kind: 'rights' as const, change }
      const reason = describeChange(change)
      return (await access.needsSecond(change))
        ? create({ subject, reason, needed: 1 }, by)
        : createAtOnce(subject, reason, by)
    },

    /** Asks for a change that was previewed; where nobody else could approve it, it goes ahead by itself unless it is stopped. */
    async askChange(subject: MassChange, reason: string, by: Asker): Promise<Asked> {
      if (!(await people.mayAskChange(by, subject))) throw new BotError('ACCESS_DENIED', subject.permission)
      const covers = (collection: string) =>
        (subject.devices ?? []).every((key) => {
          const device = inventory.get(key)
          return device === undefined || inventory.contains(collection, device)
        })
      const alone = !(await access.isHeldByOther(subject.permission, by, covers))
      const asked = await create({ subject, reason, needed: 1 }, by, { alone })
      if (!alone) return asked
      const notice = `Nobody else holds ${subject.permission}, so it goes ahead in ten minutes unless it is stopped.`
      return { ...asked, notice }
    },

    /** Asks to release the brake. */
    async askRelease(by: Asker): Promise<Asked> {
      if (!(await people.mayAskRights(by))) throw new BotError('ACCESS_DENIED', 'Security.Modify')
      const brake = await brakes.read()
      const needed = neededForRelease(brake, by, await access.hasTwoHolders(), now())
      const pulled = brake.pulled?.at ?? ''
      const subject = { kind: 'brake-release' as const, pulled }
      const reason = 'Wipes can run again.'
      const about = `brake ${pulled}`
      return needed > 0 ? create({ subject, reason, needed }, by, { about }) : createAtOnce(subject, reason, by, about)
    },
  }
}

/** Who asked should not wait for people who were not told. */
function lonely(id: string, needed: number, told: number): string | undefined {
  if (told >= needed) return undefined
  const who =
    told === 0 ? 'Nobody who may approve this' : `Only ${told} of those who may approve this, and ${needed} must,`
  return `${who} can be told, since Device Desk writes only to people who wrote to it: ask them to type “request ${id}”.`
}
