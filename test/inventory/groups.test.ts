import assert from 'node:assert/strict'
import fc from 'fast-check'
import { add, createBits, drop, has, members } from '../../src/inventory/bits.ts'
import { createGroups } from '../../src/inventory/groups.ts'

/** Of so many devices, those with keys from 0 to 2 are a tenth each, and the others share a thousand keys. */
const size = 3000
const key = fc.oneof({ arbitrary: fc.nat(2), weight: 3 }, { arbitrary: fc.integer({ min: 3, max: 1000 }), weight: 7 })
const device = fc.integer({ min: 1, max: size })

const setOf = (numbers: Iterable<number>) => {
  const bits = createBits(size)
  for (const n of numbers) add(bits, n)
  return bits
}

describe('inventory: devices grouped by a key', () => {
  it('are those of the keys that are asked for, whatever has changed, come or gone since', () => {
    const change = fc.record({ n: device, to: fc.option(key, { freq: 4 }) })
    const question = fc.record({
      keys: fc.array(key, { maxLength: 200, size: 'max' }),
      among: fc.array(device, { maxLength: 3000, size: 'max' }),
    })
    fc.assert(
      fc.property(
        fc.array(key, { minLength: size, maxLength: size }),
        fc.array(fc.tuple(fc.array(change, { maxLength: 250, size: 'max' }), question), { minLength: 1, maxLength: 4 }),
        (keys, rounds) => {
          const live = setOf(Array.from({ length: size }, (_, at) => at + 1))
          const keyOf = (n: number) => keys[n - 1] ?? 0
          const groups = createGroups({ live, size: () => [...members(live)].length, highest: () => size }, keyOf)
          for (const [changes, asked] of rounds) {
            for (const { n, to } of changes) {
              if (to === null) drop(live, n)
              else {
                add(live, n)
                keys[n - 1] = to
              }
              groups.touch(n)
            }
            for (const among of [new Set(asked.among), new Set(members(live))]) {
              const seen = [...among].filter((n) => has(live, n))
              const found = setOf([])
              groups.addHaving(found, setOf(asked.keys), setOf(seen))
              const expected = seen.filter((n) => asked.keys.includes(keyOf(n)))
              assert.deepEqual(
                [...members(found)],
                expected.sort((a, b) => a - b),
              )
            }
          }
        },
      ),
      { numRuns: 30, endOnFailure: true },
    )
  })
})
