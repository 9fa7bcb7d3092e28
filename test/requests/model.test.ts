import assert from 'node:assert/strict'
import fc from 'fast-check'
import { BotError } from '../../src/errors.ts'
import type { Kind, Request } from '../../src/requests/request.ts'
import { createRules } from './rules.ts'
import { askerOf, createWorld, type Order, ownerOf, type Phone, type Somebody, usual, type Weather } from './world.ts'

const histories = Number(process.env.HISTORIES ?? 10_000)
const minute = 60_000
const restHours = 24
const settings = { ...usual, BRAKE: { requester: 2, approver: 3, site: 3, day: 5 } }

const who = fc.nat({ max: 5 })
const phone = fc.nat({ max: 2 })
/** Counted from the newest. */
const request = fc.nat({ max: 3 })
const kind = fc.constantFrom<Kind>('wipe', 'wipe-account')
const approvers = fc.subarray([1, 2, 3, 4])
const killed = fc.record({ effect: fc.integer({ min: 1, max: 50 }), after: fc.boolean() })
const sometimes = fc.nat({ max: 9 }).map((n) => n === 0)

const some = <T extends string, F extends object>(
  weight: number,
  type: T,
  fields: { [K in keyof F]: fc.Arbitrary<F[K]> },
) => ({
  weight,
  arbitrary: fc.record({ type: fc.constant(type), ...fields }) as fc.Arbitrary<{ type: T } & F>,
})

/** Everything that can happen, one after the other. */
const event = fc.oneof(
  some(12, 'story', { phone, kind, who: fc.constantFrom(0, 0, 3), by: approvers, killed: fc.option(killed) }),
  some(4, 'again', { by: approvers, request }),
  some(4, 'ask', { who, phone, kind }),
  some(12, 'approve', { who, request, stale: sometimes }),
  some(4, 'crowd', { request, phone, ticks: fc.array(fc.nat({ max: 9 }), { minLength: 3, maxLength: 7 }) }),
  some(2, 'deny', { who, request }),
  some(2, 'withdraw', { who, request }),
  some(3, 'cancel', { who, phone }),
  some(1, 'pull', { who }),
  some(2, 'release', { who }),
  some(6, 'pass', { minutes: fc.constantFrom(0.1, 1, 5, 21, 50, 100, 300, 45_000) }),
  some(1, 'lose', { who }),
  some(3, 'regain', { who, rested: fc.boolean() }),
  some(1, 'disable', { who }),
  some(2, 'enable', { who }),
  some(3, 'change', { phone, what: fc.constantFrom('client', 'owner', 'second', 'block', 'gone', 'back', 'back') }),
  some(4, 'contact', { phone, acknowledges: fc.boolean() }),
  some(1, 'admin', { phone, what: fc.constantFrom<Order['kind']>('wipe', 'cancel') }),
  some(5, 'weather', {
    order: fc.constantFrom<Weather['order']>('refused', 'unreachable', 'lost-before', 'lost-after'),
  }),
  some(2, 'reads', { failing: fc.integer({ min: 1, max: 4 }) }),
  some(1, 'slow', { minutes: fc.constantFrom(30, 70) }),
  some(8, 'kill', { killed }),
)
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never

function at<T>(list: readonly T[], n: number): T {
  const found = list[n]
  assert.ok(found)
  return found
}

/** A refusal is an answer too. */
const unlessRefused = (acting: Promise<unknown>) =>
  acting.catch((error) => {
    if (!(error instanceof BotError)) throw error
  })

