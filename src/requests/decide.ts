import { BotError } from '../errors.ts'
import type { WipeTimes } from '../inventory/device.ts'
import { type Actor, type Attempt, isOpen, isWipe, type PhoneOwner, type Request, type Status } from './request.ts'

/** Somebody who decides, with what was found out about them in this moment. */
export interface Decider {
  readonly actor: Actor
  readonly addresses: readonly string[]
  /** The permission that the decision needs, and whether it is held, and rested, on what it is about. */
  readonly permission: string
  readonly entitled: boolean
  /** Whether Entra ID says that the account is enabled; true where Graph is not set up. */
  readonly enabled: boolean
}

const hour = 60 * 60_000
const iso = (date: Date) => date.toISOString()
const inHours = (now: Date, hours: number) => iso(new Date(now.getTime() + hours * hour))

/** The next version of a request, with what happened. */
function next(request: Request, status: Status, now: Date, text: string): Request {
  return { ...request, v: request.v + 1, status, history: [...request.history, { at: iso(now), text }] }
}

export const stateTexts: Readonly<Record<Status['state'], string>> = {
  waiting: 'waiting for approval',
  approved: 'approved, being checked',
  sending: 'being handed to Exchange',
  unresolved: 'unresolved: nobody knows whether Exchange took it',
  handed: 'with Exchange, waiting for the device',
  taken: 'taken by the device',
  acknowledged: 'acknowledged by the device',
  done: 'done',
  denied: 'denied',
  withdrawn: 'withdrawn',
  cancelled: 'cancelled',
  expired: 'expired',
  refused: 'refused',
  gone: 'over: the device is gone from Exchange',
  givenUp: 'over: nobody follows it any more',
}

/** Whether somebody owns one of the partnerships: by Entra id, or by any mail address. */
export const owns = ({ entraId, addresses }: PhoneOwner, id: string, known: readonly string[]) =>
  entraId === id || addresses.some((address) => known.includes(address))

const ownersOf = ({ subject }: Request) => ('owners' in subject ? subject.owners : [])

function assertUndecided(request: Request, now: Date): void {
  const { state } = request.status
  if (state !== 'waiting' && state !== 'unresolved') throw new BotError('REQUEST_CLOSED', stateTexts[state])
  if (request.expires <= iso(now)) throw new BotError('REQUEST_EXPIRED')
}

function assertEntitled({ entitled, enabled, permission }: Decider): void {
  if (!entitled) throw new BotError('ACCESS_DENIED', permission)
  if (!enabled) throw new BotError('REQUEST_DISABLED')
}

/** One more approval; the last one that is needed opens the way for one try. */
export function approve(request: Request, by: Decider, shown: number, now: Date, executionHours: number): Request {
  assertUndecided(request, now)
  const { id, name } = by.actor
  if (request.requester.id === id) throw new BotError('REQUEST_SELF', request.id)
  if (ownersOf(request).some((owner) => owns(owner, id, by.addresses))) throw new BotError('REQUEST_OWNER')
  assertEntitled(by)
  if (request.approvals.some((approval) => approval.by.id === id)) throw new BotError('REQUEST_VOTED')
  if (request.v !== shown) throw new BotError('REQUEST_CHANGED', request.id)
  const approvals = [...request.approvals, { by: by.actor, at: iso(now), addresses: [...by.addresses] }]
  const said = { ...request, approvals }
  return approvals.length < request.needed
    ? next(said, request.status, now, `Approved by ${name}; ${request.needed - approvals.length} more needed.`)
    : approved(said, now, executionHours, `Approved by ${name}.`)
}

/** All that was needed is there. */
export const approved = (request: Request, now: Date, executionHours: number, text: string): Request =>
  next(
    { ...request, round: request.round + 1 },
    { state: 'approved', at: iso(now), executeBy: inHours(now, executionHours) },
    now,
    text,
  )

/** One denial ends it. */
export function deny(request: Request, by: Decider, reason: string, now: Date): Request {
  const { state } = request.status
  if (state !== 'waiting' && state !== 'unresolved') throw new BotError('REQUEST_CLOSED', stateTexts[state])
  assertEntitled(by)
  return next(request, { state: 'denied', at: iso(now), by: by.actor, reason }, now, `Denied by ${by.actor.name}.`)
}

/** The requester takes it back while nothing has run. */
export function withdraw(request: Request, by: Actor, now: Date): Request {
  const { state } = request.status
  if (request.requester.id !== by.id) throw new BotError('REQUEST_UNKNOWN', request.id)
  if (state !== 'waiting' && state !== 'approved' && state !== 'unresolved')
    throw new BotError('REQUEST_CLOSED', stateTexts[state])
  return next(request, { state: 'withdrawn', at: iso(now) }, now, 'Withdrawn.')
}

/** What time alone does to a request that waits: it is over. */
export function expire(request: Request, now: Date): Request {
  const { state } = request.status
  const over =
    state === 'waiting' ? request.expires : request.status.state === 'approved' ? request.status.executeBy : undefined
  if (over === undefined || over > iso(now)) return request
  return next(
    request,
    { state: 'expired', at: iso(now) },
    now,
    state === 'waiting' ? 'Nobody approved it in time.' : 'It could not be carried out in time.',
  )
}

