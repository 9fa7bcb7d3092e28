import { createHash } from 'node:crypto'
import type { TeamsActivity } from './activity.ts'

/** Names an activity for good: Teams' ids are unique within a conversation only. */
export const keyOf = ({ conversation, id = '' }: TeamsActivity) =>
  createHash('sha256').update(`${conversation.id}\n${id}`).digest('base64url').slice(0, 22)

/** As many activities are remembered; their answers only as long as Teams repeats a request. */
const mostKeys = 100_000
const mostAnswers = 500

/**
 * Runs each activity once. A repeated one gets the answer of the first while that is remembered, else `undefined`; `known` are
 * the activities of before a restart.
 */
export function createReplays<T>(known: Iterable<string>) {
  const keys = new Set(known)
  const answers = new Map<string, Promise<T>>()
  const forget = (one: Set<string> | Map<string, unknown>, most: number) => {
    for (const oldest of one.keys()) {
      if (one.size <= most) return
      one.delete(oldest)
    }
  }
  return function once(key: string, run: () => Promise<T>): Promise<T> | undefined {
    if (keys.has(key)) return answers.get(key)
    const answer = run()
    keys.add(key)
    answers.set(key, answer)
    forget(keys, mostKeys)
    forget(answers, mostAnswers)
    return answer
  }
}
