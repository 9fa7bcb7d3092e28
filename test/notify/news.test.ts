import assert from 'node:assert/strict'
import type { Health } from '../../src/connector/health.ts'
import { healthAtStart, healthNews } from '../../src/notify/connectorNews.ts'

const now = new Date('2026-11-23T10:00:00Z')
const healthy: Health = { state: 'healthy', since: '2026-11-20T08:00:00.000Z' }
const failed: Health = {
  state: 'failed',
  since: '2026-11-23T09:00:00.000Z',
  hasWorked: true,
  failure: { problem: 'It does not answer.', tries: 2, nextTry: '2026-11-23T10:10:00.000Z' },
}

describe('news of a connector', () => {
  it('share one story from failure to recovery', () => {
    const failure = healthNews('Contoso', healthy, failed, now)
    const recovery = healthNews('Contoso', failed, { state: 'healthy', since: now.toISOString() }, now)
    assert.equal(failure.story, recovery.story)
    assert.notEqual(failure.key, recovery.key)
    assert.match(failure.text, /has failed: It does not answer\./)
  })

  it('are made again at the start with the same key, so that a change is told though the process ended with it', () => {
    const told = healthNews('Contoso', healthy, failed, now)
    const [again] = healthAtStart([{ name: 'Contoso', health: failed }], now)
    assert.equal(again?.key, told.key)
    assert.equal(again?.story, told.story)
  })

  it('are not made at the start of what was long ago or never worked', () => {
    const long: Health = { state: 'healthy', since: '2026-11-10T08:00:00.000Z' }
    const starting: Health = { state: 'starting', since: now.toISOString() }
    assert.deepEqual(
      healthAtStart(
        [
          { name: 'Contoso', health: long },
          { name: 'Fabrikam', health: starting },
        ],
        now,
      ),
      [],
    )
  })
})
