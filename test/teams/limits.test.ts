import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { createLimits as createTeamsLimits } from '../../src/sandbox/teams/limits.ts'
import { type Call, createLimits, type Pace } from '../../src/teams/limits.ts'

/** Time that passes only when nothing else is left to do. */
function createTime() {
  let now = 1_000_000
  const timers = new Set<{ at: number; ring(): void }>()
  const pace: Pace = {
    now: () => now,
    wait: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const timer = { at: now + Math.max(0, milliseconds), ring: resolve }
        timers.add(timer)
        signal.addEventListener('abort', () => {
          timers.delete(timer)
          reject(signal.reason)
        })
      }),
  }
  return {
    pace,
    /** Lets time pass until nobody waits for it any more, or until this much has passed. */
    async run(most = Number.POSITIVE_INFINITY) {
      const end = now + most
      for (;;) {
        await setImmediate()
        const next = [...timers].sort((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > end) break
        timers.delete(next)
        now = next.at
        next.ring()
      }
      if (end < Number.POSITIVE_INFINITY) now = end
    },
  }
}

const never = new AbortController().signal
const post = (thread: string, urgent = false): Call => ({ thread, kind: 'write', urgent })

/** Teams itself, as the sandbox counts: it counts a call some time after it was sent and before it is answered. */
function createTeams({ pace }: ReturnType<typeof createTime>) {
  const limits = createTeamsLimits(pace.now)
  const refused: string[] = []
  const taken: { thread: string; at: number }[] = []
  return {
    refused,
    taken,
    call: (limit: ReturnType<typeof createLimits>, call: Call, there = 0, back = 0) =>
      limit.run(call, async () => {
        await pace.wait(there, never)
        if (limits.take(call.kind === 'write' ? 'send' : 'read', call.thread) !== undefined) refused.push(call.thread)
        taken.push({ thread: call.thread, at: pace.now() })
        await pace.wait(back, never)
      }),
  }
}

describe("Teams' limits", () => {
  it('never bite, whatever is sent when and however long it is on its way', async () => {
    const sending = fc.record({
      thread: fc.constantFrom('a', 'b', 'c'),
      kind: fc.constantFrom<Call['kind']>('write', 'write', 'write', 'read'),
      urgent: fc.boolean(),
      after: fc.integer({ min: 0, max: 3000 }),
      there: fc.integer({ min: 0, max: 400 }),
      back: fc.integer({ min: 0, max: 400 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(sending, { minLength: 20, maxLength: 150 }), async (sendings) => {
        const time = createTime()
        const teams = createTeams(time)
        const limits = createLimits({ pace: time.pace, signal: never })
        const all = sendings.map(async ({ after, there, back, ...call }) => {
          await time.pace.wait(after, never)
          await teams.call(limits, call, there, back)
        })
        await time.run()
        await Promise.all(all)
        assert.deepEqual(teams.refused, [])
        assert.equal(teams.taken.length, sendings.length)
      }),
      { numRuns: 40 },
    )
  })

  it('are used nearly to the full: a burst, then what the longer windows leave', async () => {
    const time = createTime()
    const teams = createTeams(time)
    const limits = createLimits({ pace: time.pace, signal: never })
    const start = time.pace.now()
    for (let n = 0; n < 120; n++) void teams.call(limits, post('a'))
    await time.run()
    const times = teams.taken.map(({ at }) => at - start)
    assert.deepEqual([times[0], times[6], times[57], times[58]], [0, 1000, 16_000, 30_000])
    assert.ok((times[5] ?? 1000) < 100)
    assert.deepEqual([times.length, teams.refused], [120, []])
  })

  it('hold for all threads together', async () => {
    const time = createTime()
    const teams = createTeams(time)
    const limits = createLimits({ pace: time.pace, signal: never })
    const start = time.pace.now()
    for (let n = 0; n < 200; n++) void teams.call(limits, post(`thread ${n}`))
    await time.run()
    const within = (second: number) => teams.taken.filter(({ at }) => Math.floor((at - start) / 1000) === second).length
    assert.deepEqual([within(0), within(1), within(4), teams.refused], [49, 49, 4, []])
  })

  it('let answers to people go before notifications, in places that nothing else takes', async () => {
    const time = createTime()
    const teams = createTeams(time)
    const limits = createLimits({ pace: time.pace, signal: never })
    for (let n = 0; n < 100; n++) void teams.call(limits, post('a'))
    for (let n = 0; n < 100; n++) void teams.call(limits, post(`thread ${n}`))
    await time.run(500)
    const asked = time.pace.now()
    const answer = teams.call(limits, post('a', true)).then(() => time.pace.now() - asked)
    const elsewhere = teams.call(limits, post('b', true)).then(() => time.pace.now() - asked)
    await time.run()
    assert.deepEqual([await answer, await elsewhere, teams.refused], [0, 0, []])
  })

  it('let ten answers a second pass nearly at once, though notifications use all that is left', async () => {
    const time = createTime()
    const teams = createTeams(time)
    const limits = createLimits({ pace: time.pace, signal: never })
    for (let n = 0; n < 300; n++) void teams.call(limits, post(`thread ${n}`), 5, 5)
    const waits: Promise<number>[] = []
    for (let n = 0; n < 40; n++) {
      await time.run(97)
      const asked = time.pace.now()
      waits.push(limits.run(post(`person ${n}`, true), async () => time.pace.now() - asked))
    }
    await time.run()
    assert.ok(Math.max(...(await Promise.all(waits))) <= 50)
    assert.deepEqual([teams.taken.length, teams.refused], [300, []])
  })

  it('are shared by all live replicas', async () => {
    const time = createTime()
    const teams = createTeams(time)
    const replicas = [1, 2, 3].map(() => createLimits({ pace: time.pace, share: () => 3, signal: never }))
    for (let n = 0; n < 60; n++)
      for (const limits of replicas) void teams.call(limits, post(n % 3 === 0 ? 'a' : `thread ${n}`), 20, 20)
    await time.run()
    assert.deepEqual([teams.taken.length, teams.refused], [180, []])
  })

  it('leave a thread alone for as long as Teams asked for, and the others not', async () => {
    const time = createTime()
    const teams = createTeams(time)
    const limits = createLimits({ pace: time.pace, signal: never })
    const start = time.pace.now()
    limits.hold('a', 5000)
    for (const thread of ['a', 'b']) void teams.call(limits, post(thread))
    await time.run()
    assert.deepEqual(
      teams.taken.map(({ thread, at }) => [thread, at - start]),
      [
        ['b', 0],
        ['a', 5000],
      ],
    )
  })

  it('give a place back when a call fails', async () => {
    const time = createTime()
    const limits = createLimits({ pace: time.pace, signal: never })
    const fail = () => limits.run(post('a'), () => Promise.reject(new Error('lost')))
    const results = Array.from({ length: 9 }, () => fail().then(String, ({ message }) => message))
    await time.run()
    assert.deepEqual(await Promise.all(results), Array(9).fill('lost'))
  })

  it('let nobody wait for a place when the bot stops', async () => {
    const time = createTime()
    const stopping = new AbortController()
    const limits = createLimits({ pace: time.pace, signal: stopping.signal })
    const results = Array.from({ length: 9 }, () =>
      limits.run(post('a'), async () => 'sent').catch(({ message }) => message),
    )
    await time.run(200)
    stopping.abort(new Error('stopping'))
    const ends = await Promise.all(results)
    assert.deepEqual([ends.filter((one) => one === 'sent').length, ends.at(-1)], [6, 'stopping'])
    await assert.rejects(
      limits.run(post('b'), async () => {}),
      /stopping/,
    )
  })
})
