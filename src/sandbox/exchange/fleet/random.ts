/** Chance that falls the same way each time: a fleet of one seed is always the same. */
export type Random = ReturnType<typeof createRandom>

export function createRandom(seed: number) {
  let state = seed >>> 0

  /** A number from 0 up to, but not including, 1 (mulberry32). */
  function chance() {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const below = (limit: number) => Math.floor(chance() * limit)

  function pick<T>(from: readonly T[]): T {
    const picked = from[below(from.length)]
    if (picked === undefined) throw new Error('There is nothing to pick from.')
    return picked
  }

  const letters = (alphabet: string, length: number) => {
    let text = ''
    for (let at = 0; at < length; at += 1) text += alphabet[below(alphabet.length)]
    return text
  }

  function guid() {
    const hex = (length: number) => letters('0123456789abcdef', length)
    return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
  }

  return { chance, below, pick, letters, guid }
}
