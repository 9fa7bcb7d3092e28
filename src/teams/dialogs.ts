import { z } from 'zod'
import type { Reply } from '../cards/card.ts'
import type { Cards } from '../cards/draw.ts'
import type { Asked } from '../pipeline.ts'
import type { InvokeAnswer } from './adapter.ts'

/** A button's command with its arguments, and beside them what was typed ("Use dialogs with bots", Teams documentation). */
const SubmittedSchema = z.object({
  data: z.looseObject({
    msteams: z.unknown().optional(),
    verb: z.string().max(40),
    data: z.record(z.string(), z.unknown()).nullish(),
  }),
})

/** What a dialog asks of the desk: its form first, then what was filled in. */
export function dialogRequestOf(value: unknown): Asked['request'] | undefined {
  const { data: submitted } = SubmittedSchema.safeParse(value)
  if (submitted === undefined) return undefined
  const { msteams: _, verb, data, ...typed } = submitted.data
  return { verb, data: { ...typed, ...data }, automatic: false }
}

/** The answer as the next card of the dialog. */
export const dialogOf = (reply: Reply, cards: Cards, shared: boolean): InvokeAnswer => ({
  status: 200,
  body: {
    task: {
      type: 'continue',
      value: {
        title: 'Device Desk',
        width: 'medium',
        height: 'medium',
        card: {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: cards.draw(reply, { shared, within: 'dialog' }),
        },
      },
    },
  },
})

/** What could not be read, said in the dialog. */
export const noDialog: InvokeAnswer = {
  status: 200,
  body: { task: { type: 'message', value: 'This could not be read; close it and open the card anew.' } },
}
