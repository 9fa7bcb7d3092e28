import type { Connectors } from '../connector/connectors.ts'
import { isBotError } from '../errors.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Collection } from '../store/store.ts'
import type { Work } from '../store/work.ts'
import type { Pull } from './brake.ts'
import { expire, type Hours, reminded } from './decide.ts'
import type { createExecution } from './execute.ts'
import { deviceOf, timesOf } from './look.ts'
import { isWipe, type Request, type WipeRequest } from './request.ts'
import { isFollowed, type Seen, track } from './track.ts'

/** How requests speak to people. Nothing it does may be needed for what follows, and telling twice does no harm. */
export interface Voice {
  /** How many of those who may approve can be told of it. */
  audience(request: Request): Promise<number>
  /** Tells everybody concerned what became of it. */
  news(request: Request): Promise<void>
  /** Tells those who may approve it that half of the time is over. */
  reminder(request: Request): Promise<void>
  /** Tells every Full Administrator that the brake is pulled. */
  pulled(pull: Pull): Promise<void>
}

interface AdvanceParts {
  readonly stored: Collection<Request>
  readonly work: Pick<Work, 'due'>
  readonly execution: ReturnType<typeof createExecution>
  readonly connectors: Pick<Connectors, 'readWipes'>
  readonly inventory: Pick<Inventory, 'get'>
  readonly settings: Hours
  readonly voice: Voice
  readonly now: () => Date
  readonly signal: AbortSignal
}

/** Does what is due for a request: carries it out, follows it, tells what came of it, and says when to look again. */
export function createAdvance(parts: AdvanceParts) {
  const { stored, work, execution, connectors, inventory, settings, voice, now, signal } = parts

  async function seenOf({ subject }: WipeRequest): Promise<Seen> {
    try {
      return timesOf(await connectors.readWipes(deviceOf(subject, inventory), signal), subject.kind)
    } catch (error) {
      signal.throwIfAborted()
      if (isBotError(error, 'DEVICE_GONE')) return 'gone'
      if (isBotError(error, 'EXCHANGE_REFUSED', 'EXCHANGE_UNREACHABLE', 'EXCHANGE_OUTCOME_UNKNOWN')) return 'unreadable'
      throw error
    }
  }

  /** Follows what Exchange shows of a wipe. */
  async function follow(request: WipeRequest): Promise<void> {
    const seen = await seenOf(request)
    await stored.update(request.id, (old) => old && track(old, seen, now(), settings))
  }

  async function tell(request: Request): Promise<void> {
    if (request.told < request.v) {
      await voice.news(request)
      await stored.update(request.id, (old) => old && { ...old, told: Math.max(old.told, request.v) })
    }
    const half = halfOf(request)
    if (half === undefined || half > now()) return
    await voice.reminder(request)
    await stored.update(request.id, (old) => old && reminded(old))
  }

  return async function advance(id: string): Promise<void> {
    let request = await stored.update(id, (old) => old && expire(old, now(), settings))
    if (request?.status.state === 'approved')
      await (isWipe(request) ? execution.wipe(request) : execution.other(request))
    request = await stored.get(id)
    if (request !== undefined && isWipe(request) && isFollowed(request.status)) await follow(request)
    request = await stored.get(id)
    if (request === undefined) return
    const at = nextLook(request, now())
    if (at !== undefined) await work.due('request', id, at)
    await tell(request)
  }
}

/** When half of the time to decide is over, of which nobody was reminded yet. */
function halfOf({ status }: Request): Date | undefined {
  if ((status.state !== 'waiting' && status.state !== 'unresolved') || status.reminded) return undefined
  return new Date((Date.parse(status.since) + Date.parse(status.expires)) / 2)
}

/** When a request wants to be looked at next: what is followed is read less and less often. */
function nextLook(request: Request, now: Date): Date | undefined {
  const { status } = request
  if (status.state === 'waiting' && status.alone !== undefined) return new Date(status.alone)
  if (status.state === 'waiting') return halfOf(request) ?? new Date(status.expires)
  if (status.state === 'approved') return new Date(status.executeBy)
  if (!isFollowed(status)) return undefined
  const age = now.getTime() - Date.parse(status.attempt.at)
  const [, pause = 0] = pauses.find(([until]) => age < until) ?? []
  return new Date(now.getTime() + pause)
}

const minute = 60_000
const hour = 60 * minute

/** Up to which age of a try Exchange is asked how often, in milliseconds. */
const pauses = [
  [10_000, 1000],
  [2 * minute, 3000],
  [20 * minute, 15_000],
  [2 * hour, 2 * minute],
  [24 * hour, 15 * minute],
  [Number.POSITIVE_INFINITY, 2 * hour],
] as const
