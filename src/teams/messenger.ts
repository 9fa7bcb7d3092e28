import type { About, Reply } from '../cards/card.ts'
import type { Cards } from '../cards/draw.ts'
import type { Place } from '../notify/conversations.ts'
import type { Messenger, Refusal } from '../notify/teller.ts'
import type { Actor } from '../requests/request.ts'
import type { LiveCards } from './live.ts'
import { type Sender, statusOf } from './sender.ts'

/** What a status says for good; anything else may pass. */
function refusalOf(error: unknown): Refusal {
  const status = statusOf(error)
  if (status === 403 || status === 404) return 'gone'
  if (status === 413) return 'tooLarge'
  if (status === 400 || status === 405 || status === 415 || status === 422) return 'refused'
  throw error
}

/** What notify sends through. */
export function createMessenger({
  sender,
  cards,
  live,
  view,
}: {
  sender: Sender
  cards: Cards
  live: LiveCards
  view: (place: Place, viewer: Actor, about: About) => Promise<Reply>
}): Messenger {
  const draw = (reply: Reply, { scope }: Place) => cards.draw(reply, { shared: scope !== 'personal' })
  return {
    async post(place, reply, under) {
      const there = under === undefined ? place : { ...place, conversation: `${place.conversation};messageid=${under}` }
      return sender.post(there, draw(reply, place)).then((message) => ({ message }), refusalOf)
    },
    edit: (place, message, reply) =>
      sender.edit(place, message, async () => draw(await reply(), place)).then(() => 'edited' as const, refusalOf),

    /** A refusal has no read that shows it again. */
    async view(place, viewer, about) {
      const reply = await view(place, viewer, about)
      return reply.about && reply
    },
    touched: (about) => live.touched(about),
    forget: live.forget,
  }
}
