import { setImmediate } from 'node:timers/promises'
import { add, type Bits, createBits, drop, has, members } from './bits.ts'
import type { Fleet } from './fleet.ts'

/** The devices that pass a test, kept up to date as devices change. */
export interface Kept {
  bits(): Bits
  /** To be called when a device has changed, come or gone. */
  touch(n: number): void
  /** Tests every device anew. */
  refresh(): void
  /** The same in pieces, between which others may work and `touch` is heeded. */
  refreshInPieces(): Promise<void>
}

const piece = 10_000

/** `day` is given when the test depends on it: then all devices are tested anew on the first use on another day. */
export function createKept(fleet: Fleet, test: (n: number, day: number) => boolean, day: () => number = () => 0): Kept {
  const bits = createBits()
  let tested = day()

  function touch(n: number, today = day()): void {
    if (has(fleet.live, n) && test(n, today)) add(bits, n)
    else drop(bits, n)
  }

  function refresh(): void {
    tested = day()
    for (const n of members(fleet.live)) touch(n, tested)
  }

  return {
    touch: (n) => touch(n),
    refresh,
    bits() {
      if (tested !== day()) refresh()
      return bits
    },
    async refreshInPieces() {
      tested = day()
      let left = piece
      for (const n of members(fleet.live)) {
        touch(n, tested)
        if (--left > 0) continue
        left = piece
        await setImmediate()
      }
    },
  }
}
