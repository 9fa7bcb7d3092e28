import type { Access } from '../access/access.ts'
import { fullAdministrator } from '../access/records.ts'
import type { Rights } from '../access/rights.ts'
import type { Audit } from '../audit/audit.ts'
import type { Outbox } from '../events/outbox.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { type Actor, isWipe, type Request } from '../requests/request.ts'
import type { Conversations } from './conversations.ts'
import { newsOf, titleOf } from './requestNews.ts'

export interface VoiceParts {
  readonly outbox: Outbox
  readonly conversations: Conversations
  readonly inventory: Pick<Inventory, 'get' | 'collections'>
  readonly audit: Pick<Audit, 'head'>
  /** Whether owners who have the bot are told of wipes. */
  readonly ownerNotice: boolean
  readonly access: Pick<Access, 'rightsOf'>
  /** Whether somebody could approve a request as things are. */
  readonly mayApprove: (request: Request, person: Actor) => Promise<boolean>
  readonly now: () => Date
}

/** How requests speak to people: what they say is durable when it resolves, and said once however often it is asked for. */
export function createVoice(parts: VoiceParts) {
  const { outbox, conversations, inventory, audit, ownerNotice, access, mayApprove, now } = parts

  /** The people in personal chat with the bot of whom something is true now, asked one by one. */
  async function peopleWho(test: (person: Actor) => Promise<boolean>): Promise<string[]> {
    const found: string[] = []
    for (const { person } of await conversations.personal())
      if (person !== undefined && (await test(person))) found.push(person.id)
    return found
  }

  const approversOf = (request: Request) => peopleWho((person) => mayApprove(request, person))
  const whoHold = (test: (rights: Rights) => boolean) =>
    peopleWho(async (person) => test(await access.rightsOf(person)))

  function collectionsOf(request: Request): readonly string[] {
    const device = isWipe(request) ? inventory.get(request.subject) : undefined
    return device === undefined ? [] : inventory.collections.of(device)
  }

  const headText = () => `${audit.head().n}:${audit.head().hash.slice(0, 16)}`

  return {
    audience: async (request: Request) => (await approversOf(request)).length,

    /** Tells everybody concerned what became of a request. */
    async news(request: Request): Promise<void> {
      const { state } = request.status
      const asks = state === 'waiting' || state === 'unresolved'
      const owners = ownerNotice && isWipe(request) ? request.subject.owners : []
      const surroundings = {
        at: now().toISOString(),
        approvers: asks ? await approversOf(request) : [],
        owners: owners.flatMap(({ entraId }) => entraId ?? []),
        security: request.subject.kind === 'rights' && state === 'done' ? await whoHold(lookAfterRights) : [],
        collections: collectionsOf(request),
        head: headText(),
      }
      await outbox.publish(...newsOf(request, surroundings))
    },

    /** Tells those who may approve it that half of the time is over. */
    async reminder(request: Request): Promise<void> {
      const { id, v, requester } = request
      await outbox.publish({
        key: `${id} v${v} reminder`,
        kinds: [],
        to: await approversOf(request),
        at: now().toISOString(),
        subject: { of: 'site' },
        story: `reminder ${id} v${v}`,
        title: `${id} waits for you: ${titleOf(request)}`,
        text: `${requester.name} asked for it, and half of the time to approve it is over.`,
        tone: 'warning',
        read: { verb: 'request', data: { id } },
      })
    },

    /** Tells every Full Administrator, and whoever hears of security, that the brake is pulled. */
    async pulled(why: string, by: string | undefined): Promise<void> {
      const at = now().toISOString()
      const key = `brake pulled ${why} ${at.slice(0, 16)}`
      await outbox.publish({
        key,
        kinds: ['security'],
        to: await whoHold(isFullAdministrator),
        at,
        subject: { of: 'site' },
        story: key,
        title: 'The brake is pulled: no wipe runs',
        text: `By ${by ?? 'the limits'}: ${why}. Look whether somebody wipes phones they should not.`,
        tone: 'attention',
        read: { verb: 'brake', data: {} },
      })
    },
  }
}

const lookAfterRights = (rights: Rights) => rights.holds('Security.Modify')
const isFullAdministrator = ({ grants }: Rights) => grants.some(({ role }) => role === fullAdministrator)
