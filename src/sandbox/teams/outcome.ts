import { z } from 'zod'
import type { Answer } from './bot.ts'

type Width = number | 'small' | 'medium' | 'large'

/** What a person sees of the bot's answer, beside cards and messages. */
export type Outcome =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'message' | 'error'; readonly text: string }
  | { readonly kind: 'dialog'; readonly title: string; readonly card: unknown; readonly width: Width }

const ErrorSchema = z.looseObject({ code: z.string().optional(), message: z.string() })

/** The answers to `adaptiveCard/action` ("Universal Action Model", Adaptive Cards). */
const ActionAnswerSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('application/vnd.microsoft.card.adaptive') }),
  z.looseObject({ type: z.literal('application/vnd.microsoft.activity.message'), value: z.string() }),
  z.looseObject({ type: z.literal('application/vnd.microsoft.error'), value: ErrorSchema }),
  z.looseObject({ type: z.literal('application/vnd.microsoft.error.preconditionFailed'), value: ErrorSchema }),
  z.looseObject({ type: z.literal('application/vnd.microsoft.activity.loginRequest') }),
])

/** The answers to `task/fetch` and `task/submit` ("Use dialogs with bots", Microsoft Learn). */
const DialogAnswerSchema = z.looseObject({
  task: z.discriminatedUnion('type', [
    z.looseObject({ type: z.literal('message'), value: z.string() }),
    z.looseObject({
      type: z.literal('continue'),
      value: z.looseObject({
        title: z.string().default(''),
        width: z.union([z.number(), z.enum(['small', 'medium', 'large'])]).default('medium'),
        card: z.looseObject({ content: z.unknown() }),
      }),
    }),
  ]),
})

const wrong = (detail: string): Outcome => ({ kind: 'error', text: `Something went wrong. Try again. (${detail})` })

/** What became of a pressed button. */
export const readActionAnswer = ({ status, body }: Answer): Outcome => {
  if (status !== 200) return wrong(`The bot answered with HTTP ${status}.`)
  const answer = ActionAnswerSchema.safeParse(body)
  if (!answer.success) return wrong('The bot gave an answer that Teams does not know.')
  switch (answer.data.type) {
    case 'application/vnd.microsoft.card.adaptive':
      return { kind: 'nothing' }
    case 'application/vnd.microsoft.activity.message':
      return { kind: 'message', text: answer.data.value }
    case 'application/vnd.microsoft.activity.loginRequest':
      return wrong('The bot wants a sign-in, which the sandbox does not have.')
    default:
      return { kind: 'error', text: answer.data.value.message }
  }
}

/** What became of a dialog that was to open, or of its form. An empty answer closes it. */
export const readDialogAnswer = ({ status, body }: Answer): Outcome => {
  if (status !== 200) return wrong(`The bot answered with HTTP ${status}.`)
  if (!body || z.strictObject({}).safeParse(body).success) return { kind: 'nothing' }
  const answer = DialogAnswerSchema.safeParse(body)
  if (!answer.success) return wrong('The bot gave an answer that Teams does not know.')
  const { task } = answer.data
  if (task.type === 'message') return { kind: 'message', text: task.value }
  const { title, card, width } = task.value
  return { kind: 'dialog', title, card: card.content, width }
}

/** What became of anything that has no answer of its own: a message, an accepted file. A status of 0: nothing was sent. */
export const readPlainAnswer = ({ status, body }: Answer): Outcome => {
  if (status < 300) return { kind: 'nothing' }
  return wrong(status === 502 ? `The bot cannot be reached: ${body}` : `The bot answered with HTTP ${status}.`)
}