/** A history of one site: six people, three phones, a process that may be killed at any effect. */
async function live(events: readonly Event[]): Promise<void> {
  const world = createWorld({ settings, restHours })
  const rules = createRules(world, restHours)
  const people = [
    world.addPerson('helpdesk', ['Collection.ModifyResource']),
    world.addPerson('approver', ['Collection.DeleteResource']),
    world.addPerson('security', ['Collection.DeleteResource', 'Security.Modify']),
    world.addPerson('full', ['Collection.ModifyResource', 'Collection.DeleteResource', 'Security.Modify']),
    world.addPerson('owner', ['Collection.DeleteResource']),
    world.addPerson('nobody', []),
  ]
  const held = people.map((one) => one.held)
  const phones = [
    world.addPhone('adele', at(people, 4).id, ['adele@contoso.com']),
    world.addPhone('bruno', undefined, at(people, 2).addresses),
    world.addPhone('carla', '99999999-0000-4000-8000-000000000001', ['carla@contoso.com']),
  ]
  const wipedByOthers = new Set<string>()
  let room = await world.start()

  const newest = (n: number): Request | undefined => world.requests().toReversed()[n]
  const deviceOf = (n: number) => world.deviceOf(at(phones, n))

  async function ask(by: Somebody, n: number, wished: Kind): Promise<void> {
    const seen = await room.requests.preview(deviceOf(n), wished, askerOf(by), world.patience)
    await room.requests.askWipe(seen, askerOf(by), 'lost')
  }

  async function press(n: number, by: Somebody, stale = false): Promise<void> {
    const shown = newest(n)
    if (shown === undefined) return
    const v = stale ? shown.v - 1 : shown.v
    await rules.press(shown, by, stale, () => room.requests.approve(shown.id, askerOf(by), v))
  }

  async function end(n: number, act: (id: string) => Promise<unknown>): Promise<void> {
    const found = newest(n)
    if (found === undefined) return
    await act(found.id)
    rules.ended(found.id)
  }

  function change(changed: Phone, what: string): void {
    if (what === 'client') changed.clientVersion = changed.clientVersion === '16.1' ? '16.2' : '16.1'
    if (what === 'owner') changed.owner = { ...changed.owner, entraId: '99999999-0000-4000-8000-000000000002' }
    if (what === 'second') changed.second = ownerOf(`${changed.guid}-second`, undefined, at(people, 1).addresses)
    if (what === 'block') changed.blocked = !changed.blocked
    if (what === 'gone') changed.gone = true
    if (what === 'back') changed.gone = false
  }

  async function act(event: Event): Promise<unknown> {
    const { requests, work } = room
    switch (event.type) {
      case 'story': {
        const before = world.requests().length
        await ask(at(people, event.who), event.phone, event.kind)
        await work.run()
        if (event.killed) world.killIn(event.killed)
        for (const n of event.by) if (world.requests().length > before) await press(0, at(people, n))
        return
      }
      case 'again':
        world.pass(21 * minute)
        await work.run()
        for (const n of event.by) await press(event.request, at(people, n))
        return
      case 'ask':
        return ask(at(people, event.who), event.phone, event.kind)
      case 'approve':
        return press(event.request, at(people, event.who), event.stale)
      case 'crowd': {
        const replica = await world.start(event.ticks)
        const cancel = requests.cancel(deviceOf(event.phone), askerOf(at(people, 0)), 'found', world.patience)
        const all = [1, 2, 3, 4, 1].map((n) => press(event.request, at(people, n)))
        await Promise.all([...all, work.run(), replica.work.run(), cancel].map(unlessRefused))
        return replica.work.run()
      }
      case 'deny':
        return end(event.request, (id) => requests.deny(id, askerOf(at(people, event.who)), 'no'))
      case 'withdraw':
        return end(event.request, (id) => requests.withdraw(id, askerOf(at(people, event.who))))
      case 'cancel':
        return requests.cancel(deviceOf(event.phone), askerOf(at(people, event.who)), 'found', world.patience)
      case 'pull':
        return requests.pull(askerOf(at(people, event.who)), 'suspicious')
      case 'release':
        return requests.askRelease(askerOf(at(people, event.who)))
      case 'pass':
        return world.pass(event.minutes * minute)
      case 'lose':
        at(people, event.who).held = []
        return
      case 'regain': {
        const since = event.rested ? 0 : world.now()
        at(people, event.who).held = at(held, event.who).map(({ permission }) => ({ permission, since }))
        return
      }
      case 'disable':
      case 'enable':
        at(people, event.who).standing = event.type === 'enable' ? 'member' : 'disabled'
        return
      case 'change':
        return change(at(phones, event.phone), event.what)
      case 'contact':
        return world.contact(at(phones, event.phone), event.acknowledges)
      case 'admin':
        if (event.what === 'wipe') wipedByOthers.add(at(phones, event.phone).guid)
        return world.order(at(phones, event.phone), event.what)
      case 'weather':
        world.weather.order = event.order
        return
      case 'reads':
        world.weather.failingReads = event.failing
        return
      case 'slow':
        world.weather.slow = event.minutes * minute
        return
      case 'kill':
        return world.killIn(event.killed)
    }
  }

  /** One event and what follows from it, or as much of it as happens before the process is killed. */
  async function happen(event: Event): Promise<void> {
    const death = world.death()
    const acted = unlessRefused(act(event)).then(() => room.work.run())
    if ((await Promise.race([acted, death])) === 'dead') room = await world.start()
    if (event.type !== 'kill') world.spare()
    rules.check()
  }

  for (const event of events) await happen(event)
  world.clear()
  world.kill()
  room = await world.start()
  for (const minutes of [1, 21, 300, 21] as const) await happen({ type: 'pass', minutes })
  rules.conclude(wipedByOthers)
}

describe('requests, whatever people, phones, Exchange, the clock and kills do', function () {
  this.timeout(600_000)

  it(`hold the rules in ${histories.toLocaleString('en')} histories`, () =>
    fc.assert(fc.asyncProperty(fc.array(event, { minLength: 10, maxLength: 30, size: 'max' }), live), {
      numRuns: histories,
    }))
})
