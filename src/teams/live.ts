import type { Logger } from 'pino'
import { z } from 'zod'
import { PersonSchema } from '../audit/person.ts'
import type { About } from '../cards/card.ts'
import type { Store } from '../store/store.ts'
import { PlaceSchema } from './place.ts'

/** One posted message that shows something, and for whom it was drawn. */
const CopySchema = z.object({
  place: PlaceSchema,
  message: z.string(),
  caller: PersonSchema.extend({ name: z.string() }),
})

export type Copy = z.infer<typeof CopySchema>

/** The newest copies are kept up to date; who reads an old one presses Refresh. */
const most = 20

export type LiveCards = Awaited<ReturnType<typeof createLiveCards>>

/** Remembers where cards were posted, so that all of them can be edited when what they show has changed. */
export async function createLiveCards({
  store,
  edit,
  log,
}: {
  store: Store
  edit: (copy: Copy, about: About) => Promise<void>
  log: Logger
}) {
  const stored = await store.open({ name: 'copies', schema: z.object({ copies: z.array(CopySchema) }), version: 1 })
  const keyOf = ({ verb, data }: About) => `${verb} ${Object.values(data).join(' ')}`
  const same = (one: Copy) => (other: Copy) =>
    one.message === other.message && one.place.conversation === other.place.conversation

  return {
    async remember(about: About, copy: Copy): Promise<void> {
      await stored.update(keyOf(about), (old) => ({
        copies: [...(old?.copies ?? []).filter((other) => !same(copy)(other)), copy].slice(-most),
      }))
    },

    /** Edits every copy; one that cannot be edited any more is forgotten. */
    async touched(about: About): Promise<void> {
      const { copies = [] } = (await stored.get(keyOf(about))) ?? {}
      for (const copy of copies)
        await edit(copy, about).catch(async (error) => {
          log.info({ err: error }, 'a copy could not be edited')
          await stored.update(
            keyOf(about),
            (old) => old && { copies: old.copies.filter((other) => !same(copy)(other)) },
          )
        })
    },
  }
}
