import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Published } from '../../src/events/event.ts'
import { nextTelling } from '../../src/notify/grouping.ts'
import { deviceEvent } from './room.ts'

const arbitrary = fc
  .array(
    fc.record({
      guid: fc.integer({ min: 1, max: 12 }).map((n) => `phone ${n}`),
      group: fc.constantFrom(undefined, 'devices blocked', 'devices quarantined'),
    }),
    { maxLength: 80 },
  )
  .map((all) => all.map(({ guid, group }, n): Published => ({ ...deviceEvent(`e${n}`, guid, { group }), n: n + 1 })))
const storms = fc.subarray(['storm devices blocked', 'storm devices quarantined']).map((all) => new Set(all))

/** Everything that is told, message by message. */
function tellAll(events: readonly Published[], open: ReadonlySet<string>) {
  const messages: NonNullable<ReturnType<typeof nextTelling>>[] = []
  let waiting = events
  for (;;) {
    const telling = nextTelling(waiting, open)
    if (telling === undefined) return messages
    messages.push(telling)
    waiting = waiting.filter((event) => !telling.events.includes(event))
  }
}

describe('grouping', () => {
  it('tells each event once, and those of a sort and those of a story in order', () => {
    fc.assert(
      fc.property(arbitrary, storms, (events, open) => {
        const told = tellAll(events, open).flatMap((telling) => telling.events)
        assert.deepEqual(
          told.map(({ n }) => n).sort((a, b) => a - b),
          events.map(({ n }) => n),
        )
        const inOrder = (own: readonly Published[]) => own.every(({ n }, at) => n > (own[at - 1]?.n ?? 0))
        for (const { story, group } of events) {
          const sort = told.filter((event) => event.group === group)
          assert.ok(inOrder(group === undefined ? sort.filter((event) => event.story === story) : sort))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('tells messages in the order of their first events', () => {
    fc.assert(
      fc.property(arbitrary, storms, (events, open) => {
        const firsts = tellAll(events, open).map((telling) => telling.events[0]?.n ?? 0)
        const rest = (n: number) => events.filter((event) => event.n < n).length
        for (const [at, first] of firsts.entries()) assert.ok(rest(first) >= at, `${first} is told as message ${at}`)
      }),
    )
  })

  it('makes a storm of more than five stories of one sort, and of nothing else', () => {
    fc.assert(
      fc.property(arbitrary, (events) => {
        const [first] = events
        const telling = nextTelling(events, new Set())
        if (first === undefined || telling === undefined) return
        const alike = events.filter(({ group }) => group !== undefined && group === first.group)
        const stories = new Set(alike.map(({ story }) => story))
        assert.equal(telling.kind, stories.size > 5 ? 'storm' : 'story')
        if (telling.kind === 'storm') assert.deepEqual(telling.events, alike)
      }),
    )
  })

  it('goes on with a storm that is still told, however few more there are', () => {
    const event = { ...deviceEvent('a', 'phone', { group: 'devices blocked' }), n: 1 }
    assert.equal(nextTelling([event], new Set())?.kind, 'story')
    assert.equal(nextTelling([event], new Set(['storm devices blocked']))?.kind, 'storm')
  })
})
