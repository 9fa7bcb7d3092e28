import assert from 'node:assert/strict'
import { alternate, atLeast, atMost, below } from './bench.ts'
import { benches } from './benches.ts'

/** As little as shows that a row can be measured: what it measures then means nothing. */
const hasty = { rounds: 1, full: false, sized: (usual: number) => Math.max(3, Math.ceil(usual / 500)) }

describe('npm run bench', () => {
  it('lets ours and the baseline take turns after a warm-up, and compares the middle ones', async () => {
    const order: string[] = []
    const numbers = { ours: [99, 1, 5, 3], baseline: [99, 10, 30, 20] }
    const take = (side: 'ours' | 'baseline') => () => {
      order.push(side)
      return numbers[side].shift() ?? 0
    }
    const compared = await alternate({ ...hasty, rounds: 3 }, take('ours'), take('baseline'))
    assert.deepEqual(compared, { ours: 3, baseline: 20 })
    assert.equal(order.filter((side) => side === 'ours').length, 4)
    assert.equal(order.filter((side) => side === 'baseline').length, 4)
  })

  it('says of each target whether it holds', () => {
    assert.deepEqual(
      [74, 75].map((ours) => atLeast(0.75).holds({ ours, baseline: 100 })),
      [false, true],
    )
    assert.deepEqual(
      [3, 4].map((ours) => atMost(3).holds({ ours, baseline: 1 })),
      [true, false],
    )
    assert.deepEqual(
      [150, 151].map((ours) => below(150, 'µs').holds({ ours, baseline: 1 })),
      [true, false],
    )
  })

  for (const { name, run } of benches)
    it(`measures ${name}`, async () => {
      const rows = await run(hasty)
      assert.notEqual(rows.length, 0)
      for (const { name, ours, baseline } of rows)
        assert.ok(ours + baseline >= 0, `${name}: ${ours} beside ${baseline}`)
    }).timeout(180_000)
})