/** Back to the approvers, since what they approved is not what would be done now. */
export function askAgain(
  request: Request,
  subject: Request['subject'],
  needed: number,
  why: string,
  now: Date,
  approvalHours: number,
): Request {
  const again = { ...request, subject, needed, approvals: [], reminded: false, expires: inHours(now, approvalHours) }
  return next(again, { state: 'waiting' }, now, `Back for approval: ${why}`)
}

export const refuse = (request: Request, why: string, now: Date): Request =>
  next(request, { state: 'refused', at: iso(now), why }, now, `Not done: ${why}`)

export const done = (request: Request, now: Date): Request =>
  next(request, { state: 'done', at: iso(now) }, now, 'Done.')

/** Opens the one try of this round. Throws when somebody else has it, or when it was taken back. */
export function begin(request: Request, attempt: Attempt, now: Date): Request {
  if (request.status.state !== 'approved') throw new BotError('REQUEST_CLOSED', stateTexts[request.status.state])
  return next(request, { state: 'sending', attempt }, now, 'Handed to Exchange.')
}

/** Exchange said that it took the order; its times have still to show it. */
export function handedOver(request: Request, now: Date): Request {
  if (request.status.state !== 'sending') return request
  return next(
    request,
    { state: 'handed', attempt: request.status.attempt, times: {} },
    now,
    'Exchange has it and waits for the device.',
  )
}

/** Nobody knows how the try ended: it is never repeated, and the approvers get it back with what is known. */
export function leaveUnresolved(request: Request, now: Date, approvalHours: number): Request {
  if (request.status.state !== 'sending') return request
  const back = { ...request, approvals: [], reminded: false, expires: inHours(now, approvalHours) }
  const text = 'Exchange never answered, and shows no wipe so far. It is not tried again without a new approval.'
  return next(back, { state: 'unresolved', attempt: request.status.attempt }, now, text)
}

export const cancelled = (request: Request, now: Date, by?: Actor, reason?: string): Request =>
  next(
    request,
    { state: 'cancelled', at: iso(now), ...(by && { by }), ...(reason && { reason }) },
    now,
    by ? `Cancelled by ${by.name}.` : 'Exchange shows no wipe any more: somebody cancelled it.',
  )

/** What somebody who reads the request should know besides. */
export const noted = (request: Request, now: Date, text: string): Request => next(request, request.status, now, text)

const minutesToKnow = 20 * 60_000
const daysToTrack = 30 * 24 * hour

/**
 * What Exchange shows of the wipe now, or that it no longer has the device. Judged against the times that it showed before the
 * try, never against our clock; an acknowledgement counts only if it is of this wipe.
 */
export function track(request: Request, seen: WipeTimes | 'gone', now: Date, approvalHours: number): Request {
  const { status } = request
  if (!isWipe(request) || !('attempt' in status) || status.state === 'acknowledged') return request
  const age = now.getTime() - Date.parse(status.attempt.at)
  if (seen === 'gone') return next(request, { state: 'gone', at: iso(now) }, now, 'Exchange no longer has the device.')
  const { attempt } = status
  const ours =
    seen.requested !== undefined &&
    (seen.requested !== attempt.before.requested || seen.requestor !== attempt.before.requestor)
  if (status.state === 'sending' || status.state === 'unresolved') {
    if (ours)
      return next(request, { state: 'handed', attempt, times: seen }, now, 'Exchange has it and waits for the device.')
    return age > minutesToKnow ? leaveUnresolved(request, now, approvalHours) : request
  }
  if (!ours) return status.times.requested === undefined ? request : cancelled(request, now)
  const since = (time: string | undefined) =>
    time !== undefined && seen.requested !== undefined && time >= seen.requested
  if (since(seen.acknowledged))
    return next(
      request,
      { state: 'acknowledged', at: iso(now), attempt, times: seen },
      now,
      'The device acknowledged the order; it does so before it erases.',
    )
  if (since(seen.sent) && status.state === 'handed')
    return next(request, { state: 'taken', attempt, times: seen }, now, 'The device was told to erase.')
  if (status.times.requested === undefined) return { ...request, status: { ...status, times: seen } }
  return age > daysToTrack
    ? next(request, { state: 'givenUp', at: iso(now) }, now, 'No news for 30 days: whether it was erased is not known.')
    : request
}

/** The connector of a wipe is removed: what was not handed over is not done, and what was is not followed any more. */
export function leave(request: Request, connector: string, now: Date): Request {
  const { state } = request.status
  if (!isOpen(request)) return request
  if (state === 'waiting' || state === 'approved')
    return refuse(request, `the connector ${connector} was removed.`, now)
  const text = `The connector ${connector} was removed: Exchange keeps the order, and whether the device is wiped is not known here.`
  return next(request, { state: 'givenUp', at: iso(now) }, now, text)
}
