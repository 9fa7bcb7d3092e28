import assert from 'node:assert/strict'
import { failureOf, type Health, isNews, newborn, nextHealth, type Outcome } from '../../src/connector/health.ts'

const start = new Date('2026-11-23T08:00:00Z')
const minute = (minutes: number) => new Date(start.getTime() + minutes * 60_000)
const worked: Outcome = { kind: 'worked', restrictions: [] }
const limited: Outcome = { kind: 'worked', restrictions: ['it sees one domain only'] }
const failed: Outcome = { kind: 'failed', problem: 'no answer' }

/** The states that these outcomes lead through, one a minute. */
function through(...outcomes: readonly Outcome[]): Health[] {
  const healths = [newborn(start)]
  for (const outcome of outcomes)
    healths.push(nextHealth(healths.at(-1) ?? assert.fail(), outcome, minute(healths.length)))
  return healths
}
const statesOf = (healths: readonly Health[]) => healths.map(({ state }) => state)

describe('the health of a connector', () => {
  it('goes from starting to healthy, and stays so since the first time', () => {
    const healths = through(worked, worked, worked)
    assert.deepEqual(statesOf(healths), ['starting', 'healthy', 'healthy', 'healthy'])
    assert.equal(healths.at(-1)?.since, minute(1).toISOString())
  })

  it('is a failure with the second try that fails, and the same failure from then on', () => {
    const healths = through(failed, failed, failed, failed)
    assert.deepEqual(statesOf(healths), ['starting', 'starting', 'failed', 'failed', 'failed'])
    assert.equal(healths.at(-1)?.since, minute(2).toISOString())
  })

  it('tries every 60 minutes what never worked', () => {
    for (const health of through(failed, failed, failed, failed).slice(1)) {
      const failure = failureOf(health) ?? assert.fail()
      assert.equal(failure.nextTry, minute(failure.tries + 60).toISOString())
    }
  })

  it('tries sooner what worked before, and then ever later', () => {
    const healths = through(worked, failed, failed, failed, failed, failed, failed)
    assert.deepEqual(statesOf(healths).slice(1), ['healthy', 'degraded', ...Array(5).fill('failed')])
    const pauses = healths.slice(2).map((health, position) => {
      const next = Date.parse(failureOf(health)?.nextTry ?? '')
      return (next - minute(position + 2).getTime()) / 60_000
    })
    assert.deepEqual(pauses, [5, 10, 20, 40, 60, 60])
  })

  it('is news when it fails, recovers or works in another way, and not for a single try that fails', () => {
    const news = (...outcomes: readonly Outcome[]) =>
      through(...outcomes).filter((after, at, all) => isNews(all[at - 1] ?? after, after)).length
    assert.equal(news(worked, failed, worked, failed, worked), 0)
    assert.equal(news(worked, failed, failed, failed, failed, worked), 2)
    assert.equal(news(failed, failed, failed, worked), 2)
    assert.equal(news(limited, failed, limited, worked), 2)
  })

  it('recovers with one success, and forgets the failure', () => {
    const healths = through(worked, failed, failed, worked, failed)
    assert.deepEqual(statesOf(healths), ['starting', 'healthy', 'degraded', 'failed', 'healthy', 'degraded'])
    assert.equal(failureOf(healths[4] ?? assert.fail()), undefined)
    assert.equal(failureOf(healths[5] ?? assert.fail())?.tries, 1)
  })

  it('is degraded where it works but not as it should', () => {
    const healths = through(limited, limited, failed, limited, worked)
    assert.deepEqual(statesOf(healths), ['starting', 'degraded', 'degraded', 'degraded', 'degraded', 'healthy'])
    assert.equal(healths[2]?.since, minute(1).toISOString())
    assert.deepEqual(healths[3], { ...healths[2], failure: failureOf(healths[3] ?? assert.fail()) })
  })
})
