import type { Column } from './columns.ts'

/** FNV-1a over the letters. */
function fnv(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}

/**
 * Gives each key of a connector a number from 1 up, and the numbers of those that are gone to the next. The keys themselves
 * stand in columns; here is only the table to find them by: a map of texts would need several times the memory.
 */
export function createPlaces(connectorOf: Column<string>, keyOf: Column<string>) {
  /** Open addressing: a number lies, with its hash, in the slot of that hash or the first free one after it; 0 is free. */
  let numbers = new Uint32Array(1024)
  let hashes = new Uint32Array(1024)
  let used = 0
  let highest = 0
  const free: number[] = []

  let [hashed, itsHash] = ['', fnv('')]

  /** What is looked for in vain is taken next, mostly: it is hashed once. */
  function hashOf(key: string): number {
    if (key === hashed) return itsHash
    hashed = key
    itsHash = fnv(key)
    return itsHash
  }

  const slotOf = (hash: number) => hash & (numbers.length - 1)

  /** The slot with this key, or the free one where it would be. */
  function look(hash: number, connector: string, key: string): number {
    let slot = slotOf(hash)
    for (let n = numbers[slot]; n; n = numbers[slot]) {
      if (hashes[slot] === hash && keyOf.same(n, key) && connectorOf.same(n, connector)) return slot
      slot = slotOf(slot + 1)
    }
    return slot
  }

  function insert(hash: number, n: number): void {
    let slot = slotOf(hash)
    while (numbers[slot]) slot = slotOf(slot + 1)
    numbers[slot] = n
    hashes[slot] = hash
  }

  function grow(): void {
    const [oldNumbers, oldHashes] = [numbers, hashes]
    numbers = new Uint32Array(oldNumbers.length * 2)
    hashes = new Uint32Array(oldNumbers.length * 2)
    for (let slot = 0; slot < oldNumbers.length; slot++) {
      const n = oldNumbers[slot]
      if (n) insert(oldHashes[slot] ?? 0, n)
    }
  }

  return {
    /** No number is higher. */
    highest: () => highest,

    find: (connector: string, key: string): number | undefined =>
      numbers[look(hashOf(key), connector, key)] || undefined,

    /** Gives a number to a key that has none; the caller writes the key into the columns at once. */
    take(key: string): number {
      if (++used * 2 > numbers.length) grow()
      const n = free.pop() ?? ++highest
      insert(hashOf(key), n)
      return n
    },

    /** Gives a number free; to be called while the columns still say whose it was. */
    release(connector: string, key: string): void {
      let hole = look(hashOf(key), connector, key)
      const n = numbers[hole]
      if (!n) return
      free.push(n)
      used -= 1
      // What lies after the hole moves into it, unless its own slot comes later.
      for (let slot = slotOf(hole + 1); numbers[slot]; slot = slotOf(slot + 1)) {
        if (slotOf(slot - (hashes[slot] ?? 0)) < slotOf(slot - hole)) continue
        numbers[hole] = numbers[slot] ?? 0
        hashes[hole] = hashes[slot] ?? 0
        hole = slot
      }
      numbers[hole] = 0
    },
  }
}
