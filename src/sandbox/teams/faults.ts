import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { placeId } from './directory.ts'
import { Dropped, Refusal } from './http.ts'

export const operations = ['create', 'send', 'reply', 'update', 'delete', 'members', 'member', 'team'] as const

export type Operation = (typeof operations)[number]

const about = {
  operation: z.enum(operations),
  /** Only in this conversation and its threads; without it, in all. */
  conversation: z.string().optional(),
  times: z.int().positive().default(1),
}

/** What is to go wrong with the bot's next calls. `lost-after` drops the connection when the call has taken effect. */
export const FaultSchema = z.discriminatedUnion('effect', [
  z.strictObject({
    ...about,
    effect: z.literal('status'),
    status: z.int().min(400).max(599),
    code: z.string().optional(),
    retryAfter: z.int().optional(),
  }),
  z.strictObject({ ...about, effect: z.enum(['lost-before', 'lost-after']) }),
  z.strictObject({ ...about, effect: z.literal('slow'), ms: z.int().positive() }),
])

export type Fault = z.input<typeof FaultSchema>

/** What Teams says with a status ("Status codes from agent conversational APIs", Microsoft Learn). */
const codes: Record<number, string> = {
  401: 'Unauthorized',
  403: 'BotNotInConversationRoster',
  404: 'ConversationNotFound',
  412: 'PreconditionFailed',
  413: 'MessageSizeTooBig',
  429: 'Throttled',
  502: 'ServiceError',
  504: 'GatewayTimeout',
}

export const createFaults = () => {
  let waiting: z.output<typeof FaultSchema>[] = []

  return {
    add: (fault: unknown) => void waiting.push(FaultSchema.parse(fault)),
    clear: () => {
      waiting = []
    },

    /** Carries out a call of the bot, unless something was told to go wrong with it. */
    async meet(operation: Operation, conversation: string, work: () => Response): Promise<Response> {
      const fault = waiting.find(
        (one) =>
          one.operation === operation && [undefined, conversation, placeId(conversation)].includes(one.conversation),
      )
      if (!fault) return work()
      fault.times -= 1
      waiting = waiting.filter(({ times }) => times > 0)
      switch (fault.effect) {
        case 'status':
          throw new Refusal(
            fault.status,
            fault.code ?? codes[fault.status] ?? 'ServiceError',
            'The sandbox was told to answer so.',
            fault.retryAfter,
          )
        case 'slow':
          await setTimeout(fault.ms)
          return work()
        case 'lost-after':
          work()
          throw new Dropped()
        case 'lost-before':
          throw new Dropped()
      }
    },
  }
}
