import type { Permission } from '../access/permissions.ts'
import { BotError, type Code } from '../errors.ts'
import {
  type Actor,
  inHours,
  isOpen,
  isUnsent,
  isWithExchange,
  next,
  type PhoneOwner,
  type Request,
  type Status,
} from './request.ts'
import { stateTexts } from './texts.ts'

/** Somebody who decides, or who decided, with what was found out about them in this moment. */
export interface Decider {
  readonly actor: Actor
  /** Mail addresses they are known by, lower case; undefined where that could not be found out. */
  readonly addresses: readonly string[] | undefined
  /** The permission that the decision needs, and whether it is held, and rested, on what it is about. */
  readonly permission: Permission
  readonly entitled: boolean
  /** Whether they look after the site's security: they may stop what goes ahead without a second person. */
  readonly guards: boolean
  /** Whether Entra ID knows the account as an enabled one of the tenant; true where Graph is not set up. */
  readonly enabled: boolean
  /** Whether they asked for or approved a wipe that the pulled brake counted. */
  readonly counted: boolean
}

/** How long approvals are waited for, and how long one holds. */
export interface Hours {
  readonly APPROVAL_HOURS: number
  readonly EXECUTION_HOURS: number
}

/** Why somebody's approval does not count. */
export type Bar = 'requester' | 'owner' | 'addresses' | 'disabled' | 'permission' | 'counted'

const refusals: Readonly<Record<Bar, Code>> = {
  requester: 'REQUEST_SELF',
  owner: 'REQUEST_OWNER',
  addresses: 'REQUEST_UNPROVEN',
  disabled: 'REQUEST_DISABLED',
  permission: 'ACCESS_DENIED',
  counted: 'REQUEST_COUNTED',
}

/** Whether somebody owns one of the partnerships: by Entra id, or by any mail address. */
export const owns = ({ entraId, addresses }: PhoneOwner, id: string, known: readonly string[]) =>
  entraId === id || addresses.some((address) => known.includes(address))

const ownersOf = (request: Pick<Request, 'subject'>): readonly PhoneOwner[] =>
  'owners' in request.subject ? request.subject.owners : []

/** What bars somebody from deciding about a request. Its requester may only where nobody else is needed. */
export function barOf(request: Pick<Request, 'requester' | 'needed' | 'subject'>, by: Decider): Bar | undefined {
  const { actor, addresses, enabled, entitled, counted } = by
  const owners = ownersOf(request)
  if (request.requester.id === actor.id && request.needed > 0) return 'requester'
  if (owners.some((owner) => owns(owner, actor.id, addresses ?? []))) return 'owner'
  if (addresses === undefined && owners.some(({ entraId }) => entraId === undefined)) return 'addresses'
  if (!enabled) return 'disabled'
  if (!entitled) return 'permission'
  return counted && request.subject.kind === 'brake-release' ? 'counted' : undefined
}

/** Throws REQUEST_CLOSED where there is nothing to decide, whoever wants to. */
export function assertUndecided({ status }: Request): void {
  if (status.state !== 'waiting' && status.state !== 'unresolved')
    throw new BotError('REQUEST_CLOSED', stateTexts[status.state])
}

function assertMayDecide(request: Request, by: Decider): void {
  assertUndecided(request)
  const bar = barOf(request, by)
  if (bar !== undefined) throw new BotError(refusals[bar], bar === 'requester' ? request.id : by.permission)
}

/** Whether somebody may stop what nobody else could approve. */
export const isGuardedBy = ({ status }: Pick<Request, 'status'>, { guards, enabled }: Decider) =>
  guards && enabled && status.state === 'waiting' && status.alone !== undefined

/** One more approval; the last one that is needed opens the way for one try. */
export function approve(request: Request, by: Decider, shown: number, now: Date, hours: Hours): Request {
  assertMayDecide(request, by)
  const { id, name } = by.actor
  if ('expires' in request.status && request.status.expires <= now.toISOString()) throw new BotError('REQUEST_EXPIRED')
  if (request.approvals.some((approval) => approval.by.id === id)) throw new BotError('REQUEST_VOTED')
  if (request.v !== shown) throw new BotError('REQUEST_CHANGED', request.id)
  const approvals = [
    ...request.approvals,
    { by: by.actor, at: now.toISOString(), addresses: [...(by.addresses ?? [])] },
  ]
  const missing = request.needed - approvals.length
  if (missing > 0)
    return next({ ...request, approvals }, request.status, now, `Approved by ${name}; ${missing} more needed.`)
  const alone = request.requester.id === id
  const text = alone ? 'Confirmed by the requester alone: there was no second person.' : `Approved by ${name}.`
  return approved({ ...request, approvals }, now, hours, text)
}

/** All that was needed is there. */
export function approved(request: Request, now: Date, hours: Hours, text: string): Request {
  const attempt = request.status.state === 'unresolved' ? { attempt: request.status.attempt } : {}
  const executeBy = inHours(now, hours.EXECUTION_HOURS)
  const status = { state: 'approved' as const, at: now.toISOString(), executeBy, ...attempt }
  return next({ ...request, round: request.round + 1 }, status, now, text)
}

