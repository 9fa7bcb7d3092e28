import { add, addWhere, type Bits, count, createBits, drop, each, has, intersect, members } from './bits.ts'
import type { Fleet } from './fleet.ts'

/** The devices by a small number that each has, such as the code of a text: those of one are found without looking at others. */
export interface Groups {
  /** To be called when a device has changed, come or gone. */
  touch(n: number): void
  /** Those among these devices that have one of these numbers, in a set of its own. */
  having(keys: Bits, among: Bits): Bits
}

/** They are sorted anew when more than one in so many has changed since; until then those that have are looked at singly. */
const fewChanged = 16

/** Made when it is first asked for, and from then on kept up by `touch`; four bytes for each device. */
export function createGroups(fleet: Fleet, keyOf: (n: number) => number): Groups {
  /** Devices, those of a lower key first; where the devices of each key begin, and after the last one where they end. */
  let sorted: Uint32Array | undefined
  let starts = new Uint32Array(0)
  let changed = createBits()

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
    for (let key = 1; key < starts.length; key++) addTo(starts, key, starts[key - 1] ?? 0)
    const next = starts.slice()
    sorted = new Uint32Array(fleet.size())
    for (const n of members(fleet.live)) {
      const key = keys[n] ?? 0
      sorted[next[key] ?? 0] = n
      addTo(next, key, 1)
    }
    changed = createBits()
    return sorted
  }

  return {
    touch(n) {
      if (sorted !== undefined) add(changed, n)
    },
    having(keys, among) {
      const different = count(changed)
      const devices = sorted === undefined || different * fewChanged > sorted.length ? sort() : sorted
      const bits = createBits(fleet.highest())
      let total = 0
      each(keys, (key) => {
        total += (starts[key + 1] ?? 0) - (starts[key] ?? 0)
      })
      if (total > count(among)) {
        addWhere(bits, among, (n) => has(keys, keyOf(n)))
        return bits
      }
      each(keys, (key) => {
        const end = starts[key + 1] ?? 0
        for (let at = starts[key] ?? 0; at < end; at++) add(bits, devices[at] ?? 0)
      })
      each(changed, (n) => {
        if (has(keys, keyOf(n))) add(bits, n)
        else drop(bits, n)
      })
      intersect(bits, among)
      return bits
    },
  }
}

const addTo = (numbers: Uint32Array, at: number, more: number) => {
  numbers[at] = (numbers[at] ?? 0) + more
}
