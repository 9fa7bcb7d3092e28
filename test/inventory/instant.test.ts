import assert from 'node:assert/strict'
import fc from 'fast-check'
import { instant, textOfInstant } from '../../src/inventory/instant.ts'

/** What a Date can hold. */
const most = 8.64e15
const usual = fc.integer({ min: Date.UTC(1900), max: Date.UTC(2400) })

describe('points in time', () => {
  it('are written as JavaScript writes them', () => {
    fc.assert(
      fc.property(fc.oneof(usual, fc.integer({ min: -most, max: most }), fc.constantFrom(-1, 0, 999)), (at) =>
        assert.equal(textOfInstant(at), new Date(at).toISOString()),
      ),
    )
  })

  it('are read again as they were written', () => {
    fc.assert(fc.property(usual, (at) => assert.equal(instant(textOfInstant(at)), at)))
  })

  it('are read in other forms, and none is no time', () => {
    assert.equal(instant('2026-11-23T10:00:00+01:00'), Date.UTC(2026, 10, 23, 9))
    for (const none of [undefined, '', 'never']) assert.equal(instant(none), 0)
  })
})
