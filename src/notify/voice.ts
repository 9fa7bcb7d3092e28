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
  readonly mayApprove: (request: Request, person: Actor) => Promise<boolean>
  readonly now: () => Date
}

/** How requests speak to people: what they say is durable when it resolves, and said once however often it is asked for. */
export function createVoice(parts: VoiceParts) {
  const { outbox, conversations, inventory, audit, ownerNotice, mayApprove, now } = parts

  /** The people in personal chat with the bot who may approve a request, asked one by one. */
  async function approversOf(request: Request): Promise<string[]> {
    const found: string[] = []
    for (const { person } of await conversations.personal())
      if (person !== undefined && (await mayApprove(request, person))) found.push(person.id)
    return found
  }

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
  }
}
