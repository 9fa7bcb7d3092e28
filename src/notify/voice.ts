import type { Access } from '../access/access.ts'
import { fullAdministrator } from '../access/permissions.ts'
import type { Rights } from '../access/rights.ts'
import type { Audit } from '../audit/audit.ts'
import type { Outbox } from '../events/outbox.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Voice } from '../requests/advance.ts'
import { type Actor, isUndecided, isWipe, type Request } from '../requests/request.ts'
import type { Requests } from '../requests/requests.ts'
import type { Conversations } from './conversations.ts'
import { newsOf, titleOf } from './requestNews.ts'

export interface VoiceParts {
  readonly outbox: Outbox
  readonly conversations: Conversations
  readonly inventory: Pick<Inventory, 'get' | 'collections'>
  readonly audit: Pick<Audit, 'head'>
  readonly access: Pick<Access, 'rightsOf'>
  /** Whether owners who have the bot are told of wipes. */
  readonly ownerNotice: boolean
  readonly barFor: Requests['barFor']
  readonly now: () => Date
}

/** How requests speak to people: what they say is durable when it resolves, and said once however often it is asked for. */
export function createVoice(parts: VoiceParts): Voice {
  const { outbox, conversations, inventory, audit, ownerNotice, access, barFor, now } = parts

  /** The people in personal chat with the bot of whom something is true now, asked one by one. */
  async function peopleWho(test: (rights: Rights, person: Actor) => boolean | Promise<boolean>): Promise<string[]> {
    const found: string[] = []
    for (const { person } of await conversations.personal())
      if (person !== undefined && (await test(await access.rightsOf(person), person))) found.push(person.id)
    return found
  }

  const approversOf = (request: Request) =>
    peopleWho(async (rights, person) => (await barFor(request, person, rights)) === undefined)

  function collectionsOf(request: Request): readonly string[] {
    const device = isWipe(request) ? inventory.get(request.subject) : undefined
    return device === undefined ? [] : inventory.collections.of(device)
  }

  const headText = () => `${audit.head().n}:${audit.head().hash.slice(0, 16)}`

  return {
    audience: async (request: Request) => (await approversOf(request)).length,

    /** Tells everybody concerned what became of a request. */
    async news(request: Request): Promise<void> {
      const { subject, status } = request
      const owners = ownerNotice && isWipe(request) ? request.subject.owners : []
      const surroundings = {
        at: now().toISOString(),
        approvers: isUndecided(request) ? await approversOf(request) : [],
        owners: owners.flatMap(({ entraId }) => entraId ?? []),
        security: subject.kind === 'rights' && status.state === 'done' ? await peopleWho(lookAfterRights) : [],
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
    async pulled({ at, why, by }): Promise<void> {
      await outbox.publish({
        key: `brake ${at}`,
        kinds: ['security'],
        to: await peopleWho(isFullAdministrator),
        at,
        subject: { of: 'site' },
        story: `brake ${at}`,
        title: 'The brake is pulled: no wipe runs',
        text: `By ${by?.name ?? 'the limits'}: ${why}. Look whether somebody wipes phones they should not.`,
        tone: 'attention',
        read: { verb: 'brake', data: {} },
      })
    },
  }
}

const lookAfterRights = (rights: Rights) => rights.holds('Security.Modify')
const isFullAdministrator = ({ grants }: Rights) => grants.some(({ role }) => role === fullAdministrator)
