import { z } from 'zod'
import { conversationId, type Spot } from './directory.ts'

export const AttachmentSchema = z.looseObject({
  contentType: z.string(),
  content: z.unknown(),
  name: z.string().optional(),
})

export type Attachment = z.infer<typeof AttachmentSchema>

/** What somebody wrote: the part that a sender decides. */
export interface Content {
  readonly text: string
  readonly textFormat: string
  readonly attachments: readonly Attachment[]
  readonly entities: readonly unknown[]
}

export interface Message extends Content {
  readonly id: string
  /** The id of the conversation as Teams writes it, in a channel with the thread. */
  readonly conversation: string
  /** In a channel the id of the message that the thread began with. */
  readonly thread: string | undefined
  readonly from: { readonly id: string; readonly name: string }
  readonly at: string
  readonly replyToId: string | undefined
  readonly edited: string | undefined
  readonly deleted: boolean
}

interface Kept {
  message: Message
  readonly spot: Spot
  /** Cards that were drawn for one person, by the person's id, with the time of the last invoke. */
  readonly views: Map<string, { attachments: readonly Attachment[] | undefined; at: number }>
}

export interface Change {
  readonly kind: 'posted' | 'edited' | 'deleted' | 'viewed' | 'typing'
  readonly spot: Spot
  readonly message: Message | undefined
  /** The only person whose view changed; `undefined`: everybody's. */
  readonly person: string | undefined
}

const nothing: Content = { text: '', textFormat: 'plain', attachments: [], entities: [] }

/** All messages, and each person's own view of a card (Teams: "User Specific Views"). */
export const createMessages = (now: () => number) => {
  const kept = new Map<string, Kept>()
  const listeners = new Set<(change: Change) => void>()
  let lastId = 0

  const tell = (change: Change) => {
    for (const listener of listeners) listener(change)
  }
  const changed = (kind: Change['kind'], { spot, message }: Kept, person?: string) =>
    tell({ kind, spot, message, person })
  /** Activity ids in Teams are the time in milliseconds. */
  const newId = () => {
    lastId = Math.max(lastId + 1, now())
    return String(lastId)
  }
  const seen = ({ message, views }: Kept, person: string): Message => ({
    ...message,
    attachments: views.get(person)?.attachments ?? message.attachments,
  })

  return {
    newId,

    post(spot: Spot, from: Message['from'], content: Content, replyToId?: string, id = newId()) {
      const thread = spot.place.type === 'channel' ? (spot.thread ?? id) : undefined
      const message: Message = {
        ...content,
        id,
        conversation: conversationId({ place: spot.place, thread }),
        thread,
        from: { id: from.id, name: from.name },
        at: new Date(now()).toISOString(),
        replyToId,
        edited: undefined,
        deleted: false,
      }
      const one: Kept = { message, spot: { place: spot.place, thread }, views: new Map() }
      kept.set(id, one)
      changed('posted', one)
      return message
    },

    /** Gives everybody the new content: what single people saw is gone. */
    edit(id: string, content: Content) {
      const one = kept.get(id)
      if (!one || one.message.deleted) return
      one.views.clear()
      one.message = { ...one.message, ...content, edited: new Date(now()).toISOString() }
      changed('edited', one)
    },

    delete(id: string) {
      const one = kept.get(id)
      if (!one) return
      one.views.clear()
      one.message = { ...one.message, ...nothing, deleted: true }
      changed('deleted', one)
    },

    find: (id: string) => kept.get(id)?.message,

    /** Notes that this person's client has just asked the bot about this card. */
    invoked(id: string, person: string) {
      const one = kept.get(id)
      one?.views.set(person, { attachments: one.views.get(person)?.attachments, at: now() })
    },

    lastInvoke: (id: string, person: string) => kept.get(id)?.views.get(person)?.at,

    /** Shows a card to this person only, instead of what the message carries. */
    show(id: string, person: string, attachments: readonly Attachment[]) {
      const one = kept.get(id)
      if (!one || one.message.deleted) return
      one.views.set(person, { attachments, at: now() })
      changed('viewed', one, person)
    },

    seenBy(id: string, person: string) {
      const one = kept.get(id)
      return one && seen(one, person)
    },

    /** The messages of a place, or of one thread of it, as this person sees them, oldest first. */
    list({ place, thread }: Spot, person: string) {
      return [...kept.values()]
        .filter(({ spot }) => spot.place === place && (thread === undefined || spot.thread === thread))
        .map((one) => seen(one, person))
    },

    typing: (spot: Spot) => tell({ kind: 'typing', spot, message: undefined, person: undefined }),

    /** Hears of every change until the returned function is called. */
    listen(listener: (change: Change) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export type Messages = ReturnType<typeof createMessages>
