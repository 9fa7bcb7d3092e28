import assert from 'node:assert/strict'
import { isOpen, isUndone, type Kind, keyOf, type Request, type State, type Wipe } from '../../src/requests/request.ts'
import { hour, type Order, type Phone, type Somebody, type World } from './world.ts'

/** A press on Approve that was not refused, as far as anybody was told. */
interface Press {
  readonly request: string
  readonly by: Somebody
  readonly subject: Wipe
  /** When it was taken; absent while nobody knows. */
  at?: number
}

type WipeRequest = Request & { readonly subject: Wipe }

const isWipe = (request: Request): request is WipeRequest =>
  request.subject.kind === 'wipe' || request.subject.kind === 'wipe-account'

const holds = ({ standing, held }: Somebody, since: number, ...permissions: readonly string[]) =>
  standing === 'member' && held.some((one) => permissions.includes(one.permission) && one.since <= since)

/** What of a phone an approval is bound to, told apart without the room's own digest. */
const boundTo = ({ deviceId, clientVersion, blocked, owner, second }: Phone) =>
  JSON.stringify([
    deviceId,
    clientVersion,
    blocked,
    [owner, ...(second ? [second] : [])].map(({ entraId, mail }) => [entraId, mail]).sort(),
  ])
const boundIn = ({ deviceId, clientVersion, obstacles, owners }: Wipe) =>
  JSON.stringify([
    deviceId,
    clientVersion,
    obstacles.some((text) => text.includes('is blocked')),
    owners.map(({ entraId, addresses }) => [entraId, addresses[0]]).sort(),
  ])

const ownersOf = ({ owner, second }: Phone) => (second === undefined ? [owner] : [owner, second])
const owns = (phone: Phone, { id, addresses }: Somebody) =>
  ownersOf(phone).some(({ entraId, mail }) => entraId === id || (mail !== undefined && addresses.includes(mail)))

const timesOf = (phone: Phone, kind: Kind) => (kind === 'wipe' ? phone.wipe : phone.accountWipe)
const isAt = (at: number, time: string | undefined) => new Date(at).toISOString() === time

/**
 * Rules 1 to 5 of what may reach Exchange, judged by somebody who sees everything: what is true of people and phones in that
 * moment, which presses were not refused, and what had reached Exchange before.
 */
