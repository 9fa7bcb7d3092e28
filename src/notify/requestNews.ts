import { describeChange } from '../access/changes.ts'
import type { Event, Kind } from '../events/event.ts'
import { isPending, isUndecided, isWipe, type Request, type State } from '../requests/request.ts'
import { titleOf as nameOf, stateTexts } from '../requests/texts.ts'

/** What is known besides the request when people are told of it. */
export interface Surroundings {
  readonly at: string
  /** Object ids of those who may approve it and can be told. */
  readonly approvers: readonly string[]
  /** Object ids of the owners who are to be told. */
  readonly owners: readonly string[]
  /** Object ids of those who look after rights, when rights have changed. */
  readonly security: readonly string[]
  /** The collections that hold the device. */
  readonly collections: readonly string[]
  /** The newest audit record. */
  readonly head: string
}

/** After these a personal receipt goes to everybody who asked or approved, so that nobody acts in their name unseen. */
const receipts: readonly State[] = [
  'approved',
  'handed',
  'unresolved',
  'acknowledged',
  'done',
  'denied',
  'withdrawn',
  'cancelled',
  'expired',
  'refused',
  'gone',
  'givenUp',
]

const tones: Partial<Record<State, Event['tone']>> = {
  waiting: 'warning',
  unresolved: 'attention',
  refused: 'attention',
  denied: 'attention',
  acknowledged: 'good',
  done: 'good',
}

/** The events of a request's newest version; made again, they have the same keys. */
export function newsOf(
  request: Request,
  { at, approvers, owners, security, collections, head }: Surroundings,
): Event[] {
  const { id, v, status, requester, approvals, round } = request
  const { state } = status
  const sentence = request.history.at(-1)?.text ?? stateTexts[state]
  const asks = isUndecided(request) && approvals.length === 0
  const about = {
    at,
    subject: isWipe(request)
      ? {
          of: 'device' as const,
          connector: request.subject.connector,
          guid: request.subject.guid,
          collections: [...collections],
        }
      : { of: 'site' as const },
    read: { verb: 'request', data: { id } },
    tone: tones[state] ?? ('default' as const),
  }
  const again = asks && round > 0
  const events: Event[] = [
    {
      ...about,
      key: `${id} v${v}`,
      kinds: kindsOf(request),
      ...(asks && !again && { to: [...approvers] }),
      story: `request ${id}`,
      title: `${id} · ${titleOf(request)}`,
      text: sentence,
      whole: true,
    },
  ]
  if (again)
    events.push({
      ...about,
      key: `${id} v${v} again`,
      kinds: [],
      to: [...approvers],
      story: `request ${id} v${v}`,
      title: `${id} is back for approval`,
      text: sentence,
      whole: true,
    })
  const involved = new Set([requester.id, ...approvals.map(({ by }) => by.id)])
  const approvedBy = approvals.length > 0 ? `, approved by ${approvals.map(({ by }) => by.name).join(', ')}` : ''
  const others = security.filter((person) => !involved.has(person))
  if (others.length > 0)
    events.push({
      ...about,
      key: `${id} v${v} rights`,
      kinds: [],
      to: others,
      story: `rights ${id}`,
      title: 'Rights were changed',
      text: `${titleOf(request)}. Asked for by ${requester.name}${approvedBy}.`,
      tone: 'warning',
    })
  if (receipts.includes(state))
    events.push({
      ...about,
      key: `${id} v${v} receipt`,
      kinds: [],
      to: [...involved],
      story: `receipt ${id} v${v}`,
      title: `${id}: ${stateTexts[state]}`,
      text: `${titleOf(request)}. ${sentence} The audit record ends with ${head} now.`,
    })
  if (isPending(request) && owners.length > 0 && isWipe(request))
    events.push({
      ...about,
      key: `${id} owner`,
      kinds: [],
      to: [...owners],
      story: `owner ${id}`,
      title: `${titleOf(request)} was approved`,
      text: `Your organization is about to erase this from your phone: ${ownersText[request.subject.effect]}. If that surprises you, call your helpdesk now.`,
      read: undefined,
      tone: 'attention',
    })
  return events
}

const ownersText = {
  phone: 'everything on it',
  app: "the mail app's data",
  account: 'the mailbox of your organization',
}

/** States in which a wipe has to do with Exchange, and no longer with those who decide. */
const running: readonly State[] = ['sending', 'handed', 'taken', 'acknowledged', 'gone', 'givenUp']

function kindsOf(request: Request): Kind[] {
  if (!isWipe(request)) return ['approvals', 'security']
  return running.includes(request.status.state) ? ['wipes'] : ['approvals', 'wipes']
}

/** What a request is about; a change of rights in full. */
export const titleOf = (request: Request) =>
  request.subject.kind === 'rights' ? describeChange(request.subject.change).replace(/\.$/, '') : nameOf(request)
