import assert from 'node:assert/strict'
import { chatOf } from '../commands/chat.ts'
import { eventually, people, startDesk, type TestDesk } from '../desk.ts'

describe('the metrics of what is told', function () {
  this.timeout(120_000)

  let desk: TestDesk

  before(async () => {
    desk = await startDesk()
    await chatOf(desk, people.full).say('help')
    await chatOf(desk, people.full, 'General').say('subscribe security')
  })
  after(() => desk.close())
  afterEach(() => desk.teams.clearFaults())

  /** What a metric says now; of those that have reasons, the one of a reason. */
  async function metric(name: string, reason?: string): Promise<number> {
    const text = await (await fetch(`${desk.url()}/metrics`)).text()
    const start = reason === undefined ? `${name} ` : `${name}{reason="${reason}"} `
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(start))
        ?.slice(start.length) ?? 0,
    )
  }
  const dropped = (reason: string) => metric('notifications_dropped_total', reason)
  const sent = () => metric('teams_messages_sent_total')
  const retried = () => metric('teams_calls_retried_total')

  /** Teams answers the next messages there so. */
  function answers(status: number, times: number, about: { retryAfter?: number } = {}, where = 'General'): void {
    const conversation = desk.teams.conversationId(people.full, where)
    desk.teams.fault({ operation: 'send', conversation, effect: 'status', status, times, ...about })
  }
  /** Somebody tries what they may not, which the channel is told. */
  const happens = (command: string) => chatOf(desk, people.nobody).say(command)
  const isTold = (command: string) => chatOf(desk, people.full, 'General').finds(new RegExp(`tried “${command}”`))

  it('count what was sent, and what was sent again after 429 and 502; what is made smaller after 413 is not dropped', async () => {
    const [sentBefore, retriedBefore] = [await sent(), await retried()]
    answers(429, 1, { retryAfter: 1 })
    answers(502, 2)
    answers(413, 1)
    await happens('block adele_iPhone for fun')
    await isTold('block')
    await eventually(async () => (await sent()) >= sentBefore + 2)
    assert.ok((await retried()) >= retriedBefore + 3)
    assert.equal(await dropped('tooLarge'), 0)
  })

  it('tell what waits and for how long, while Teams takes nothing', async () => {
    await eventually(async () => (await metric('notifications_waiting')) === 0)
    assert.equal(await metric('notifications_oldest_seconds'), 0)
    answers(502, 1_000_000)
    await happens('delete adele_iPhone for fun')
    await happens('connectors')
    await eventually(async () => (await metric('notifications_waiting')) === 2)
    await eventually(async () => (await metric('notifications_oldest_seconds')) > 0)
    desk.teams.clearFaults()
    await isTold('connectors')
    await eventually(async () => (await metric('notifications_waiting')) === 0)
    assert.equal(await metric('notifications_oldest_seconds'), 0)
  })

  it('count what was dropped by its reason: too large, not taken, or nobody there any more', async () => {
    const places = [
      ['General', 413, 2, 'tooLarge'],
      ['Mobile devices', 400, 1, 'refused'],
      ['group', 403, 1, 'gone'],
    ] as const
    for (const [where] of places) await chatOf(desk, people.full, where).say('subscribe security')
    for (const [where, status, times] of places) answers(status, times, {}, where)
    await happens('audit')
    for (const [, , , reason] of places) await eventually(async () => (await dropped(reason)) === 1)
    await eventually(async () => (await metric('notifications_waiting')) === 0)
    const { text } = await chatOf(desk, people.full).finds(/Notifications to a chat have ended/)
    assert.match(text, /They told of security\./)
  })
})
