import assert from 'node:assert/strict'
import { createExchange, type Exchange } from '../../src/connector/exchange.ts'
import { createLine } from '../../src/connector/line.ts'
import { BotError } from '../../src/errors.ts'
import { until } from './site.ts'

const forever = new AbortController().signal
const hour = 60 * 60_000

/** A line to an organization that can be reached or not, and what happened on it. */
function start({ breakMs = hour }: { breakMs?: number } = {}) {
  const seen = { opened: 0, closed: 0, breaks: 0, isReachable: true }
  const line = createLine({
    name: 'Contoso',
    breakMs,
    onBreak() {
      seen.breaks += 1
    },
    onError: (error) => assert.fail(String(error)),
    async open() {
      seen.opened += 1
      if (!seen.isReachable)
        throw new BotError('EXCHANGE_UNREACHABLE', 'nobody answers', { cause: new Error('nobody answers') })
      return createExchange({
        transport: {
          async *invoke() {},
          async close() {
            seen.closed += 1
          },
        },
      })
    },
  })
  const ask = (work: (exchange: Exchange) => Promise<unknown> = async () => 'done') => line.useNow(work, forever)
  return { seen, line, ask }
}

describe('the line to an organization', () => {
  it('is opened once, whoever wants it at the same time', async () => {
    const { seen, ask } = start()
    assert.deepEqual(await Promise.all([ask(), ask(), ask()]), ['done', 'done', 'done'])
    assert.equal(seen.opened, 1)
  })

  it('is broken after three failures in a row: nobody waits for Exchange then, and the connector is told once', async () => {
    const { seen, ask } = start()
    seen.isReachable = false
    for (const _ of [1, 2, 3]) await assert.rejects(ask(), /Contoso is not connected: nobody answers/)
    seen.isReachable = true
    for (const _ of [1, 2, 3]) await assert.rejects(ask(), /Contoso did not answer 3 times in a row/)
    assert.deepEqual([seen.opened, seen.breaks], [3, 1])
  })

  it('is tried by a single request after a while, which mends it or breaks it again', async () => {
    const { seen, ask } = start({ breakMs: 1 })
    seen.isReachable = false
    for (const _ of [1, 2, 3]) await assert.rejects(ask(), { code: 'EXCHANGE_UNREACHABLE' })
    await until(async () => {
      await assert.rejects(ask(), { code: 'EXCHANGE_UNREACHABLE' })
      return seen.opened === 4
    })
    seen.isReachable = true
    await until(() =>
      ask().then(
        () => true,
        () => false,
      ),
    )
    assert.deepEqual([await ask(), seen.opened], ['done', 5])
  })

  it('is not broken by what Exchange refuses, nor by somebody who gives up', async () => {
    const { seen, ask, line } = start()
    const refused = new BotError('EXCHANGE_REFUSED', 'no such device')
    const gaveUp = AbortSignal.abort()
    const unreachable = new BotError('EXCHANGE_UNREACHABLE', 'given up')
    for (const _ of [1, 2, 3, 4]) {
      await assert.rejects(
        ask(() => Promise.reject(refused)),
        refused,
      )
      await assert.rejects(
        line.useNow(() => Promise.reject(unreachable), gaveUp),
        unreachable,
      )
    }
    assert.equal(await ask(), 'done')
    assert.equal(seen.breaks, 0)
  })

  it('is replaced without a request being cut off, and closed by its last user', async () => {
    const { seen, line, ask } = start()
    const held = Promise.withResolvers<string>()
    const first = ask(() => held.promise)
    await until(() => line.exchange() !== undefined)
    await line.renew()
    assert.deepEqual([await ask(), seen.opened, seen.closed], ['done', 2, 0])
    held.resolve('late')
    assert.equal(await first, 'late')
    assert.equal(seen.closed, 1)
    await line.close()
    assert.equal(seen.closed, 2)
  })
}).timeout(120_000)
