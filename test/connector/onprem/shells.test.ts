import assert from 'node:assert/strict'
import { Interrupted } from '../../../src/connector/onprem/conversation.ts'
import type { Shell } from '../../../src/connector/onprem/shell.ts'
import { createShells } from '../../../src/connector/onprem/shells.ts'

const forever = new AbortController().signal
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Shells that only count themselves. */
function start(options: { size?: number; idleMs?: number; idleSeconds?: number } = {}) {
  const { size = 1, idleMs = 60_000, idleSeconds } = options
  const there = new Set<Shell>()
  let opened = 0
  const state = { isUsable: true, size }
  const shells = createShells({
    size: () => state.size,
    idleMs,
    async open() {
      await turn()
      opened += 1
      const shell: Shell = {
        idleSeconds,
        async *run() {},
        settled: async () => state.isUsable,
        async remove() {
          there.delete(shell)
        },
      }
      there.add(shell)
      return shell
    },
  })
  return { shells, there, state, opened: () => opened }
}

describe('connector/onprem/shells', () => {
  it('uses a shell again, and never has more than it may', async () => {
    const { shells, there, opened } = start({ size: 2 })
    const one = await shells.lease(forever)
    const two = await shells.lease(forever)
    const third = shells.lease(forever)
    await shells.release(two)
    assert.equal(await third, two)
    await shells.release(one)
    assert.equal(await shells.lease(forever), one)
    assert.deepEqual([opened(), there.size], [2, 2])
    await shells.close()
  })

  it('has fewer when its share is smaller, and more when it grows again', async () => {
    const { shells, state } = start({ size: 2 })
    const [one, two] = [await shells.lease(forever), await shells.lease(forever)]
    state.size = 1
    let isServed = false
    const third = shells.lease(forever).then((shell) => {
      isServed = true
      return shell
    })
    await shells.release(one)
    await turn()
    assert.equal(isServed, false)
    await shells.release(two)
    await shells.release(await third)
    state.size = 2
    await Promise.all([shells.lease(forever), shells.lease(forever)])
    await shells.close()
  })

  it('deletes a shell that is no longer usable, and opens another', async () => {
    const { shells, there, state, opened } = start()
    state.isUsable = false
    await shells.release(await shells.lease(forever))
    assert.equal(there.size, 0)
    await shells.lease(forever)
    assert.equal(opened(), 2)
    await shells.close()
  })

  it('serves the queue in order, without those who have left it', async () => {
    const { shells } = start()
    const shell = await shells.lease(forever)
    const leaver = new AbortController()
    const left = assert.rejects(shells.lease(leaver.signal), Interrupted)
    const order: number[] = []
    const served = [1, 2, 3].map(async (number) => {
      const mine = await shells.lease(forever)
      order.push(number)
      await shells.release(mine)
    })
    leaver.abort()
    await left
    await shells.release(shell)
    await Promise.all(served)
    assert.deepEqual(order, [1, 2, 3])
    await shells.close()
  })

  it('deletes what has been idle, well before the server would', async () => {
    for (const options of [{ idleMs: 5 }, { idleSeconds: 0.01 }]) {
      const { shells, there } = start(options)
      await shells.release(await shells.lease(forever))
      while (there.size > 0) await turn()
    }
  })

  it('deletes idle shells when one was lost, and all when it is closed', async () => {
    const { shells, there } = start({ size: 2 })
    const one = await shells.lease(forever)
    await shells.release(await shells.lease(forever))
    shells.forget()
    assert.deepEqual([...there], [one])
    const waiting = [shells.lease(forever), shells.lease(AbortSignal.abort())]
    await assert.rejects(waiting[1] ?? Promise.resolve(), Interrupted)
    await waiting[0]
    await shells.close()
    assert.equal(there.size, 0)
    await assert.rejects(shells.lease(forever), /closed/)
  })

  it('deletes a shell that opens when nobody wants it any more', async () => {
    const { shells, there } = start()
    const control = new AbortController()
    const given = assert.rejects(shells.lease(control.signal), Interrupted)
    control.abort()
    await given
    await shells.close()
    assert.equal(there.size, 0)
  })
})
