import { BotError } from '../errors.ts'

/** Lets callers share a run: each call waits for one that begins after it, and two never run at once. */
export function together(run: () => Promise<void>) {
  let current: Promise<unknown> = Promise.resolve()
  let next: Promise<void> | undefined
  return (): Promise<void> => {
    if (next) return next
    const joined = current.then(() => {
      next = undefined
      return run()
    })
    next = joined
    current = Promise.allSettled([joined])
    return joined
  }
}

export interface Turns {
  /** Runs jobs of the same key one after the other, in the order of the calls; a failed one does not stop the next. */
  inTurn<T>(key: string, job: () => Promise<T>): Promise<T>
  /** Runs a job as soon as there is room, so that any number of callers needs only so many open files. */
  withRoom<T>(job: () => Promise<T>): Promise<T>
  /** Resolves when every turn is over; a later one is refused. */
  close(): Promise<void>
}

export function createTurns(room: number): Turns {
  const last = new Map<string, Promise<unknown>>()
  const queue: (() => void)[] = []
  let free = room
  let closed = false

  return {
    async inTurn(key, job) {
      if (closed) throw new BotError('STORE_UNWRITABLE', '', { cause: new Error('The store is closed.') })
      const turn = (last.get(key) ?? Promise.resolve()).then(job)
      const over = Promise.allSettled([turn]).then(() => {
        if (last.get(key) === over) last.delete(key)
      })
      last.set(key, over)
      return turn
    },

    async withRoom(job) {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => queue.push(resolve))
      try {
        return await job()
      } finally {
        const next = queue.shift()
        if (next) next()
        else free += 1
      }
    },

    async close() {
      closed = true
      await Promise.all(last.values())
    },
  }
}
