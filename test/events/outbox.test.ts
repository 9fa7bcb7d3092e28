import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event, Published } from '../../src/events/event.ts'
import { openOutbox } from '../../src/events/outbox.ts'
import { openFileStore } from '../../src/store/files.ts'
import { createLocalWork } from '../../src/store/work.ts'
import { eventually } from '../desk.ts'

const event = (key: string): Event => ({
  key,
  kinds: ['access'],
  at: '2026-11-23T10:00:00.000Z',
  subject: { of: 'site' },
  story: key,
  title: key,
  text: `${key} happened.`,
})

describe('the outbox', () => {
  let folder: string
  let now: Date
  let stop: (() => Promise<void>)[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outbox-'))
    now = new Date('2026-11-23T10:00:00Z')
    stop = []
  })
  afterEach(async () => {
    for (const end of stop.reverse()) await end()
    await rm(folder, { recursive: true })
  })

  /** The outbox as a process has it; `end` lets go of the folder. */
  async function open() {
    const store = await openFileStore({ folder, kind: 'demo' })
    const work = createLocalWork({ now: () => new Date(), log: { error: () => {} } })
    const outbox = await openOutbox({ store, work, now: () => now })
    const end = async () => {
      stop = stop.filter((one) => one !== end)
      await work.close()
      await store.close()
    }
    stop.push(end)
    return { outbox, end }
  }
  const keysOf = async (all: AsyncIterable<Published>) => {
    const keys: string[] = []
    for await (const { key } of all) keys.push(key)
    return keys
  }

  it('keeps events in the order in which they became known, across a restart', async () => {
    const first = await open()
    await first.outbox.publish(event('a'), event('b'))
    await first.outbox.publish(event('c'))
    await first.end()
    const { outbox } = await open()
    await outbox.publish(event('d'))
    assert.deepEqual(await keysOf(outbox.all()), ['a', 'b', 'c', 'd'])
    assert.deepEqual(
      (await outbox.get([2, 4])).map(({ key, n }) => [key, n]),
      [
        ['b', 2],
        ['d', 4],
      ],
    )
  })

  it('knows an event by its key: again, at once, and after a restart', async () => {
    const first = await open()
    await Promise.all([1, 2, 3].map(() => first.outbox.publish(event('a'), event('b'), event('a'))))
    await first.outbox.publish(event('b'), event('c'))
    await first.end()
    const { outbox } = await open()
    await outbox.publish(event('a'), event('c'), event('d'))
    assert.deepEqual(await keysOf(outbox.all()), ['a', 'b', 'c', 'd'])
  })

  it('hands every event to each who follows, in order, also those of before they followed', async () => {
    const { outbox } = await open()
    await outbox.publish(event('a'))
    const heard: Record<string, string[]> = { one: [], two: [] }
    for (const name of ['one', 'two'])
      await outbox.follow(name, async (events) => void heard[name]?.push(...events.map(({ key }) => key)))
    const many = Array.from({ length: 1000 }, (_, at) => `k${at}`)
    await Promise.all(many.map((key) => outbox.publish(event(key))))
    const all = await keysOf(outbox.all())
    assert.equal(all.length, 1001)
    for (const name of ['one', 'two']) {
      await eventually(() => heard[name]?.length === 1001)
      assert.deepEqual(heard[name], all)
    }
  })

  it('hands events over again until the job did not fail, and goes on there after a restart', async () => {
    const first = await open()
    let tries = 0
    await first.outbox.publish(event('a'))
    await first.outbox.follow('one', async () => {
      tries += 1
      if (tries === 1) throw new Error('the process has no luck')
    })
    await eventually(() => tries === 2)
    await first.end()
    const { outbox } = await open()
    const heard: string[] = []
    await outbox.follow('one', async (events) => void heard.push(...events.map(({ key }) => key)))
    await outbox.publish(event('b'))
    await eventually(() => heard.length > 0)
    assert.deepEqual(heard, ['b'])
  })

  it('reads from disk what is too old for memory', async () => {
    const { outbox } = await open()
    const keys = Array.from({ length: 21_000 }, (_, at) => `k${at}`)
    await outbox.publish(...keys.map(event))
    assert.deepEqual(await keysOf(outbox.all()), keys)
    assert.deepEqual(
      (await outbox.get([1, 21_000])).map(({ key }) => key),
      ['k0', 'k20999'],
    )
  })

  it('forgets events, and their keys, when eight newer days are full', async () => {
    const { outbox, end } = await open()
    for (let day = 1; day <= 9; day++) {
      now = new Date(`2026-12-0${day}T10:00:00Z`)
      await outbox.publish(event(`day ${day}`))
    }
    const kept = Array.from({ length: 8 }, (_, at) => `day ${at + 2}`)
    assert.deepEqual(await keysOf(outbox.all()), kept)
    await end()
    const again = await open()
    await again.outbox.publish(event('day 1'), event('day 2'))
    assert.deepEqual(await keysOf(again.outbox.all()), [...kept, 'day 1'])
  })

  it('lets a clock that is set back lose nothing', async () => {
    const { outbox } = await open()
    await outbox.publish(event('a'))
    now = new Date('2026-11-20T10:00:00Z')
    await outbox.publish(event('b'))
    assert.deepEqual(await keysOf(outbox.all()), ['a', 'b'])
  })
})
