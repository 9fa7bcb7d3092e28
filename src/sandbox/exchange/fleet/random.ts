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

  function letters(alphabet: string, length: number) {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at += 1) bytes[at] = alphabet.charCodeAt(below(alphabet.length))
    return bytes.toString('latin1')
  }

  function guid() {
    const [a, b, c, d] = [hex(), hex(), hex(), hex()]
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`
  }

  const hex = () =>
    below(2 ** 32)
      .toString(16)
      .padStart(8, '0')

  return { chance, below, pick, letters, guid }
}
