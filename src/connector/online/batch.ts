import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Answer, Passing } from './answers.ts'

export interface BatchItem {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

interface Waiting {
  readonly item: BatchItem
  readonly id: string
  readonly resolve: (answer: Answer) => void
  readonly reject: (cause: unknown) => void
}

const AnswersSchema = z.object({
  responses: z.array(
    z.object({
      id: z.coerce.string(),
      status: z.coerce.number(),
      headers: z.record(z.string(), z.coerce.string()).nullish(),
      body: z.unknown().optional(),
    }),
  ),
})

/** As many requests as one `$batch` may hold. */
const most = 10

/**
 * Sends items that are wanted at the same moment as one `$batch`. Answers come in any order and are told apart by id.
 * A caller who gives up stops waiting; the batch goes on for the others.
 */
export function createBatch(post: (body: string) => Promise<Answer>) {
  const waiting: Waiting[] = []

  function send(group: readonly Waiting[]) {
    const requests = group.map(({ id, item }) => ({ id, method: 'POST', ...item }))
    post(JSON.stringify({ requests })).then(
      (answer) => deal(group, answer),
      (cause) => {
        for (const { reject } of group) reject(cause)
      },
    )
  }

  function flush() {
    while (waiting.length > 0) send(waiting.splice(0, most))
  }

  return (item: BatchItem, signal: AbortSignal): Promise<Answer> =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Passing('lost', 'given up')), { once: true })
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ item, id: randomUUID(), resolve, reject })
    })
}

/** Gives each item its own answer; a batch that failed as a whole is everybody's answer. */
function deal(group: readonly Waiting[], answer: Answer) {
  const parsed = AnswersSchema.safeParse(answer.body)
  for (const { id, resolve, reject } of group) {
    const one = parsed.data?.responses.find((candidate) => candidate.id === id)
    if (answer.status >= 300) resolve(answer)
    else if (one === undefined) reject(new Passing('lost', 'the batch left it out'))
    else resolve({ status: one.status, header: (name) => headerOf(one.headers ?? {}, name), body: one.body ?? '' })
  }
}

const headerOf = (headers: Record<string, string>, name: string) =>
  Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
