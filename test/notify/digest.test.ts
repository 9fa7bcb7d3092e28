import assert from 'node:assert/strict'
import { allDevices } from '../../src/inventory/collections.ts'
import { startDigest } from '../../src/notify/digest.ts'
import { type Room, sentencesOf, startRoom } from './room.ts'

const day = 24 * 60 * 60_000

describe('the weekly digest', () => {
  let room: Room
  const start = () => startDigest({ outbox: room.parts().outbox, work: room.work, now: room.now })

  beforeEach(async () => {
    room = await startRoom()
    room.let('vera', ['Site.Modify', 'Collection.ReadResource'], allDevices)
    for (const [name, collection] of [
      ['all', allDevices],
      ['berlin', 'Berlin'],
    ] as const) {
      await room.join(name)
      await room.subscribe(name, 'vera', ['digest'], collection)
    }
  })
  afterEach(() => room.close())

  const told = () => room.posted.map(({ conversation, reply }) => `${conversation}: ${sentencesOf(reply)[0]}`).sort()

  it('is told on Mondays, once, of the collection that is heard there', async () => {
    const week = ['all: card of All Mobile Devices', 'berlin: card of Berlin']
    await start()
    await room.drain()
    assert.deepEqual(told(), week, 'it is Monday')
    await room.restart()
    await start()
    await room.drain(6 * day)
    assert.deepEqual(told(), week, 'it is Sunday')
    await room.drain(day)
    assert.deepEqual(told(), [...week, ...week].sort())
    assert.deepEqual(new Date(room.now()).getUTCDay(), 1)
  })

  it('is not told a day late', async () => {
    room.pass(1.5 * day)
    await start()
    await room.drain(day)
    assert.deepEqual(told(), [])
  })
})
