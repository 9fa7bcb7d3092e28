import type { About, Reply } from '../cards/card.ts'
import type { Actor, Request } from '../requests/request.ts'
import type { Requests } from '../requests/requests.ts'
import type { Store } from '../store/store.ts'
import { type Conversation, openConversations, type Place } from './conversations.ts'

/** What notify sends through; the door to Teams hands it in. */
export interface Messenger {
  /** Edits every posted copy of what has changed. */
  touched(about: About): Promise<void>
  /** Posts the card as somebody may see it, unless a copy of it is there already. */
  show(place: Place, viewer: Actor, about: About): Promise<void>
  post(place: Place, reply: Reply): Promise<void>
}

export type Notify = Awaited<ReturnType<typeof createNotify>>

/** Who hears what: requests go to those who may decide them, and every card of them stays up to date. */
export async function createNotify({ store, messenger }: { store: Store; messenger: Messenger }) {
  const conversations = await openConversations(store)

  /** The people in personal chat with the bot who may approve a request, asked one by one. */
  async function approversOf(request: Request, requests: Requests): Promise<Conversation[]> {
    const found: Conversation[] = []
    for (const conversation of await conversations.personal())
      if (conversation.person && (await requests.mayApprove(request, conversation.person))) found.push(conversation)
    return found
  }

  return {
    conversations,
    approversOf,

    /** Tells everybody concerned what became of a request; calling it again does no harm. */
    async request(request: Request, why: 'news' | 'reminder', requests: Requests): Promise<void> {
      const about: About = { verb: 'request', data: { id: request.id } }
      await messenger.touched(about)
      if ('guid' in request.subject) await messenger.touched({ verb: 'device', data: { ref: request.subject.guid } })
      const { state } = request.status
      if (state !== 'waiting' && state !== 'unresolved') return
      for (const { place, person } of await approversOf(request, requests)) {
        if (person === undefined) continue
        if (why === 'reminder') await messenger.post(place, reminder(request))
        else await messenger.show(place, person, about)
      }
    },
  }
}

const reminder = ({ id, requester }: Request): Reply => ({
  template: 'notice',
  data: {
    title: `${id} waits for you`,
    text: `${requester.name} asked for it, and half of the time to approve it is over.`,
  },
  buttons: [{ title: `Open ${id}`, verb: 'request', data: { id } }],
})
