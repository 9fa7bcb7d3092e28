import assert from 'node:assert/strict'
import type { Health } from '../../src/connector/health.ts'
import { healthAtStart, healthNews } from '../../src/notify/connectorNews.ts'
import { newsOf } from '../../src/notify/requestNews.ts'
import type { Request } from '../../src/requests/request.ts'
import { idOf } from './room.ts'

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

const actor = (name: string) => ({ tenant: 'b6b1a2f0-6f3e-4a53-8a45-5b9a4a2d9d01', id: idOf(name), name })
const wipe = (status: Request['status'], v: number): Request => ({
  ...{ id: 'R1042', v, told: 0, requester: actor('hanna'), reason: 'stolen', needed: 1, round: 0, status },
  ...{ asked: now.toISOString(), history: [{ at: now.toISOString(), text: 'It goes on.' }] },
  subject: {
    ...{ kind: 'wipe', connector: 'Contoso', guid: 'g', deviceId: 'd', mailbox: 'm', name: 'adele_iPhone' },
    ...{ shortId: 'g', what: 'iPhone', owners: [], effect: 'phone', obstacles: [] },
  },
  approvals: [{ by: actor('omar'), at: now.toISOString(), addresses: [] }],
})
const around = {
  ...{ at: now.toISOString(), approvers: [], security: [], collections: [], head: '7:abc' },
  owners: [idOf('adele')],
}

describe('news of a request', () => {
  const approved = wipe({ state: 'approved', at: now.toISOString(), executeBy: now.toISOString() }, 2)

  it('go to its channel as one story, and as a receipt with the audit head to who asked and who approved', () => {
    const events = newsOf(approved, around)
    const done = newsOf(wipe({ state: 'gone', at: now.toISOString() }, 5), around)
    assert.deepEqual([events[0]?.story, done[0]?.story], ['request R1042', 'request R1042'])
    for (const all of [events, done]) {
      const receipt = all.find(({ key }) => key.endsWith('receipt'))
      assert.deepEqual(receipt?.to, [idOf('hanna'), idOf('omar')])
      assert.match(receipt?.text ?? '', /audit record ends with 7:abc/)
      assert.deepEqual(receipt?.kinds, [])
    }
  })

  it('tell the owner once, personally, and nobody where no owner is to be told', () => {
    const [told] = newsOf(approved, around).filter(({ key }) => key.endsWith('owner'))
    assert.deepEqual([told?.to, told?.kinds, told?.read], [[idOf('adele')], [], undefined])
    assert.match(told?.text ?? '', /erase this from your phone: everything on it.*call your helpdesk now/)
    assert.deepEqual(
      newsOf(approved, { ...around, owners: [] }).filter(({ key }) => key.endsWith('owner')),
      [],
    )
  })
})
