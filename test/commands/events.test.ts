import assert from 'node:assert/strict'
import type { Context } from '../../src/commands/command.ts'
import { events } from '../../src/commands/events.ts'
import type { Published } from '../../src/events/event.ts'
import { deviceEvent } from '../notify/room.ts'

const group = 'devices quarantined by the rule “iPhone 5”'
const all: Published[] = Array.from({ length: 30 }, (_, at) => ({
  ...deviceEvent(`e${at + 1}`, `phone ${at + 1}`, { group: at === 29 ? 'new devices' : group }),
  n: at + 1,
}))

/** Somebody who may see some phones, in a chat or a channel. */
function contextOf(seen: (guid: string) => boolean, scope: Context['scope']): Context {
  return {
    outbox: {
      async *all() {
        yield* all
      },
    },
    inventory: { get: ({ guid }: { guid: string }) => ({ guid }) },
    rights: { may: ({ guid }: { guid: string }) => seen(guid), holds: () => false },
    now: () => new Date('2026-11-23T10:00:00Z'),
    scope,
  } as unknown as Context
}

describe('events', () => {
  it('lists what was told together page by page, with the whole of it as a file in personal chat', async () => {
    const context = contextOf(() => true, 'personal')
    const first = await events.check({ group, from: '1', to: '30' })(context, undefined)
    assert.ok(first.template === 'news')
    assert.deepEqual([first.data.title, first.data.steps.length], [`29 ${group}`, 20])
    const [more, csv] = first.buttons ?? []
    const next = await events.check(more?.data ?? {})(context, undefined)
    assert.ok(next.template === 'news' && next.data.steps.length === 9)
    assert.equal(csv?.title, 'As a file (CSV)')
    const { file } = await events.check(csv?.data ?? {})(context, undefined)
    assert.deepEqual(file?.from, { verb: 'events', data: csv?.data })
    assert.equal([...(file?.rows() ?? [])].length, 29)
  })

  it('tells and hands out only what one may see, and files only in personal chat', async () => {
    const asked = { group, from: '1', to: '10', as: 'csv' }
    const some = await events.check(asked)(
      contextOf((guid) => guid === 'phone 7', 'personal'),
      undefined,
    )
    assert.deepEqual(
      [...(some.file?.rows() ?? [])].map(([, about]) => about),
      ['phone 7'],
    )
    const shared = await events.check(asked)(
      contextOf(() => true, 'channel'),
      undefined,
    )
    assert.deepEqual([shared.file, shared.buttons], [undefined, []])
    assert.ok(shared.template === 'news')
    assert.match(shared.data.text, /in our chat/)
  })
})
