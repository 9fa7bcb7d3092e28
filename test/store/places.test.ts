import assert from 'node:assert/strict'
import { createPlaces } from '../../src/store/postgres/places.ts'

const long = 60_000

describe('store/postgres/places', () => {
  it('lets so many in, and the others in order as places are given back', async () => {
    const { take, give } = createPlaces(2, long)
    const order: number[] = []
    await Promise.all([take(), take()])
    const later = [1, 2, 3].map((one) => take().then(() => order.push(one)))
    for (let n = 0; n < 3; n += 1) {
      give()
      await later[n]
    }
    assert.deepEqual(order, [1, 2, 3])
  })

  it('refuses who has waited long enough, and loses no place by that', async () => {
    const { take, give } = createPlaces(1, 1)
    await take()
    await assert.rejects(take(), /too many wait/)
    give()
    await take()
    give()
  })

  it('refuses all who wait when there is nothing to wait for, and loses no place by that', async () => {
    const { take, give, refuseAll } = createPlaces(1, long)
    await take()
    const waiting = [take(), take()]
    const refused = Promise.all(waiting.map((one) => assert.rejects(one, /lost/)))
    refuseAll(new Error('lost'))
    give()
    await refused
    await take()
  })
})
