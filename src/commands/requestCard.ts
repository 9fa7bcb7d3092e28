import type { Button, Fact, Moment, Reply, Step, Tone } from '../cards/card.ts'
import type { Asked } from '../requests/asking.ts'
import type { Bar } from '../requests/decide.ts'
import { permissionOf } from '../requests/people.ts'
import { isOpen, isPending, isUndecided, isWipe, type Request, type State } from '../requests/request.ts'
import { stateTexts, textOf, titleOf } from '../requests/texts.ts'
import { lasted } from './age.ts'
import type { Context } from './command.ts'
import { capital } from './replies.ts'

const tones: Partial<Record<State, Tone>> = {
  waiting: 'warning',
  approved: 'warning',
  sending: 'warning',
  unresolved: 'attention',
  refused: 'attention',
  denied: 'attention',
  acknowledged: 'good',
  done: 'good',
}

/** The one card of a request, for whoever looks: the state for all, the decision for those whose it is. */
export async function requestReply(request: Request, context: Context, notice?: string): Promise<Reply> {
  const { status } = request
  const view = context.own ? await viewOf(request, context) : { buttons: [] }
  return {
    template: 'request',
    about: { verb: 'request', data: { id: request.id } },
    data: {
      title: titleOf(request),
      id: request.id,
      state: capital(stateTexts[status.state]),
      tone: tones[status.state] ?? 'default',
      ...(isWhatComes(request) && { text: textOf(request) }),
      ...(notice && { notice }),
      ...(view.you && { you: view.you }),
      warnings: warningsOf(request),
      facts: factsOf(request),
      times: timesOf(request),
      steps: stepsOf(request),
    },
    buttons: view.buttons,
  }
}

/** The card after somebody asked, with what they should know at once. */
export const askedReply = async ({ request, notice }: Asked, context: Context): Promise<Reply> => ({
  ...(await requestReply(request, context, notice)),
  stays: true,
})

function factsOf(request: Request): Fact[] {
  const { subject, requester, reason, ticket, needed, approvals, status } = request
  const alone = aloneAt(request) !== undefined
  const facts: (Fact | undefined)[] = [
    'owners' in subject ? { label: 'Owner', value: subject.owners.map(({ name }) => name).join(', ') } : undefined,
    ...('facts' in subject ? subject.facts : []),
    'what' in subject ? { label: 'Device', value: `${subject.what} · ${subject.shortId}` } : undefined,
    { label: 'Asked by', value: requester.name },
    // A change of rights and a release of the brake say themselves what they are for.
    isWipe(request) || subject.kind === 'change' ? { label: 'Reason', value: reason, private: true } : undefined,
    ticket ? { label: 'Ticket', value: ticket, private: true } : undefined,
    {
      label: 'Approvals',
      value: alone ? `Nobody else holds ${permissionOf(subject)}` : approvalsOf(needed, approvals),
    },
    needed > 0 && !alone && isUndecided(request) ? { label: 'May approve', value: approversOf(subject) } : undefined,
    (status.state === 'denied' || status.state === 'cancelled') && status.reason
      ? { label: 'Because', value: status.reason, private: true }
      : undefined,
    status.state === 'refused' ? { label: 'Not done', value: status.why } : undefined,
  ]
  return facts.filter((fact) => fact !== undefined)
}

const approvalsOf = (needed: number, approvals: Request['approvals']) =>
  needed === 0
    ? 'None needed: there was no second person'
    : `${approvals.length} of ${needed}${approvals.map(({ by }) => `, ${by.name}`).join('')}`

/** When it goes ahead without a second person, where there is none. */
const aloneAt = ({ status }: Request) => (status.state === 'waiting' ? status.alone : undefined)

const approversOf = (subject: Request['subject']) =>
  'owners' in subject
    ? `Who holds ${permissionOf(subject)} on the device, and neither asked for this nor owns the phone`
    : `Who holds ${permissionOf(subject)} and did not ask for this`

function timesOf(request: Request): Moment[] {
  const { subject, status } = request
  const alone = aloneAt(request)
  const times: (Moment | undefined)[] = [
    'lastSync' in subject && subject.lastSync
      ? { label: 'Last contact', at: subject.lastSync, private: true }
      : undefined,
    alone ? { label: 'Goes ahead', at: alone } : undefined,
    'expires' in status && !alone ? { label: 'Expires', at: status.expires } : undefined,
    status.state === 'approved' ? { label: 'Approval expires', at: status.executeBy } : undefined,
  ]
  return times.filter((moment) => moment !== undefined)
}

