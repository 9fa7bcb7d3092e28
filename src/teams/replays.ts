import { createHash } from 'node:crypto'
import type { TeamsActivity } from './activity.ts'

/** Names an activity for good: Teams' ids are unique within a conversation only. */
export const keyOf = ({ conversation, id = '' }: TeamsActivity) =>
  createHash('sha256').update(`${conversation.id}\n${id}`).digest('base64url').slice(0, 22)

/** As many activities are remembered; their answers only as long as Teams repeats a request. */
const mostKeys = 100_000
const mostAnswers = 500

interface Ran<T> {
  readonly answer: T
}

/**
 * Runs each activity once. A repeated one gets the answer of the first while that is remembered, else `undefined`. `known` are
 * the activities of before a restart; `take` says whether no other process has this one, and what cannot be taken does not run.
 */
export function createReplays<T>(known: Iterable<string>, take: (key: string) => Promise<boolean>) {
  const keys = new Set(known)
  const answers = new Map<string, Promise<Ran<T> | undefined>>()
  const forget = (one: Set<string> | Map<string, unknown>, most: number) => {
    for (const oldest of one.keys()) {
      if (one.size <= most) return
      one.delete(oldest)
    }
  }
  return async function once(key: string, run: () => Promise<T>): Promise<Ran<T> | undefined> {
    if (keys.has(key)) return answers.get(key)
    const taken = take(key)
    const answer = taken.then(async (isOurs) => (isOurs ? { answer: await run() } : undefined))
    keys.add(key)
    answers.set(key, answer)
    taken.catch(() => {
      keys.delete(key)
      answers.delete(key)
    })
    forget(keys, mostKeys)
    forget(answers, mostAnswers)
    return answer
  }
}
