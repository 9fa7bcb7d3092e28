import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { Work } from '../../src/store/work.ts'
import { eventually } from '../desk.ts'

/** Seconds in which anything happens, also where others are busy. */
const busy = 60

/** What every carrier of work does; `open` gives one more process's share in the same work. */
export function behavesLikeWork(open: () => Promise<Work>) {
  let work: Work
  let done: string[]

  const soon = (milliseconds: number) => new Date(Date.now() + milliseconds)
  const isDone = (...expected: string[]) => eventually(() => done.join() === expected.join(), busy)

  beforeEach(async () => {
    work = await open()
    done = []
  })
  afterEach(() => work.close())

  it('does what is due, once however often it was asked for', async () => {
    work.on('greet', async (key) => void done.push(key))
    await Promise.all(Array.from({ length: 20 }, () => work.due('greet', 'ana', soon(300))))
    await work.due('greet', 'bo')
    await eventually(() => done.length >= 2, busy)
    await wait(300)
    assert.deepEqual(done.toSorted(), ['ana', 'bo'])
  })

  it('keeps the earlier of two times, whichever comes first', async () => {
    work.on('greet', async (key) => void done.push(key))
    await work.due('greet', 'ana', soon(3_600_000))
    await work.due('greet', 'ana', soon(100))
    await work.due('greet', 'bo')
    await work.due('greet', 'bo', soon(3_600_000))
    await eventually(() => done.includes('ana') && done.includes('bo'), busy)
  })

  it('does one key at a time and other keys meanwhile; what becomes due while it runs is done again after', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let running = 0
    work.on('greet', async (key) => {
      if (key === 'ana') {
        running += 1
        assert.equal(running, 1)
        await gate
        running -= 1
      }
      done.push(key)
    })
    await work.due('greet', 'ana')
    await eventually(() => running === 1, busy)
    for (let n = 0; n < 5; n += 1) await work.due('greet', 'ana')
    await work.due('greet', 'bo')
    await isDone('bo')
    open()
    await isDone('bo', 'ana', 'ana')
  })

  it('tries again what failed', async () => {
    let tries = 0
    work.on('greet', async (key) => {
      tries += 1
      if (tries === 1) throw new Error('not yet')
      done.push(key)
    })
    await work.due('greet', 'ana')
    await isDone('ana')
  })

  it('ends what runs when it is closed, and starts no more', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let running = false
    work.on('greet', async (key) => {
      running = true
      await gate
      done.push(key)
    })
    await work.due('greet', 'ana')
    await eventually(() => running, busy)
    await work.due('greet', 'ana')
    const closed = work.close()
    setTimeout(open, 50)
    await closed
    assert.deepEqual(done, ['ana'])
  })
}
