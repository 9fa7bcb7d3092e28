import type { Logger } from 'pino'
import { z } from 'zod'
import type { About } from '../cards/card.ts'
import { conversationOf, PlaceSchema } from '../notify/conversations.ts'
import { ActorSchema } from '../requests/request.ts'
import type { Store } from '../store/store.ts'
import { statusOf } from './sender.ts'

/** One posted message that shows something, and for whom it was drawn. */
const CopySchema = z.object({
  place: PlaceSchema,
  message: z.string(),
  caller: ActorSchema,
  /** What is shown beside a notice that answered the caller; it stays to be read until something else is to be shown. */
  answered: z.string().optional(),
})

export type Copy = z.infer<typeof CopySchema>

/** The newest copies are kept up to date; who reads an old one presses Refresh. */
const most = 20

export type LiveCards = Awaited<ReturnType<typeof createLiveCards>>

/** Changes of so many cards are known to posts that are still on their way. */
const mostTouches = 1000

/** Remembers where cards were posted, so that all of them can be edited when what they show has changed. */
export async function createLiveCards({
  store,
  edit,
  shown,
  alsoTouched,
  log,
}: {
  store: Store
  edit: (copy: Copy, about: About) => Promise<void>
  /** Names what a copy would show now. */
  shown: (copy: Copy, about: About) => Promise<string>
  /** Told of everything that shows something else now. */
  alsoTouched: (about: About) => Promise<void>
  log: Logger
}) {
  const nameOf = ({ place, message }: Copy) => `${place.conversation} ${message}`
  const stored = await store.open({
    name: 'copies',
    schema: z.object({ about: z.string().default(''), copies: z.array(CopySchema) }),
    version: 1,
    indexes: { message: ({ copies }) => copies.map(nameOf) },
  })
  const keyOf = ({ verb, data }: About) => `${verb} ${Object.values(data).join(' ')}`
  const touches = new Map<string, number>()
  let moment = 0

  function touch(key: string) {
    moment += 1
    touches.delete(key)
    touches.set(key, moment)
    const [oldest] = touches.keys()
    if (touches.size > mostTouches && oldest !== undefined) touches.delete(oldest)
  }

  /** A copy that is no longer there is forgotten. */
  async function editOrForget(copy: Copy, about: About, by = edit): Promise<void> {
    try {
      if (copy.answered !== undefined) {
        if ((await shown(copy, about)) === copy.answered) return
        await change(keyOf(about), copy, ({ answered: _, ...rest }) => rest)
      }
      await by(copy, about)
    } catch (error) {
      log.info({ err: error }, 'a copy could not be edited')
      if ([403, 404].includes(statusOf(error) ?? 0)) await forgetCopy(keyOf(about), copy)
    }
  }

  const change = (key: string, copy: Copy, by: (copy: Copy) => Copy | undefined) =>
    stored.update(
      key,
      (old) =>
        old && {
          ...old,
          copies: old.copies
            .map((other) => (nameOf(other) === nameOf(copy) ? by(other) : other))
            .filter((one) => one !== undefined),
        },
    )
  const forgetCopy = (key: string, copy: Copy) => change(key, copy, () => undefined)

  /** Keeps a copy that was drawn at this moment, and edits it if what it shows has changed since. */
  async function remember(about: About, copy: Copy, drawn: number): Promise<void> {
    const key = keyOf(about)
    await stored.update(key, (old) => ({
      about: key,
      copies: [...(old?.copies ?? []).filter((other) => nameOf(other) !== nameOf(copy)), copy].slice(-most),
    }))
    if ((touches.get(key) ?? 0) > drawn) await editOrForget(copy, about)
  }

  return {
    /** Names the present, for `remember`. */
    moment: () => moment,

    remember,

    /** A message shows something else from now on. */
    async move(about: About, copy: Copy, drawn: number): Promise<void> {
      for (const { about: before } of await stored.list({ index: 'message', value: nameOf(copy) }))
        if (before !== keyOf(about)) await forgetCopy(before, copy)
      await remember(about, copy, drawn)
    },

    /** Edits every copy, `by` this where it is told how. */
    async touched(about: About, by = edit): Promise<void> {
      touch(keyOf(about))
      await alsoTouched(about)
      const { copies = [] } = (await stored.get(keyOf(about))) ?? {}
      for (const copy of copies) await editOrForget(copy, about, by)
    },

    /** The conversation is no more. */
    async forget(conversation: string): Promise<void> {
      const isThere = ({ place }: Copy) => conversationOf(place.conversation) === conversation
      for await (const [id, { copies }] of stored.scan())
        if (copies.some(isThere))
          await stored.update(id, (old) => old && { ...old, copies: old.copies.filter((copy) => !isThere(copy)) })
    },
  }
}