export function createRules(world: World, restHours: number) {
  const { settings } = world
  let presses: Press[] = []
  const orders: { readonly order: Order; readonly id: string }[] = []
  const rounds = new Set<string>()
  const ended = new Set<string>()

  const wipes = () => world.requests().filter(isWipe)
  const ranOf = (id: string) => orders.filter((one) => one.id === id && one.order.applied)

  function judgeApprovals({ id, requester }: WipeRequest, phone: Phone): void {
    const now = world.now()
    const valid = presses.filter(
      ({ request, by, subject }) =>
        request === id &&
        holds(by, now - restHours * hour, 'Collection.DeleteResource') &&
        !owns(phone, by) &&
        by.id !== requester.id &&
        boundIn(subject) === boundTo(phone),
    )
    const approvers = new Set(valid.map(({ by }) => by.id)).size
    const quorum = settings.APPROVALS + (ownersOf(phone).some(({ entraId }) => entraId === undefined) ? 1 : 0)
    assert.ok(approvers >= quorum, `${approvers} valid approvals, of ${quorum} that are needed`)
    const newest = Math.max(...valid.map(({ at }) => at ?? now))
    assert.ok(now - newest < settings.EXECUTION_HOURS * hour, 'the approval is not too old')
    presses = presses.filter(({ request }) => request !== id)
  }

  function judgeBrake({ id, round, requester }: WipeRequest): void {
    const { places, pulled } = world.brake()
    const place = places.find((one) => one.request === id && one.round === round)
    assert.ok(place && (pulled === undefined || pulled.at >= place.at), 'a place was taken, with the brake not pulled')
    const lately = orders.filter(({ order: { at } }) => world.now() - at < hour && at > world.lastRelease())
    assert.ok(lately.length < settings.BRAKE.site, 'the site has a place')
    const own = lately.filter((one) => wipes().find((other) => other.id === one.id)?.requester.id === requester.id)
    assert.ok(own.length < settings.BRAKE.requester, 'the requester has a place')
  }

  function judge(order: Order): void {
    if (order.kind === 'cancel') return
    const phone = world.phones.get(order.guid)
    const [request, ...others] = wipes().filter(
      ({ subject, status }) => subject.guid === order.guid && status.state === 'sending',
    )
    assert.ok(phone && request && others.length === 0, 'an order belongs to one request that is being sent')
    const { id, round, requester, subject } = request
    assert.equal(order.kind, subject.kind, 'the kind of wipe is the one that was asked for')
    assert.ok(!rounds.has(`${id} ${round}`), 'a round gives one order')
    rounds.add(`${id} ${round}`)
    assert.ok(!ended.has(id), 'what somebody ended sends nothing')
    const started = world.audit.some(
      ({ outcome, note }) => outcome === 'started' && note?.startsWith(`${id} round ${round}`),
    )
    assert.ok(started, 'it was recorded before')
    const { requested, acknowledged } = timesOf(phone, order.kind)
    assert.ok(requested === undefined || acknowledged !== undefined, 'no wipe of that kind is pending')
    assert.ok(!ranOf(id).some(({ order: { at } }) => isAt(at, requested)), 'what ran does not run again')
    judgeApprovals(request, phone)
    judgeBrake(request)
    const asker = world.people.get(requester.id)
    assert.ok(
      asker && holds(asker, world.now(), 'Collection.ModifyResource', 'Collection.DeleteResource'),
      'who asked may still ask',
    )
    orders.push({ order, id })
  }
  world.watch(judge)

  return {
    /** Somebody presses Approve on a request as it is shown to them. */
    async press(request: Request, by: Somebody, stale: boolean, act: () => Promise<unknown>): Promise<void> {
      const pressed: Press | undefined = isWipe(request)
        ? { request: request.id, by, subject: request.subject }
        : undefined
      if (pressed) presses.push(pressed)
      try {
        await act()
      } catch (error) {
        presses = presses.filter((one) => one !== pressed)
        throw error
      }
      if (pressed) pressed.at = world.now()
      assert.ok(!stale, 'an old card decides nothing')
      assert.equal(by.standing, 'member', 'nobody who is disabled decides')
      assert.notEqual(request.requester.id, by.id, 'nobody approves their own')
    },

    /** Somebody was told that a request is over. */
    ended: (id: string) => void ended.add(id),

    /** What holds at any time. */
    check(): void {
      assert.deepEqual(world.broken, [])
      const open = wipes().filter(isOpen)
      assert.equal(
        new Set(open.map(({ subject }) => keyOf(subject))).size,
        open.length,
        'one open request for a device',
      )
      for (const { id } of world.people.values())
        assert.ok(world.requests().filter((one) => one.requester.id === id && isUndone(one)).length <= 10, 'ten undone')
    },

    /** What holds when there was time enough: everything ended or is visibly unresolved, and says what is true. */
    conclude(wipedByOthers: ReadonlySet<string>): void {
      const unfinished: readonly State[] = ['waiting', 'approved', 'sending']
      const claims: readonly State[] = ['handed', 'taken', 'acknowledged']
      const denials: readonly State[] = ['refused', 'expired', 'done', 'waiting']
      for (const { id, status } of world.requests())
        assert.ok(!unfinished.includes(status.state), `${id} has ended, or is unresolved`)
      for (const { id, subject, status } of wipes()) {
        const phone = world.phones.get(subject.guid)
        assert.ok(phone)
        const ran = ranOf(id)
        const { requested, acknowledged } = timesOf(phone, subject.kind)
        if (claims.includes(status.state))
          assert.ok(ran.length > 0 || wipedByOthers.has(subject.guid), `${id} says that it ran, so it did`)
        if (ran.length > 0) assert.ok(!denials.includes(status.state), `${id} ran, so it does not say that it did not`)
        const isPending = acknowledged === undefined && ran.some(({ order: { at } }) => isAt(at, requested))
        if (isPending && !phone.gone) assert.notEqual(status.state, 'cancelled', `${id} is under way`)
      }
    },
  }
}
