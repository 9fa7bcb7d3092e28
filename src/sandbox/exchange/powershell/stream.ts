/** What a server has to say about one command, or about the shell itself, until somebody receives it. */
export interface Stream {
  /** Takes fragments, which are made when they are received. */
  feed(fragments: Iterable<Buffer>): void
  /** Nothing will follow. */
  finish(): void
  /** Forgets what was not received yet. */
  clear(): void
  /** As many fragments as fit, but at least one if there is one; `costOf` is what one takes of the room. */
  take(room: number, costOf: (fragment: Buffer) => number): readonly Buffer[]
  /** Everything has been taken. */
  isDone(): boolean
  /** Resolves when there is something to take, or after this time, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export function createStream(): Stream {
  let sources: Iterator<Buffer>[] = []
  let next: Buffer | undefined
  let isFinished = false
  let wakes = new Set<() => void>()

  const peek = () => {
    while (!next && sources[0]) {
      const { done, value } = sources[0].next()
      if (done) sources = sources.slice(1)
      else next = value
    }
    return next
  }

  const wake = () => {
    const sleepers = wakes
    wakes = new Set()
    for (const wakeUp of sleepers) wakeUp()
  }

  return {
    feed(fragments) {
      sources.push(fragments[Symbol.iterator]())
      wake()
    },
    finish() {
      isFinished = true
      wake()
    },
    clear() {
      sources = []
      next = undefined
    },
    take(room, costOf) {
      const taken: Buffer[] = []
      let left = room
      for (let fragment = peek(); fragment; fragment = peek()) {
        left -= costOf(fragment)
        if (left < 0 && taken.length > 0) break
        taken.push(fragment)
        next = undefined
      }
      return taken
    },
    isDone: () => isFinished && !peek(),
    async wait(ms, signal) {
      if (peek() || isFinished || signal.aborted) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, ms)
      wakes.add(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
      await promise
      clearTimeout(timer)
      wakes.delete(resolve)
    },
  }
}
