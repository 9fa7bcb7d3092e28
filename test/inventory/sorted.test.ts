import assert from 'node:assert/strict'
import fc from 'fast-check'
import { add, createBits } from '../../src/inventory/bits.ts'
import { createSorted, numbersIn } from '../../src/inventory/sorted.ts'

/** Enough with one beginning to fill several blocks. */
const many = 3000

describe('inventory: texts in order', () => {
  it('finds what begins with a text and what is just that, among many and after changes', () => {
    const text = fc.tuple(fc.constantFrom('ad', 'ada', 'adel', 'adele', 'b'), fc.integer({ min: 0, max: 40 }))
    fc.assert(
      fc.property(
        fc.array(text, { minLength: many, maxLength: many }),
        fc.array(fc.nat(many - 1), { maxLength: 500 }),
        (texts, removed) => {
          const sorted = createSorted()
          const known = new Map(texts.map(([start, end], n) => [n, `${start}${end || ''}`]))
          const [early, late] = [[...known].slice(0, many / 2), [...known].slice(many / 2)]
          for (const [n, one] of early) sorted.add(one, n)
          sorted.equal('adele', () => {})
          for (const [n, one] of late) sorted.add(one, n)
          for (const n of removed) {
            sorted.remove(known.get(n) ?? '', n)
            known.delete(n)
          }
          for (const start of ['ad', 'ada', 'ada1', 'ade', 'adele', 'adele4', 'adelx', 'b', 'c']) {
            const found = [...numbersIn(sorted.starting(start))]
            const expected = [...known].filter(([, one]) => one.startsWith(start)).map(([n]) => n)
            assert.deepEqual(found.sort(), expected.sort(), start)
            const equal: number[] = []
            sorted.equal(start, (n) => equal.push(n))
            assert.deepEqual(equal.sort(), [...known].flatMap(([n, one]) => (one === start ? [n] : [])).sort())
          }
          for (const some of [known, ...[...known].slice(0, 50).map((one) => new Map([one]))]) {
            const among = createBits(many)
            for (const n of some.keys()) add(among, n)
            const walked = [...numbersIn(sorted.walk(among))].flatMap((n) => some.get(n) ?? [])
            assert.deepEqual(walked, [...some.values()].sort())
          }
        },
      ),
      { numRuns: 15, endOnFailure: true },
    )
  })

  it('finds all that begin with a text and no other, however many they are', () => {
    for (let size = 0; size < 70; size++) {
      const sorted = createSorted()
      for (const [n, text] of ['abb', 'abd', 'abe', 'gone'].entries()) sorted.add(text, n)
      const expected = Array.from({ length: size }, (_, n) => 100 + n)
      for (const n of expected) sorted.add(`abc${n}`, n)
      sorted.add('abx', 4)
      sorted.remove('abx', 4)
      assert.deepEqual([...numbersIn(sorted.starting('abc'))], expected)
    }
  })
})