/** One denial ends it. */
export function deny(request: Request, by: Decider, reason: string, now: Date): Request {
  if (!isGuardedBy(request, by)) assertMayDecide(request, by)
  const status = { state: 'denied' as const, at: now.toISOString(), by: by.actor, reason }
  return next(request, status, now, `Denied by ${by.actor.name}.${unknownOf(request)}`)
}

/** The requester takes it back while nothing has run. */
export function withdraw(request: Request, by: Pick<Actor, 'id'>, now: Date): Request {
  const { state } = request.status
  if (request.requester.id !== by.id) throw new BotError('REQUEST_UNKNOWN', request.id)
  if (state !== 'waiting' && state !== 'approved' && state !== 'unresolved')
    throw new BotError('REQUEST_CLOSED', stateTexts[state])
  return next(request, { state: 'withdrawn', at: now.toISOString() }, now, `Withdrawn.${unknownOf(request)}`)
}

/** The try of which nobody knows how it ended, if there was one. */
function unexplained({ status }: Request) {
  if (status.state === 'unresolved' || status.state === 'approved') return status.attempt
  if (status.state !== 'sending' || status.attempt.earlier === undefined) return undefined
  return { at: status.attempt.earlier, before: status.attempt.before }
}

const unknownOf = (request: Request) =>
  unexplained(request) === undefined ? '' : ' Whether Exchange took the try before is not known.'

/** What time alone does to a request: an approval that nobody gave, or that was not used, is over; what needs none goes ahead. */
export function expire(request: Request, now: Date, hours: Hours): Request {
  const { status } = request
  const at = now.toISOString()
  if (status.state === 'waiting' && status.alone !== undefined && status.alone <= at)
    return approved(request, now, hours, 'Nobody else could approve it, and nobody stopped it.')
  if (status.state === 'waiting' && status.expires <= at)
    return next(request, { state: 'expired', at }, now, 'Nobody approved it in time.')
  if (status.state !== 'approved' || status.executeBy > at) return request
  const why = 'It could not be carried out in time.'
  return status.attempt === undefined
    ? next(request, { state: 'expired', at }, now, why)
    : back(request, { why }, now, hours)
}

/** Back to the approvers, since what they approved is not what would be done now, or nobody knows what was done. */
export function back(
  request: Request,
  change: { readonly why: string; readonly subject?: Request['subject']; readonly needed?: number },
  now: Date,
  hours: Hours,
): Request {
  const { why, ...other } = change
  const attempt = request.status.state === 'sending' ? request.status.attempt : unexplained(request)
  const undecided = { since: now.toISOString(), expires: inHours(now, hours.APPROVAL_HOURS), reminded: false }
  const status: Status =
    attempt === undefined ? { state: 'waiting', ...undecided } : { state: 'unresolved', ...undecided, attempt }
  return next({ ...request, ...other, approvals: [] }, status, now, why)
}

/** It is not done, for a reason; where a try before it is unresolved it stays so. */
export function refuse(request: Request, why: string, now: Date, hours: Hours): Request {
  if (request.status.state !== 'approved' && request.status.state !== 'sending') return request
  const text = `Not done: ${why}`
  const attempt = unexplained(request)
  if (attempt === undefined) return next(request, { state: 'refused', at: now.toISOString(), why }, now, text)
  const again = { ...request, status: { ...request.status, attempt } }
  return back(again, { why: text }, now, hours)
}

export const done = (request: Request, now: Date): Request =>
  request.status.state === 'approved' ? next(request, { state: 'done', at: now.toISOString() }, now, 'Done.') : request

/** Somebody cancelled a wipe, here or in Exchange. */
export const cancelled = (request: Request, now: Date, by?: Actor, reason?: string): Request =>
  next(
    request,
    { state: 'cancelled', at: now.toISOString(), ...(by && { by }), ...(reason && { reason }) },
    now,
    by ? `Cancelled by ${by.name}.` : 'Exchange shows no wipe any more: somebody cancelled it.',
  )

/** What somebody who reads the request should know besides. */
export const noted = (request: Request, now: Date, text: string): Request => next(request, request.status, now, text)

export const reminded = (request: Request): Request =>
  request.status.state === 'waiting' || request.status.state === 'unresolved'
    ? { ...request, status: { ...request.status, reminded: true } }
    : request

/** The connector of a wipe is removed: what surely was not handed over is not done; the rest is not followed any more. */
export function leave(request: Request, connector: string, now: Date): Request {
  if (!isOpen(request)) return request
  const at = now.toISOString()
  const why = `the connector ${connector} was removed.`
  if (isUnsent(request)) return next(request, { state: 'refused', at, why }, now, `Not done: ${why}`)
  const order = isWithExchange(request) ? 'Exchange keeps the order' : 'whether Exchange took the order is not known'
  const text = `The connector ${connector} was removed: ${order}, and whether the device is wiped is not known here.`
  return next(request, { state: 'givenUp', at }, now, text)
}
