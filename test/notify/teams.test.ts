import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Fault } from '../../src/sandbox/teams/faults.ts'
import type { SandboxTeams } from '../../src/sandbox/teams/start.ts'
import { type Json, textOf } from '../desk.ts'
import { createWork, deviceEvent } from './room.ts'
import { channelOf, type Notifier, openNotifier, startTeams, theirChat } from './teams.ts'

/** Teams' limits count minutes; a test does not wait for them. */
const hurry = 2000
const fast = () => performance.now() * hurry
const channel = channelOf(0)
const where = { card: 'send', thread: 'send', edit: 'update' } as const
type Point = keyof typeof where
const points = ['card', 'thread', 'edit'] as const

describe('notifications in Teams', () => {
  let folder: string
  let teams: SandboxTeams
  let clock: ReturnType<typeof createWork>
  let notifier: Notifier

  async function open() {
    clock = createWork(new Date('2026-11-23T10:00:00Z'))
    const wait = (milliseconds: number, signal: AbortSignal) =>
      setTimeout(milliseconds / hurry, undefined, { signal, ref: false })
    const { work, now } = clock
    const pace = { now: fast, wait }
    notifier = await openNotifier({ folder, teams, work, now, pace, gather: 3000, onStep: () => {} })
  }
  async function restart() {
    await notifier.close()
    await open()
  }
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'notify-'))
    teams = await startTeams(folder, 1, { now: fast })
    await open()
  })
  after(async () => {
    await notifier.close()
    await teams.close()
    await rm(folder, { recursive: true })
  })

  let story = 0
  const happens = (what: string) =>
    notifier.outbox.publish(deviceEvent(`${story} ${what}`, `phone ${story}`, { text: `${what} of story ${story}.` }))

  /** Two events of one story; Teams fails at the point, so often, and the process ends after it did. */
  async function tell(point: Point, fault: { status: number; retryAfter?: number } | 'lost-before' | 'lost-after') {
    story += 1
    await notifier.listen(channel)
    const fail = (times: number) => {
      const about = { operation: where[point], times }
      teams.fault(
        (typeof fault === 'string'
          ? { ...about, effect: fault }
          : { ...about, effect: 'status', ...fault }) satisfies Fault,
      )
    }
    const times = typeof fault !== 'string' && [400, 403, 404, 413].includes(fault.status) ? 1 : 7
    if (point === 'card') fail(times)
    for (const what of ['First', 'Second']) {
      await happens(what)
      if (what === 'Second' && point !== 'card') fail(times)
      await clock.drain(4000)
      await restart()
      await clock.drain()
    }
    const own = teams.messages('viktor', channel).filter(({ text, attachments }) => {
      const [card] = attachments as Json
      return text === '' && textOf(card?.content).includes(`story ${story}.`)
    })
    const read = own.map(({ id, thread, attachments }) => ({
      at: id === thread ? 'root' : 'thread',
      text: textOf((attachments[0] as Json).content),
    }))
    return {
      roots: read.filter(({ at }) => at === 'root').map(({ text }) => text),
      thread: read.filter(({ at }) => at === 'thread').map(({ text }) => text),
    }
  }

  for (const point of points) {
    it(`come through after any failure of the moment and a restart, once (${point})`, async () => {
      for (const status of [401, 412, 429, 500, 502, 503, 504]) {
        const { roots, thread } = await tell(point, { status, ...(status === 429 && { retryAfter: 1 }) })
        assert.deepEqual([roots.length, thread.length], [1, 1], `${status}`)
        assert.match(roots[0] ?? '', /Second of.*First of/s, `${status}`)
        assert.match(thread[0] ?? '', /Second of/, `${status}`)
      }
      const { roots, thread } = await tell(point, 'lost-before')
      assert.deepEqual([roots.length, thread.length], [1, 1])
    })

    it(`appear again where the answer to their own post was lost, and nowhere else (${point})`, async () => {
      const { roots, thread } = await tell(point, 'lost-after')
      assert.deepEqual([roots.length > 1, thread.length > 1], [point === 'card', point === 'thread'])
      assert.match(roots.at(-1) ?? '', /Second of.*First of/s)
    })

    it(`are made smaller when Teams says that they are too large (${point})`, async () => {
      const { roots, thread } = await tell(point, { status: 413 })
      assert.deepEqual([roots.length, thread.length], [1, 1])
      assert.match(`${roots} ${thread}`, /Second of/)
    })
  }

  for (const status of [403, 404]) {
    it(`end where the bot may not write any more, which the person who set them up is told (${status})`, async () => {
      const { roots, thread } = await tell('card', { status })
      assert.deepEqual([roots, thread, await notifier.subscriptions.of(channel)], [[], [], []])
      const told = teams
        .messages('viktor', theirChat)
        .map(({ attachments }) => textOf((attachments[0] as Json).content))
      assert.match(told.at(-1) ?? '', /Notifications to .* have ended/)
    })

    it(`begin a story anew when its message is not there any more (${status})`, async () => {
      const anew = await tell('thread', { status })
      assert.deepEqual([anew.roots.length, anew.thread.length], [2, 0])
      assert.match(anew.roots[1] ?? '', /Second of/)
      const edited = await tell('edit', { status })
      assert.deepEqual([edited.roots.length, edited.thread.length], [1, 1])
    })
  }

  it('leave out what Teams cannot read, count it, and go on', async () => {
    for (const point of points) {
      const { refused = 0 } = (await notifier.notify.load()).dropped
      assert.equal(refused, 0, 'a restart begins to count anew')
      const { roots, thread } = await tell(point, { status: 400 })
      assert.deepEqual([roots.length, thread.length], { card: [1, 0], thread: [1, 0], edit: [1, 1] }[point])
    }
  })

  it("never meet one of Teams' limits", () => {
    const outcomes = teams.calls.filter(({ outcome }) => outcome === 429)
    assert.equal(outcomes.length, 7 * points.length, 'but for those that a test asked for')
  })
}).timeout(60_000)
