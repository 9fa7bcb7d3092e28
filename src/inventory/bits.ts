/** A set of small numbers, one bit each: a million of them are 125 KB, and two such sets meet in microseconds. */
export interface Bits {
  words: Uint32Array
}

/** Empty, with room for numbers up to `highest`; others make it grow. */
export const createBits = (highest = 0): Bits => ({ words: new Uint32Array((highest + 32) >>> 5) })

export const copyOf = ({ words }: Bits): Bits => ({ words: words.slice() })

/** Sets that are used again and again: new ones for each search would soon cost more than the search, in collecting them. */
export function createScratch() {
  const all: Bits[] = []
  let taken = 0
  return {
    /** From now on, those that were taken are taken anew. */
    begin(): void {
      taken = 0
    },
    /** An empty one with room for numbers up to `highest`. */
    take(highest: number): Bits {
      const bits = all[taken] ?? createBits()
      all[taken] = bits
      taken += 1
      const size = (highest + 32) >>> 5
      if (bits.words.length < size) bits.words = new Uint32Array(size)
      else bits.words.fill(0)
      return bits
    },
  }
}

export const has = ({ words }: Bits, n: number): boolean => (((words[n >>> 5] ?? 0) >>> (n & 31)) & 1) === 1

export function add(bits: Bits, n: number): void {
  const at = n >>> 5
  if (at >= bits.words.length) {
    const grown = new Uint32Array(Math.max(at + 1, bits.words.length * 2))
    grown.set(bits.words)
    bits.words = grown
  }
  bits.words[at] = (bits.words[at] ?? 0) | (1 << (n & 31))
}

export function drop({ words }: Bits, n: number): void {
  const at = n >>> 5
  if (at < words.length) words[at] = (words[at] ?? 0) & ~(1 << (n & 31))
}

/** Leaves what both have. */
export function intersect({ words }: Bits, { words: others }: Bits): void {
  const both = Math.min(words.length, others.length)
  for (let at = 0; at < both; at++) words[at] = (words[at] ?? 0) & (others[at] ?? 0)
  words.fill(0, both)
}

/** Leaves what the other does not have. */
export function subtract({ words }: Bits, { words: others }: Bits): void {
  const both = Math.min(words.length, others.length)
  for (let at = 0; at < both; at++) words[at] = (words[at] ?? 0) & ~(others[at] ?? 0)
}

/** Adds what the other has, or where a third is given, what these two have. */
export function unite(bits: Bits, { words: others }: Bits, among?: Bits): void {
  if (bits.words.length < others.length) {
    const grown = new Uint32Array(others.length)
    grown.set(bits.words)
    bits.words = grown
  }
  const { words } = bits
  if (among === undefined) {
    for (let at = 0; at < others.length; at++) words[at] = (words[at] ?? 0) | (others[at] ?? 0)
    return
  }
  const both = Math.min(others.length, among.words.length)
  for (let at = 0; at < both; at++) words[at] = (words[at] ?? 0) | ((others[at] ?? 0) & (among.words[at] ?? 0))
}

/** Adds each of these that passes; what is in already is not asked again. */
export function addWhere(bits: Bits, these: Bits, passes: (n: number) => boolean): void {
  const { words } = these
  if (bits.words.length < words.length) unite(bits, { words: new Uint32Array(words.length) })
  for (let at = 0; at < words.length; at++) {
    let open = (words[at] ?? 0) & ~(bits.words[at] ?? 0)
    let found = 0
    while (open !== 0) {
      const bit = open & -open
      if (passes(at * 32 + 31 - Math.clz32(bit))) found |= bit
      open ^= bit
    }
    if (found !== 0) bits.words[at] = (bits.words[at] ?? 0) | found
  }
}

export function count({ words }: Bits): number {
  let total = 0
  for (let at = 0; at < words.length; at++) {
    let word = words[at] ?? 0
    word -= (word >>> 1) & 0x55555555
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
    total += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return total
}

/** Visits the numbers in it, rising; for sets that are large. */
export function each({ words }: Bits, visit: (n: number) => void): void {
  for (let at = 0; at < words.length; at++)
    for (let open = words[at] ?? 0; open !== 0; open &= open - 1) visit(at * 32 + 31 - Math.clz32(open & -open))
}

/** All numbers in it, rising. */
export function numbersOf(bits: Bits): Uint32Array {
  const { words } = bits
  const numbers = new Uint32Array(count(bits))
  let filled = 0
  for (let at = 0; at < words.length; at++)
    for (let open = words[at] ?? 0; open !== 0; open &= open - 1)
      numbers[filled++] = at * 32 + 31 - Math.clz32(open & -open)
  return numbers
}

/** The numbers in it, rising; what is added or dropped meanwhile may or may not be seen. */
export function* members({ words }: Bits): Iterable<number> {
  for (let at = 0; at < words.length; at++) {
    for (let open = words[at] ?? 0; open !== 0; open &= open - 1) yield at * 32 + 31 - Math.clz32(open & -open)
  }
}
