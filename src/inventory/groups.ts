import { add, addWhere, type Bits, count, createBits, drop, each, has, members, unite } from './bits.ts'
import type { Fleet } from './fleet.ts'

/** The devices by a small number that each has, such as the code of a text: those of one are found without looking at others. */
export interface Groups {
  /** To be called when a device has changed, come or gone. */
  touch(n: number): void
  /** Adds those among these devices that have one of these numbers. */
  addHaving(bits: Bits, keys: Bits, among: Bits): void
}

/** They are sorted anew when more than one in so many has changed since; until then those that have are looked at singly. */
const fewChanged = 16

/** A key that at least one in so many devices has keeps them as a set, which takes no more memory than their numbers. */
const common = 32

/** Made when it is first asked for, and from then on kept up by `touch`; four bytes for each device. */
export function createGroups(fleet: Pick<Fleet, 'live' | 'size' | 'highest'>, keyOf: (n: number) => number): Groups {
  /** The devices of common keys. */
  const sets = new Map<number, Bits>()
  /** The others, those of a lower key first; where the devices of each key begin, and after the last one where they end. */
  let sorted: Uint32Array | undefined
  let starts = new Uint32Array(0)
  let changed = createBits()
  let changes = 0

  function sort(): Uint32Array {
    const keys = new Uint32Array(fleet.highest() + 1)
    let highest = 0
    for (const n of members(fleet.live)) {
      const key = keyOf(n)
      keys[n] = key
      if (key > highest) highest = key
    }
    starts = new Uint32Array(highest + 2)
    for (const n of members(fleet.live)) addTo(starts, (keys[n] ?? 0) + 1, 1)
    sets.clear()
    for (let key = 0; key <= highest; key++) {
      if ((starts[key + 1] ?? 0) * common >= keys.length) {
        sets.set(key, createBits(fleet.highest()))
        starts[key + 1] = 0
      }
      addTo(starts, key + 1, starts[key] ?? 0)
    }
    const next = starts.slice()
    sorted = new Uint32Array(starts[highest + 1] ?? 0)
    for (const n of members(fleet.live)) {
      const key = keys[n] ?? 0
      const set = sets.get(key)
      if (set === undefined) {
        sorted[next[key] ?? 0] = n
        addTo(next, key, 1)
      } else add(set, n)
    }
    changed = createBits()
    changes = 0
    return sorted
  }

  return {
    touch(n) {
      if (sorted === undefined) return
      if (!has(changed, n)) changes += 1
      add(changed, n)
      for (const set of sets.values()) drop(set, n)
    },
    addHaving(bits, keys, among) {
      const wanted = count(keys)
      if (wanted === 0) return
      const devices = sorted === undefined || changes * fewChanged > fleet.size() ? sort() : sorted
      const expected = (wanted / starts.length) * devices.length
      if (expected > count(among)) {
        addWhere(bits, among, (n) => has(keys, keyOf(n)))
        return
      }
      each(keys, (key) => {
        const end = starts[key + 1] ?? 0
        for (let at = starts[key] ?? 0; at < end; at++) {
          const n = devices[at] ?? 0
          if (has(among, n) && (changes === 0 || !has(changed, n))) add(bits, n)
        }
      })
      for (const [key, set] of sets) if (has(keys, key)) unite(bits, set, among)
      each(changed, (n) => {
        if (has(among, n) && has(keys, keyOf(n))) add(bits, n)
      })
    },
  }
}

const addTo = (numbers: Uint32Array, at: number, more: number) => {
  numbers[at] = (numbers[at] ?? 0) + more
}
