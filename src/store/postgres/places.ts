interface Waiting {
  readonly enter: () => void
  readonly refuse: (error: unknown) => void
}

/** Places for so many at once. Who comes later waits in order, but not for long. */
export function createPlaces(size: number, longest: number) {
  const waiting = new Set<Waiting>()
  let free = size

  function refuse(one: Waiting, error: unknown): void {
    waiting.delete(one)
    one.refuse(error)
  }

  return {
    /** Resolves when there is a place, which is to be given back. */
    async take(): Promise<void> {
      if (free > 0) {
        free -= 1
        return
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const one = { enter: resolve, refuse: reject }
      waiting.add(one)
      const timer = setTimeout(() => refuse(one, new Error('too many wait for the database')), longest)
      await promise.finally(() => clearTimeout(timer))
    },

    give(): void {
      const [next] = waiting
      if (next === undefined) free += 1
      else {
        waiting.delete(next)
        next.enter()
      }
    },

    /** There is nothing to wait for now. */
    refuseAll(error: unknown): void {
      for (const one of waiting) refuse(one, error)
    },
  }
}