/** What keeps a wipe from arriving, and what its silence means. */
function warningsOf(request: Request): { text: string; private?: true }[] {
  if (request.subject.kind === 'change' && isUndecided(request))
    return request.subject.warnings.map((text) => ({ text }))
  if (!isWipe(request)) return []
  const { subject } = request
  const silent = 'Outlook does not tell Exchange Online that it erased its data, so this may stay as it is.'
  return [
    ...(isUndecided(request) ? subject.obstacles.map((text) => ({ text, private: true as const })) : []),
    ...(subject.effect === 'app' && isPending(request) ? [{ text: silent }] : []),
  ]
}

/** Of a wipe that is over, what it would have erased is not what was erased: only its steps tell that. */
const isWhatComes = (request: Request) => !isWipe(request) || isOpen(request)

/** The newest steps, each with how long it came after the one before. */
function stepsOf({ history }: Request): Step[] {
  const steps = history.map(({ at, text }, n) => {
    const before = history[n - 1]
    const span = before && lasted(new Date(before.at), new Date(at))
    return { at, text: span === undefined ? text : `${text} (${span} later)` }
  })
  return steps.slice(-8)
}

/** What somebody may do with a request, and why; presentation only: each press is judged again. */
async function viewOf(request: Request, context: Context): Promise<{ you?: string; buttons: Button[] }> {
  const { caller, rights, requests } = context
  const buttons = requesterButtons(request, context)
  if (!isUndecided(request)) return { buttons }
  const { id, v } = request
  const bar = await requests.barFor(request, caller, rights)
  const alone = aloneAt(request) !== undefined
  if (alone && bar === 'requester') return { you: 'Nobody else can approve it; you can stop it.', buttons }
  if (alone && bar !== undefined && rights.rested.holds('Security.Modify'))
    return {
      you: 'You may stop it, because you look after security.',
      buttons: [{ title: 'Stop', verb: 'deny', data: { id, v }, style: 'destructive' }],
    }
  if (bar !== undefined) return { you: whyNot[bar], buttons }
  const deny: Button = { title: 'Deny', verb: 'deny', data: { id, v }, style: 'destructive' }
  if (request.approvals.some(({ by }) => by.id === caller.id))
    return { you: 'You approved this; somebody else must too.', buttons: [deny, ...buttons] }
  const title = request.needed === 0 ? 'Confirm' : 'Approve'
  const approve: Button = { title, verb: 'approve', data: { id, v }, style: 'positive' }
  return { you: whyYou(request, context), buttons: [approve, deny, ...buttons] }
}

/** What may be done besides deciding. */
function requesterButtons(request: Request, { caller, rights, inventory }: Context): Button[] {
  const { id, v, status, requester } = request
  const buttons: Button[] = []
  if (requester.id === caller.id && isUndecided(request))
    buttons.push({ title: aloneAt(request) ? 'Stop' : 'Withdraw', verb: 'withdraw', data: { id, v } })
  if (request.subject.kind === 'change' && request.subject.devices !== undefined)
    buttons.push({ title: 'Devices', verb: 'request-devices', data: { id } })
  const device = isWipe(request) ? inventory.get(request.subject) : undefined
  if (device === undefined) return buttons
  if (isPending(request) && rights.may(device, 'Collection.ModifyResource'))
    buttons.push({ title: 'Cancel wipe', verb: 'cancel-wipe', data: { ref: device.guid } })
  if (status.state === 'acknowledged' && rights.may(device, 'Collection.DeleteResource'))
    buttons.push({ title: 'Delete partnership', verb: 'delete', data: { ref: device.guid } })
  return buttons
}

const whyNot: Readonly<Record<Bar, string>> = {
  requester: 'You asked for this, so somebody else must approve it.',
  owner: 'You own a device that this is about, so somebody else must decide.',
  addresses: 'Your mail addresses are not known at present, so you cannot decide.',
  disabled: 'Entra ID knows no enabled account of yours, so you cannot decide.',
  permission: 'You may not decide: that needs a permission that you do not hold here, or hold for too short a time.',
  counted: 'You had a part in a wipe that the brake counted, so somebody else must decide.',
}

/** By which role somebody may decide. */
function whyYou(request: Request, { rights, inventory }: Context): string {
  const permission = permissionOf(request.subject)
  const device = isWipe(request) ? inventory.get(request.subject) : undefined
  const grant = rights.grants.find(
    ({ permissions, collection }) =>
      permissions.some((one) => one.permission === permission) &&
      (device === undefined || inventory.contains(collection, device)),
  )
  return `You may decide, because as ${grant?.role} on ${grant?.collection} you hold ${permission}.`
}
