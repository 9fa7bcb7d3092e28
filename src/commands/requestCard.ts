import { describeChange } from '../access/changes.ts'
import type { Button, Fact, Moment, Reply, Tone } from '../cards/card.ts'
import { effectTexts } from '../requests/consequence.ts'
import { owns, stateTexts } from '../requests/decide.ts'
import { isWipe, type Request, type Status, type Wipe } from '../requests/request.ts'
import type { Context } from './command.ts'

/** What the kinds of wipe are called where people read them. */
export const wipeTitle = ({ kind, effect, name }: Pick<Wipe, 'kind' | 'effect' | 'name'>) =>
  kind === 'wipe-account'
    ? `Wipe account data on ${name}`
    : effect === 'app'
      ? `Wipe app data of ${name}`
      : `Wipe ${name}`

const tones: Partial<Record<Status['state'], Tone>> = {
  waiting: 'warning',
  approved: 'warning',
  sending: 'warning',
  unresolved: 'attention',
  refused: 'attention',
  denied: 'attention',
  acknowledged: 'good',
  done: 'good',
}

export function titleOf({ subject }: Request): string {
  if (subject.kind === 'rights') return 'Change of rights'
  return subject.kind === 'brake-release' ? 'Release the brake' : wipeTitle(subject)
}

function textOf({ subject }: Request): string {
  if (subject.kind === 'rights') return describeChange(subject.change)
  return subject.kind === 'brake-release'
    ? 'Wipes can run again. What waited goes back for approval.'
    : effectTexts[subject.effect]
}

/** The one card of a request, for whoever looks: the state for all, the decision for those whose it is. */
export async function requestReply(request: Request, context: Context, notice?: string): Promise<Reply> {
  const { status, subject, requester, reason, ticket, needed, approvals } = request
  const view = await viewOf(request, context)
  const facts: (Fact | undefined)[] = [
    'owners' in subject ? { label: 'Owner', value: subject.owners.map(({ name }) => name).join(', ') } : undefined,
    'what' in subject ? { label: 'Device', value: `${subject.what} · ${subject.shortId}` } : undefined,
    { label: 'Asked by', value: requester.name },
    { label: 'Reason', value: reason, private: true },
    ticket ? { label: 'Ticket', value: ticket, private: true } : undefined,
    needed > 0
      ? {
          label: 'Approvals',
          value: `${approvals.length} of ${needed}${approvals.map(({ by }) => `, ${by.name}`).join('')}`,
        }
      : { label: 'Approvals', value: 'None needed here: the requester confirmed alone' },
    status.state === 'denied' ? { label: 'Denied because', value: status.reason, private: true } : undefined,
    status.state === 'refused' ? { label: 'Not done', value: status.why } : undefined,
  ]
  const times: (Moment | undefined)[] = [
    'lastSync' in subject && subject.lastSync ? { label: 'Last contact', at: subject.lastSync } : undefined,
    status.state === 'waiting' || status.state === 'unresolved' ? { label: 'Expires', at: request.expires } : undefined,
    status.state === 'approved' ? { label: 'Approval expires', at: status.executeBy } : undefined,
  ]
  return {
    template: 'request',
    about: { verb: 'request', data: { id: request.id } },
    data: {
      title: titleOf(request),
      id: request.id,
      state: stateTexts[status.state].replace(/^./, (letter) => letter.toUpperCase()),
      tone: tones[status.state] ?? 'default',
      text: textOf(request),
      ...(notice && { notice }),
      ...(view.you && { you: view.you }),
      warnings: 'obstacles' in subject && status.state === 'waiting' ? subject.obstacles.map((text) => ({ text })) : [],
      facts: facts.filter((fact) => fact !== undefined),
      times: times.filter((moment) => moment !== undefined),
      steps: request.history.slice(-8),
    },
    buttons: view.buttons,
  }
}

/** What somebody may do with a request, and why; presentation only: each press is judged again. */
async function viewOf(request: Request, context: Context): Promise<{ you?: string; buttons: Button[] }> {
  const { caller, own, rights, inventory, requests } = context
  if (!own) return { buttons: [] }
  const { id, v, status, subject } = request
  const buttons: Button[] = []
  const device = isWipe(request) ? inventory.get(request.subject) : undefined
  const undecided = status.state === 'waiting' || status.state === 'unresolved'
  const mine = request.requester.id === caller.id
  if (mine && undecided) buttons.push({ title: 'Withdraw', verb: 'withdraw', data: { id, v } })
  if (
    device !== undefined &&
    ['handed', 'taken', 'sending', 'unresolved'].includes(status.state) &&
    rights.may(device, 'Collection.ModifyResource')
  )
    buttons.push({ title: 'Cancel wipe', verb: 'cancel-wipe', data: { ref: device.guid } })
  if (device !== undefined && status.state === 'acknowledged' && rights.may(device, 'Collection.DeleteResource'))
    buttons.push({ title: 'Delete partnership', verb: 'delete', data: { ref: device.guid } })
  if (!undecided) return { buttons }
  if (mine) return { you: 'You asked for this, so somebody else must approve it.', buttons }
  const { entitled, permission, addresses } = await requests.deciderOf(request, caller)
  if (!entitled) return { you: `You may not decide: that needs ${permission}, held long enough.`, buttons }
  const deny: Button = { title: 'Deny', verb: 'deny', data: { id, v }, style: 'destructive' }
  if ('owners' in subject && subject.owners.some((owner) => owns(owner, caller.id, addresses)))
    return { you: 'You own a device that this is about, so somebody else must approve it.', buttons }
  if (request.approvals.some(({ by }) => by.id === caller.id))
    return { you: 'You approved this; somebody else must too.', buttons: [deny, ...buttons] }
  const approve: Button = { title: 'Approve', verb: 'approve', data: { id, v }, style: 'positive' }
  return { you: `You may decide, because you hold ${permission}.`, buttons: [approve, deny, ...buttons] }
}
