import { BotError } from '../errors.ts'
import type { WipeTimes } from '../inventory/device.ts'
import { back, cancelled, type Hours } from './decide.ts'
import { type Attempt, next, type Request, type Status } from './request.ts'
import { stateTexts } from './texts.ts'

const minutesToKnow = 20 * 60_000
const daysToFollow = 30 * 24 * 60 * 60_000

/** Whether Exchange waits for the device to acknowledge a wipe, which it does without end. */
export const isWaiting = ({ requested, acknowledged }: WipeTimes) =>
  requested !== undefined && (acknowledged === undefined || acknowledged < requested)

/** Whether a wipe may still arrive, as far as anybody expects it: what would keep it away is refused meanwhile. */
export const isExpected = (times: WipeTimes, now: Date) =>
  isWaiting(times) && now.getTime() - Date.parse(times.requested ?? '') < daysToFollow

/** Whether Exchange took the order of a try: what it shows is judged against what it showed before, never by our clock. */
export const isTaken = ({ requested, requestor }: WipeTimes, { before }: Attempt) =>
  requested !== before.requested || (requested !== undefined && requestor !== before.requestor)

/** Opens the one try of a round. Throws when it was taken back, is over, or when somebody else has it. */
export function begin(request: Request, round: number, before: WipeTimes, now: Date): Request {
  const { status } = request
  const at = now.toISOString()
  if (status.state !== 'approved') throw new BotError('REQUEST_CLOSED', stateTexts[status.state])
  if (request.round !== round || status.executeBy <= at) throw new BotError('REQUEST_CHANGED', request.id)
  const earlier = status.attempt?.earlier ?? status.attempt?.at
  const attempt = { at, before, ...(earlier && { earlier }) }
  return next(request, { state: 'sending', attempt }, now, 'Being handed to Exchange.')
}

/** Exchange said that it took the order; its times have still to show it. */
export const accepted = (request: Request, now: Date): Request =>
  request.status.state === 'sending' ? handed(request, request.status.attempt, {}, now) : request

const handed = (request: Request, attempt: Attempt, times: WipeTimes, now: Date) =>
  next(request, { state: 'handed', attempt, times }, now, 'Exchange has it and waits for the device.')

/** A try that was thought lost had gone through: what is approved now must not run besides. */
export function foundTaken(request: Request, times: WipeTimes, now: Date): Request {
  const { status } = request
  if (status.state !== 'approved' || status.attempt === undefined) return request
  return handed(request, status.attempt, times, now)
}

/** What could be learned of a wipe: the times that Exchange shows, that the device is gone from it, or nothing. */
export type Seen = WipeTimes | 'gone' | 'unreadable'

type Followed = Extract<Status, { state: 'sending' | 'unresolved' | 'handed' | 'taken' }>

/** Whether there is a try whose end is not known yet. */
export const isFollowed = (status: Status): status is Followed =>
  ['sending', 'unresolved', 'handed', 'taken'].includes(status.state)

/** The request after Exchange was read again; the same when that told nothing new. */
export function track(request: Request, seen: Seen, now: Date, hours: Hours): Request {
  const { status } = request
  if (!isFollowed(status)) return request
  if (seen === 'gone')
    return next(request, { state: 'gone', at: now.toISOString() }, now, 'Exchange no longer has the device.')
  const news = seen === 'unreadable' ? request : progress(request, status, seen, now)
  return news === request ? overdue(request, status, seen, now, hours) : news
}

/** What the times say of the wipe; an acknowledgement counts only if it is of this one. */
function progress(request: Request, status: Followed, seen: WipeTimes, now: Date): Request {
  const { attempt } = status
  const followed = status.state === 'handed' || status.state === 'taken' ? status : undefined
  const { requested } = seen
  if (requested === undefined || !isTaken(seen, attempt)) {
    const wasThere = followed === undefined ? isTaken(seen, attempt) : followed.times.requested !== undefined
    return wasThere ? cancelled(request, now) : request
  }
  if (followed === undefined) return handed(request, attempt, seen, now)
  const isOfThis = (time: string | undefined, before: string | undefined) =>
    time !== undefined && time >= requested && time !== before
  if (isOfThis(seen.acknowledged, attempt.before.acknowledged)) {
    const text = 'The device acknowledged the order. It does so before it erases, so this proves that it took it.'
    return next(request, { state: 'acknowledged', at: now.toISOString(), attempt, times: seen }, now, text)
  }
  if (followed.state === 'handed' && isOfThis(seen.sent, attempt.before.sent))
    return next(request, { state: 'taken', attempt, times: seen }, now, 'The device was told to erase.')
  const isNew = JSON.stringify(followed.times) !== JSON.stringify(seen)
  return isNew ? { ...request, status: { ...followed, times: seen } } : request
}

/** What becomes of a wipe of which nothing new is heard. */
function overdue(request: Request, { state, attempt }: Followed, seen: Seen, now: Date, hours: Hours): Request {
  const age = now.getTime() - Date.parse(attempt.at)
  if (age > daysToFollow) {
    const text = 'No news for 30 days: whether it was erased is not known.'
    return next(request, { state: 'givenUp', at: now.toISOString() }, now, text)
  }
  if (age <= minutesToKnow) return request
  if (state === 'sending') {
    const shown = seen === 'unreadable' ? 'cannot be read' : 'shows no wipe so far'
    const why = `Exchange never answered, and ${shown}. It is not tried again without a new approval.`
    return back(request, { why }, now, hours)
  }
  const isMissing = state === 'handed' && seen !== 'unreadable' && seen !== 'gone' && !isTaken(seen, attempt)
  return isMissing ? cancelled(request, now) : request
}
