import type { WipeTimes } from '../inventory/device.ts'
import { differences, digestOf } from './consequence.ts'
import { type Bar, barOf, type Decider } from './decide.ts'
import type { Request, Wipe, WipeRequest } from './request.ts'
import { isTaken, isWaiting } from './track.ts'

/** What was found out in the moment in which an approved wipe would be carried out. */
export interface Findings {
  /** The device as Exchange has it. */
  readonly wipe: Wipe
  readonly times: WipeTimes
  /** Why this kind of wipe cannot be had for this client any more, if so. */
  readonly impossible: string | undefined
  /** How many must approve, as things are. */
  readonly quorum: number
  readonly requesterMayAsk: boolean
  readonly approvers: readonly Decider[]
}

/** What is done with an approved wipe. */
export type Verdict =
  | { readonly kind: 'run' }
  /** A try before had gone through after all. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'refuse'; readonly why: string }
  | { readonly kind: 'back'; readonly why: string }

const whyNot: Readonly<Record<Bar, string>> = {
  requester: 'asked for it, and others must approve it',
  owner: 'owns a device that this is about',
  addresses: 'could not be told apart from its owner',
  disabled: 'has no enabled account any more',
  permission: 'may not approve this any more',
  counted: 'had a part in what the brake counted',
}

/** Whether an approved wipe may run: everything that was true when it was approved must be true now. */
export function judge(request: WipeRequest, found: Findings): Verdict {
  const { subject, requester, status } = request
  const { wipe, times, impossible, quorum, requesterMayAsk, approvers } = found
  if (status.state === 'approved' && status.attempt !== undefined && isTaken(times, status.attempt))
    return { kind: 'taken' }
  if (!requesterMayAsk) return { kind: 'refuse', why: `${requester.name} may not ask for this any more.` }
  if (impossible !== undefined) return { kind: 'refuse', why: impossible }
  if (digestOf(wipe) !== digestOf(subject))
    return { kind: 'back', why: `Back for approval, since this has changed: ${differences(subject, wipe).join('; ')}.` }
  const objection = objectionTo(request, wipe, quorum, approvers)
  if (objection !== undefined) return { kind: 'back', why: `Back for approval: ${objection}.` }
  if (isWaiting(times))
    return { kind: 'refuse', why: 'Exchange waits for a wipe of this kind already, so nothing was sent.' }
  return { kind: 'run' }
}

/** What is wrong with the approvals of a request, if anything is. */
export function objectionTo(
  request: Request,
  subject: Request['subject'],
  quorum: number,
  approvers: readonly Decider[],
): string | undefined {
  for (const by of approvers) {
    const bar = barOf({ ...request, subject, needed: quorum }, by)
    if (bar !== undefined) return `${by.actor.name} ${whyNot[bar]}`
  }
  return approvers.length < Math.max(1, quorum) ? 'it needs more approvals now' : undefined
}
