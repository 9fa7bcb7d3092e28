import assert from 'node:assert/strict'
import { nextFull, nextRead } from '../../src/connector/schedule.ts'

const at = (text: string) => new Date(`2026-11-${text}:00Z`)
const schedule = { fullSyncSchedule: '24h', deltaSyncMins: 240 }
const nothing = { full: undefined, delta: undefined, fullWanted: false, deltaWanted: false }

describe('the schedule of a connector', () => {
  it('reads all every so many hours', () => {
    assert.deepEqual(nextFull('24h', at('23T08:15')), at('24T08:15'))
    assert.deepEqual(nextFull('6h', at('23T20:15')), at('24T02:15'))
  })

  it('reads all every day at a time, whenever it read last', () => {
    assert.deepEqual(nextFull('02:30', at('23T08:15')), at('24T02:30'))
    assert.deepEqual(nextFull('02:30', at('23T01:00')), at('23T02:30'))
    assert.deepEqual(nextFull('02:30', at('23T02:30')), at('24T02:30'))
  })

  it('begins by reading all', () => {
    assert.deepEqual(nextRead(schedule, { ...nothing, deltaWanted: true }, at('23T08:00')), {
      kind: 'full',
      at: at('23T08:00'),
    })
  })

  it('reads what is new in between, counted from the last read of either kind', () => {
    const full = at('23T08:00')
    assert.deepEqual(nextRead(schedule, { ...nothing, full }, at('23T09:00')), { kind: 'delta', at: at('23T12:00') })
    const delta = at('23T12:00')
    assert.deepEqual(nextRead(schedule, { ...nothing, full, delta }, at('23T12:01')), {
      kind: 'delta',
      at: at('23T16:00'),
    })
  })

  it('reads all and not what is new when both are due', () => {
    const late = { ...nothing, full: at('22T08:00'), delta: at('23T04:00'), deltaWanted: true }
    assert.deepEqual(nextRead(schedule, late, at('23T08:30')), { kind: 'full', at: at('23T08:00') })
  })

  it('reads at once what people want', () => {
    const read = { ...nothing, full: at('23T08:00') }
    assert.deepEqual(nextRead(schedule, { ...read, fullWanted: true }, at('23T08:01')), {
      kind: 'full',
      at: at('23T08:01'),
    })
    assert.deepEqual(nextRead(schedule, { ...read, deltaWanted: true }, at('23T08:01')), {
      kind: 'delta',
      at: at('23T08:01'),
    })
  })
})
