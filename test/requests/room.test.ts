import assert from 'node:assert/strict'
import { isBotError } from '../../src/errors.ts'
import { cancelWipe } from '../../src/requests/cancel.ts'
import { cancelled } from '../../src/requests/decide.ts'
import type { Kind, Request } from '../../src/requests/request.ts'
import {
  askerOf,
  createWorld,
  hour,
  ownerOf,
  type Phone,
  type Settings,
  type Somebody,
  usual,
  type World,
} from './world.ts'

const minute = 60_000

/** A site with the people that most stories need. */
async function startSite(settings: Partial<Settings> = {}) {
  const world = createWorld({ settings: { ...usual, ...settings } })
  const helpdesk = world.addPerson('helpdesk', ['Collection.ModifyResource'])
  const approver = world.addPerson('approver', ['Collection.DeleteResource'])
  const security = world.addPerson('security', ['Collection.DeleteResource', 'Security.Modify'])
  const full = world.addPerson('full', ['Collection.ModifyResource', 'Collection.DeleteResource', 'Security.Modify'])
  const adele = world.addPhone('adele', '99999999-0000-4000-8000-000000000001', ['adele@contoso.com'])
  let room = await world.start()

  const newest = (): Request => {
    const found = world.requests().at(-1)
    assert.ok(found)
    return found
  }

  return {
    world,
    helpdesk,
    approver,
    security,
    full,
    adele,
    room: () => room,
    newest,
    state: () => newest().status.state,
    said: () => newest().history.at(-1)?.text ?? '',
    preview: (phone: Phone, by: Somebody, kind: Kind = 'wipe') =>
      room.requests.preview(world.deviceOf(phone), kind, askerOf(by), world.patience),

    async ask(phone = adele, by = helpdesk, kind: Kind = 'wipe') {
      const seen = await room.requests.preview(world.deviceOf(phone), kind, askerOf(by), world.patience)
      const asked = await room.requests.askWipe(seen, askerOf(by), 'stolen')
      await room.work.run()
      return asked
    },

    /** Approves the newest request, and lets everything happen that follows. */
    async approve(by = approver) {
      await room.requests.approve(newest().id, askerOf(by), newest().v)
      await room.work.run()
    },

    cancel: (by = helpdesk, phone = adele) =>
      room.requests.cancel(world.deviceOf(phone), askerOf(by), 'found', world.patience),

    async pass(milliseconds: number) {
      world.pass(milliseconds)
      await room.work.run()
    },

    async restart() {
      world.kill()
      room = await world.start()
      await room.work.run()
    },
  }
}

const refused =
  (code: Parameters<typeof isBotError>[1], text = /./) =>
  (error: unknown) =>
    isBotError(error, code) && text.test(error.message)

const ordersOf = (world: World) => world.orders.map(({ kind }) => kind)

describe('requests', () => {
  describe('for a wipe', () => {
    it('send nothing before they are approved, one order after, and none again', async () => {
      const site = await startSite()
      await site.ask()
      assert.deepEqual(ordersOf(site.world), [])
      await site.approve()
      assert.deepEqual(ordersOf(site.world), ['wipe'])
      assert.equal(site.state(), 'handed')
      await site.restart()
      await site.pass(hour)
      assert.deepEqual(ordersOf(site.world), ['wipe'])
    })

    it('are followed until the device acknowledges, and tell each step', async () => {
      const site = await startSite()
      await site.ask()
      await site.approve()
      site.world.contact(site.adele, false)
      await site.pass(minute)
      assert.equal(site.state(), 'taken')
      site.world.contact(site.adele, true)
      await site.pass(minute)
      assert.equal(site.state(), 'acknowledged')
      assert.match(site.said(), /proves that it took it/)
      assert.deepEqual(
        site.world.told.map(({ what, state }) => `${what} ${state}`),
        ['news waiting', 'news handed', 'news taken', 'news acknowledged'],
      )
    })

    it('are given up after 30 days, and not claimed', async () => {
      const site = await startSite()
      await site.ask()
      await site.approve()
      await site.pass(30 * 24 * hour + minute)
      assert.equal(site.state(), 'givenUp')
      assert.match(site.said(), /not known/)
    })

    it('end when Exchange no longer has the device, or shows that somebody cancelled there', async () => {
      for (const [what, state] of [
        ['gone', 'gone'],
        ['cancel', 'cancelled'],
      ]) {
        const site = await startSite()
        await site.ask()
        await site.approve()
        await site.pass(minute)
        if (what === 'gone') site.adele.gone = true
        else site.world.order(site.adele, 'cancel')
        await site.pass(minute)
        assert.equal(site.state(), state)
      }
    })

    it('say so when Exchange took the order and never shows it', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.order = 'done'
      await site.approve()
      site.adele.wipe = {}
      await site.restart()
      assert.ok(['handed', 'cancelled'].includes(site.state()))
      await site.pass(21 * minute)
      assert.equal(site.state(), 'cancelled')
    })

    for (const order of ['refused', 'unreachable'] as const)
      it(`end refused when Exchange is ${order}, with what it said`, async () => {
        const site = await startSite()
        await site.ask()
        site.world.weather.order = order
        await site.approve()
        assert.equal(site.state(), 'refused')
        assert.match(site.said(), order === 'refused' ? /it may not/ : /nothing was changed/)
      })

    it('are open for one device once, also when ten ask at the same moment', async () => {
      const site = await startSite()
      const seen = await site.preview(site.adele, site.helpdesk)
      const all = await Promise.allSettled(
        Array.from({ length: 10 }, () => site.room().requests.askWipe(seen, askerOf(site.helpdesk), 'stolen')),
      )
      assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1)
      await assert.rejects(site.preview(site.adele, site.full), refused('REQUEST_EXISTS', /R1001/))
    })

    it('are ten of one requester at most, as long as they are undone', async () => {
      const site = await startSite({ BRAKE: { requester: 100, approver: 100, site: 100, day: 100 } })
      const phones = Array.from({ length: 11 }, (_, n) =>
        site.world.addPhone(`phone${n}`, `99999999-0000-4000-8000-0000000001${n + 10}`, []),
      )
      for (const phone of phones.slice(0, 10)) await site.ask(phone)
      await assert.rejects(site.ask(phones[10]), refused('REQUEST_TOO_MANY'))
      await site.approve()
      await site.ask(phones[10])
      assert.equal(site.world.requests().length, 11)
    })

    it('are refused where Exchange waits for such a wipe already, when asked and when approved', async () => {
      const site = await startSite()
      await site.ask()
      site.world.order(site.adele, 'wipe')
      await site.approve()
      assert.equal(site.state(), 'refused')
      assert.match(site.said(), /already, so nothing was sent/)
      await assert.rejects(site.preview(site.adele, site.helpdesk), refused('REQUEST_REFUSED', /cancel-wipe/))
      await site.preview(site.adele, site.helpdesk, 'wipe-account')
    })

    it('keep the account alone where that was asked for', async () => {
      const site = await startSite()
      await site.ask(site.adele, site.helpdesk, 'wipe-account')
      await site.approve()
      assert.deepEqual(ordersOf(site.world), ['wipe-account'])
    })

    it('tell who asks at once when nobody, or too few, could be told', async () => {
      const site = await startSite()
      site.world.setAudience(0)
      assert.match((await site.ask()).notice ?? '', /^Nobody who may approve this can be told/)
      const bruno = site.world.addPhone('bruno', undefined, ['bruno@contoso.com'])
      site.world.setAudience(1)
      assert.match((await site.ask(bruno)).notice ?? '', /^Only 1 of those .* 2 must/)
      site.world.setAudience(2)
      const carla = site.world.addPhone('carla', undefined, ['carla@contoso.com'])
      assert.equal((await site.ask(carla)).notice, undefined)
    })
  })

  describe('expire', () => {
    it('when nobody approves in time, after one reminder at half time', async () => {
      const site = await startSite()
      await site.ask()
      await site.pass(119 * minute)
      assert.equal(site.world.told.filter(({ what }) => what === 'reminder').length, 0)
      await site.pass(2 * minute)
      await site.pass(minute)
      assert.equal(site.world.told.filter(({ what }) => what === 'reminder').length, 1)
      await site.pass(118 * minute)
      assert.equal(site.state(), 'expired')
      await assert.rejects(site.approve(), refused('REQUEST_CLOSED', /expired/))
      assert.deepEqual(ordersOf(site.world), [])
    })

    it('never without the reminder, wherever the process is killed meanwhile', async () => {
      for (let effect = 1; effect <= 10; effect += 1)
        for (const after of [false, true]) {
          const site = await startSite()
          await site.ask()
          await site.pass(119 * minute)
          site.world.killIn({ effect, after })
          await Promise.race([site.pass(2 * minute), site.world.death()])
          site.world.spare()
          await site.restart()
          assert.ok(
            site.world.told.some(({ what }) => what === 'reminder'),
            `killed ${after ? 'after' : 'before'} effect ${effect}`,
          )
        }
    })

    it('when they cannot be carried out in time after they were approved', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.failingReads = 1000
      await site.approve()
      assert.equal(site.state(), 'approved')
      await site.pass(30 * minute)
      assert.equal(site.state(), 'approved')
      await site.pass(31 * minute)
      site.world.weather.failingReads = 0
      await site.pass(minute)
      assert.equal(site.state(), 'expired')
      assert.deepEqual(ordersOf(site.world), [])
    })

    it('even while Exchange is being read', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.slow = 61 * minute
      await site.approve()
      assert.deepEqual([site.state(), ordersOf(site.world)], ['expired', []])
      assert.equal(site.world.audit.at(-1)?.outcome, 'refused')
    })
  })

  describe('go back for approval and say what changed', () => {
    const changes: Record<string, [(phone: Phone) => void, RegExp]> = {
      'the device id': [(phone) => (phone.deviceId = 'other'), /its device id, now other/],
      'the client': [(phone) => (phone.clientVersion = '16.2'), /its client, now EAS 16.2/],
      'an owner': [
        (phone) => (phone.second = ownerOf('second', '99999999-0000-4000-8000-000000000003', ['second@contoso.com'])),
        /its owners, now adele, second/,
      ],
      'the account of the owner': [
        (phone) => (phone.owner = { ...phone.owner, entraId: '99999999-0000-4000-8000-000000000004' }),
        /what is known of its owners/,
      ],
      'the consequence': [(phone) => (phone.blocked = true), /what keeps the wipe from arriving/],
    }
    for (const [what, [change, said]] of Object.entries(changes))
      it(`when ${what} is another than approved, also while the process was down`, async () => {
        for (const isDown of [false, true]) {
          const site = await startSite()
          await site.ask()
          if (isDown) site.world.weather.failingReads = 1
          else change(site.adele)
          await site.approve()
          if (isDown) {
            change(site.adele)
            await site.restart()
          }
          assert.equal(site.state(), 'waiting')
          assert.match(site.said(), said)
          assert.deepEqual(ordersOf(site.world), [])
          await site.approve()
          assert.deepEqual(ordersOf(site.world), ['wipe'])
        }
      })

    it('when an approver lost the right, was disabled or turns out to own the phone', async () => {
      const changes: ((site: Awaited<ReturnType<typeof startSite>>) => void)[] = [
        ({ approver }) => (approver.held = []),
        ({ approver, world }) => (approver.held = [{ permission: 'Collection.DeleteResource', since: world.now() }]),
        ({ approver }) => (approver.standing = 'disabled'),
      ]
      for (const change of changes) {
        const site = await startSite()
        await site.ask()
        site.world.weather.failingReads = 1
        await site.approve()
        change(site)
        await site.pass(minute)
        assert.deepEqual([site.state(), ordersOf(site.world)], ['waiting', []])
        await site.approve(site.security)
        assert.deepEqual(ordersOf(site.world), ['wipe'])
      }
    })

    it('but end when who asked may not ask any more', async () => {
      const site = await startSite()
      await site.ask()
      site.helpdesk.held = []
      await site.approve()
      assert.deepEqual([site.state(), ordersOf(site.world)], ['refused', []])
      assert.match(site.said(), /helpdesk may not ask/)
    })
  })

  describe('need as many approvals', () => {
    it('as the strictest collection of the device wants', async () => {
      const site = await startSite()
      site.world.collections.set('Board', { approvals: 3, members: new Set([site.adele.guid]) })
      await site.ask()
      for (const [by, orders] of [
        [site.approver, 0],
        [site.security, 0],
        [site.full, 1],
      ] as const) {
        await site.approve(by)
        assert.equal(site.world.orders.length, orders)
      }
    })

    it('as are wanted in the moment in which they are carried out', async () => {
      const site = await startSite()
      await site.ask()
      site.world.collections.set('Board', { approvals: 2, members: new Set([site.adele.guid]) })
      await site.approve()
      assert.deepEqual([site.state(), site.newest().needed], ['waiting', 2])
    })

    it('and one more where an owner is nobody that Entra ID knows', async () => {
      const site = await startSite()
      site.adele.second = ownerOf('second', undefined, ['second@contoso.com'])
      await site.ask()
      await site.approve()
      assert.deepEqual([site.state(), ordersOf(site.world)], ['waiting', []])
      await assert.rejects(site.approve(), refused('REQUEST_VOTED'))
      await site.approve(site.security)
      assert.deepEqual(ordersOf(site.world), ['wipe'])
    })
  })

  describe('where APPROVALS is 0', () => {
    it('are confirmed by who asks alone, and the record says that there was no second person', async () => {
      const site = await startSite({ APPROVALS: 0 })
      await site.ask(site.adele, site.full)
      assert.deepEqual(ordersOf(site.world), ['wipe'])
      assert.ok(site.newest().history.some(({ text }) => /there was no second person/.test(text)))
      assert.ok(site.world.audit.some(({ note }) => /without a second person/.test(note ?? '')))
    })

    it('still need somebody else for who only may ask, who owns the phone, and for an owner without account', async () => {
      const site = await startSite({ APPROVALS: 0 })
      assert.equal((await site.preview(site.adele, site.helpdesk)).needed, 1)
      const own = site.world.addPhone('own', site.full.id, site.full.addresses)
      assert.equal((await site.preview(own, site.full)).needed, 1)
      const unknown = site.world.addPhone('unknown', undefined, ['unknown@contoso.com'])
      assert.equal((await site.preview(unknown, site.full)).needed, 1)
      assert.equal((await site.preview(site.adele, site.full)).needed, 0)
    })

    it('hold all other rules: what changed is confirmed anew', async () => {
      const site = await startSite({ APPROVALS: 0 })
      const seen = await site.preview(site.adele, site.full)
      site.adele.clientVersion = '16.2'
      await site.room().requests.askWipe(seen, askerOf(site.full), 'stolen')
      await site.room().work.run()
      assert.deepEqual([site.state(), ordersOf(site.world)], ['waiting', []])
      await site.approve(site.full)
      assert.deepEqual(ordersOf(site.world), ['wipe'])
    })

    it('count no lonely confirmation once a second person is needed again', async () => {
      const site = await startSite({ APPROVALS: 0 })
      const seen = await site.preview(site.adele, site.full)
      site.world.weather.failingReads = 1
      await site.room().requests.askWipe(seen, askerOf(site.full), 'stolen')
      await site.pass(0)
      site.world.collections.set('Board', { approvals: 1, members: new Set([site.adele.guid]) })
      await site.pass(minute)
      assert.deepEqual([site.state(), site.newest().needed, ordersOf(site.world)], ['waiting', 1, []])
    })
  })

  describe('whose answer was lost', () => {
    it('are never sent again, and found to have run when Exchange shows it', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.order = 'lost-after'
      await site.approve()
      assert.deepEqual([site.state(), ordersOf(site.world)], ['handed', ['wipe']])
      assert.equal(site.world.audit.at(-1)?.outcome, 'unknown')
    })

    it('are unresolved after 20 minutes without a trace, and run again only by a new approval', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.order = 'lost-before'
      await site.approve()
      await site.pass(19 * minute)
      assert.equal(site.state(), 'sending')
      await site.pass(2 * minute)
      assert.equal(site.state(), 'unresolved')
      assert.match(site.said(), /not tried again without a new approval/)
      await site.restart()
      await site.pass(24 * hour)
      assert.deepEqual([site.state(), ordersOf(site.world)], ['unresolved', ['wipe']])
      await assert.rejects(site.approve(), refused('REQUEST_EXPIRED'))
    })

    it('judge a second try by the times before the first', async () => {
      const site = await startSite()
      site.adele.wipe = {
        requested: '2026-01-01T00:00:00.000Z',
        acknowledged: '2026-01-02T00:00:00.000Z',
        requestor: 'X',
      }
      await site.ask()
      site.world.weather.order = 'lost-before'
      await site.approve()
      await site.pass(21 * minute)
      assert.equal(site.state(), 'unresolved', 'an old wipe is not this one')
      await site.approve(site.security)
      assert.deepEqual([site.state(), ordersOf(site.world)], ['handed', ['wipe', 'wipe']])
    })

    it('send nothing when the try before turns out to have run, even to its end', async () => {
      for (const isAcknowledged of [false, true]) {
        const site = await startSite()
        await site.ask()
        site.world.weather.order = 'lost-after'
        site.world.weather.failingReads = 0
        await site.room().requests.approve(site.newest().id, askerOf(site.approver), site.newest().v)
        site.world.breakReads(2)
        await site.pass(0)
        await site.pass(21 * minute)
        assert.equal(site.state(), 'unresolved')
        site.world.contact(site.adele, isAcknowledged)
        await site.approve(site.security)
        assert.deepEqual(ordersOf(site.world), ['wipe'])
        assert.equal(site.state(), isAcknowledged ? 'acknowledged' : 'taken')
      }
    })

    it('stay unresolved when the second approval expires or the second try is refused', async () => {
      for (const how of ['refused', 'expires'] as const) {
        const site = await startSite()
        await site.ask()
        site.world.weather.order = 'lost-before'
        await site.approve()
        await site.pass(21 * minute)
        if (how === 'refused') site.world.weather.order = 'refused'
        else site.world.weather.failingReads = 1000
        await site.approve(site.security)
        await site.pass(61 * minute)
        assert.equal(site.state(), 'unresolved')
        assert.ok(site.newest().history.some(({ text }) => /it may not|could not be carried out/.test(text)))
      }
    })

    it('say no more than is known when their connector is removed', async () => {
      const ends: (readonly [minutes: number, order: 'done' | 'lost-before', text: RegExp])[] = [
        [0, 'lost-before', /whether Exchange took the order is not known/],
        [21, 'lost-before', /whether Exchange took the order is not known/],
        [0, 'done', /Exchange keeps the order/],
      ]
      for (const [minutes, order, text] of ends) {
        const site = await startSite()
        await site.ask()
        site.world.weather.order = order
        await site.approve()
        await site.pass(minutes * minute)
        await site.room().requests.leave('Contoso')
        assert.equal(site.state(), 'givenUp')
        assert.match(site.said(), text)
        assert.match(site.said(), /Contoso was removed: .* whether the device is wiped is not known here/)
      }
    })

    it('say so too where a second try was approved and not made yet', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.order = 'lost-before'
      await site.approve()
      await site.pass(21 * minute)
      site.world.weather.failingReads = 1000
      await site.approve(site.security)
      assert.equal(site.state(), 'approved')
      await site.room().requests.leave('Contoso')
      assert.match(site.said(), /whether Exchange took the order is not known/)
    })

    it('are not done where nothing was sent', async () => {
      const site = await startSite()
      await site.ask()
      await site.room().requests.leave('Contoso')
      assert.equal(site.state(), 'refused')
      assert.match(site.said(), /Not done: the connector Contoso was removed/)
      assert.deepEqual(ordersOf(site.world), [])
    })

    it('say what is not known when they are denied or withdrawn', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.order = 'lost-before'
      await site.approve()
      await site.pass(21 * minute)
      await site.room().requests.withdraw(site.newest().id, askerOf(site.helpdesk))
      assert.match(site.said(), /Whether Exchange took the try before is not known/)
    })

    it('are unresolved too when Exchange cannot be read at all', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.order = 'lost-after'
      await site.room().requests.approve(site.newest().id, askerOf(site.approver), site.newest().v)
      site.world.breakReads(1000)
      await site.pass(0)
      await site.pass(21 * minute)
      assert.equal(site.state(), 'unresolved')
      assert.match(site.said(), /cannot be read/)
      site.world.clear()
      await site.pass(15 * minute)
      assert.equal(site.state(), 'handed')
    })
  })

  describe('are cancelled', () => {
    it('here while Exchange has not heard of them', async () => {
      const site = await startSite()
      await site.ask()
      assert.match(await site.cancel(), /before Exchange was asked/)
      assert.deepEqual([site.state(), ordersOf(site.world)], ['cancelled', []])
      await assert.rejects(site.approve(), refused('REQUEST_CLOSED', /cancelled/))
    })

    it('in Exchange while it waits, and both are told', async () => {
      const site = await startSite()
      await site.ask()
      await site.approve()
      assert.match(await site.cancel(), /^The wipe of adele_iPhone is cancelled\.$/)
      assert.deepEqual([site.state(), ordersOf(site.world)], ['cancelled', ['wipe', 'cancel']])
      await site.pass(0)
      assert.equal(site.world.told.at(-1)?.state, 'cancelled')
    })

    it('by somebody who is named, also when whoever follows it sees first that Exchange shows no wipe any more', async () => {
      const site = await startSite()
      await site.ask()
      await site.approve()
      const { world, adele, newest } = site
      const now = () => new Date(world.now())
      const seen = newest()
      let after = seen
      await cancelWipe(world.deviceOf(adele), askerOf(site.helpdesk), 'found', {
        connectors: {
          read: async () => ({ device: world.deviceOf(adele), partnerships: [] }),
          wipe: async () => world.order(adele, 'cancel'),
          canWipeAccount: () => true,
        },
        inventory: { owner: () => adele.owner, shortId: () => 'adele' },
        find: async () => seen,
        decide: async (_, change) => {
          after = change(cancelled(seen, now()))
          return after
        },
        now,
        signal: world.patience,
      })
      assert.equal(after.history.at(-1)?.text, 'Cancelled by helpdesk.')
      assert.equal(after.status.state === 'cancelled' && after.status.reason, 'found')
    })

    it('with a warning when the device was told, and not when it acknowledged', async () => {
      const site = await startSite()
      await site.ask()
      await site.approve()
      site.world.contact(site.adele, false)
      assert.match(await site.cancel(), /may be erased all the same/)
      await site.ask()
      await site.approve()
      site.world.contact(site.adele, true)
      await site.pass(minute)
      await assert.rejects(site.cancel(), refused('REQUEST_REFUSED', /nothing to cancel/))
    })

    it('when Exchange shows nothing of an unresolved one', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.order = 'lost-before'
      await site.approve()
      await site.pass(21 * minute)
      assert.match(await site.cancel(), /shows no wipe of adele_iPhone; R1001 is closed/)
      assert.equal(site.state(), 'cancelled')
    })

    it('but not while they are being sent and Exchange does not show them: the order may still come', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.order = 'lost-before'
      await site.approve()
      assert.equal(site.state(), 'sending')
      await assert.rejects(site.cancel(), refused('REQUEST_REFUSED', /again in a minute/))
      assert.equal(site.state(), 'sending')
    })

    it('when they came from somebody else', async () => {
      const site = await startSite()
      site.world.order(site.adele, 'wipe-account')
      assert.match(await site.cancel(), /is cancelled/)
      assert.deepEqual(site.adele.accountWipe, {})
    })

    it('by nobody who owns the phone, by account or by address', async () => {
      const site = await startSite()
      const own = site.world.addPhone('own', site.helpdesk.id, [])
      const mail = site.world.addPhone('mail', undefined, site.helpdesk.addresses)
      for (const phone of [own, mail]) {
        await site.ask(phone, site.full)
        await assert.rejects(site.cancel(site.helpdesk, phone), refused('REQUEST_OWNER'))
        site.world.order(phone, 'wipe')
        await assert.rejects(site.cancel(site.helpdesk, phone), refused('REQUEST_OWNER'))
      }
      assert.deepEqual(ordersOf(site.world), [])
    })
  })

  describe('keep away what would keep a wipe away', () => {
    const blocked = async (site: Awaited<ReturnType<typeof startSite>>) =>
      site
        .room()
        .requests.assertNoWipe(site.world.deviceOf(site.adele), site.world.patience)
        .then(
          () => 'free',
          (error) => error.code,
        )

    it('from the approval until the device acknowledges', async () => {
      const site = await startSite()
      await site.ask()
      assert.equal(await blocked(site), 'free')
      site.world.weather.order = 'lost-before'
      await site.approve()
      assert.equal(await blocked(site), 'WIPE_PENDING')
      await site.pass(21 * minute)
      assert.equal(await blocked(site), 'WIPE_PENDING')
      await site.approve(site.security)
      assert.equal(await blocked(site), 'WIPE_PENDING')
      site.world.contact(site.adele, true)
      await site.pass(minute)
      assert.equal(await blocked(site), 'free')
    })

    it('also for a wipe that somebody else ordered, and no longer than 30 days', async () => {
      const site = await startSite()
      site.world.order(site.adele, 'wipe')
      assert.equal(await blocked(site), 'WIPE_PENDING')
      site.world.pass(30 * 24 * hour)
      assert.equal(await blocked(site), 'free')
    })
  })

  describe('stop at the brake', () => {
    const fleet = (world: World, count: number) =>
      Array.from({ length: count }, (_, n) =>
        world.addPhone(`phone${n}`, `99999999-0000-4000-8000-0000000001${n + 10}`, []),
      )

    it('when one requester had five in an hour; the others go on', async () => {
      const site = await startSite()
      const phones = fleet(site.world, 7)
      for (const phone of phones.slice(0, 6)) {
        await site.ask(phone)
        await site.approve()
      }
      assert.equal(site.world.orders.length, 5)
      assert.match(site.said(), /helpdesk has had 5 wipes within an hour/)
      await site.ask(phones[6], site.full)
      await site.approve()
      assert.equal(site.world.orders.length, 6)
      await site.pass(hour)
      await site.ask(phones[5])
      await site.approve()
      assert.equal(site.world.orders.length, 7)
    })

    it('for all when an approver or the site went past a limit, and every Full Administrator is told', async () => {
      for (const [limits, why] of [
        [{ requester: 100, approver: 2, site: 100, day: 100 }, /one person approved more than 2/],
        [{ requester: 100, approver: 100, site: 2, day: 100 }, /more than 2 wipes in an hour/],
        [{ requester: 100, approver: 100, site: 100, day: 2 }, /more than 2 wipes in a day/],
      ] as const) {
        const site = await startSite({ BRAKE: limits })
        for (const phone of fleet(site.world, 3)) {
          await site.ask(phone)
          await site.approve()
        }
        assert.equal(site.world.orders.length, 2)
        assert.equal(site.state(), 'waiting', 'it goes back for approval')
        assert.match(site.world.told.find(({ what }) => what === 'pulled')?.state ?? '', why)
        await assert.rejects(site.approve(site.security), refused('BRAKE_PULLED', why))
      }
    })

    it('when anybody pulled it, and run nothing by its release', async () => {
      const site = await startSite()
      await site.ask()
      site.world.weather.failingReads = 1
      await site.approve()
      await site.room().requests.pull(askerOf(site.helpdesk), 'suspicious')
      await site.pass(minute)
      assert.deepEqual([site.state(), ordersOf(site.world)], ['waiting', []])
      await site.room().requests.askRelease(askerOf(site.full))
      await site.approve(site.security)
      assert.equal(site.state(), 'done')
      assert.deepEqual(ordersOf(site.world), [])
      const wipe = site.world.requests()[0]
      assert.ok(wipe)
      await site.room().requests.approve(wipe.id, askerOf(site.approver), wipe.v)
      await site.pass(0)
      assert.deepEqual(ordersOf(site.world), ['wipe'])
    })

    it('until two who had no part in what it counted release it', async () => {
      const site = await startSite()
      await site.ask(site.adele, site.full)
      await site.approve(site.security)
      const third = site.world.addPerson('third', ['Security.Modify'])
      const fourth = site.world.addPerson('fourth', ['Security.Modify'])
      const { requests } = site.room()
      await requests.pull(askerOf(site.helpdesk), 'suspicious')
      await assert.rejects(requests.askRelease(askerOf(site.full)), refused('REQUEST_COUNTED'))
      await assert.rejects(requests.askRelease(askerOf(site.helpdesk)), refused('ACCESS_DENIED'))
      await requests.askRelease(askerOf(third))
      await assert.rejects(requests.askRelease(askerOf(fourth)), refused('REQUEST_EXISTS'))
      await assert.rejects(site.approve(third), refused('REQUEST_SELF'))
      await assert.rejects(site.approve(site.security), refused('REQUEST_COUNTED'))
      await site.approve(fourth)
      assert.deepEqual(site.world.brake(), { places: [] })
    })

    it('until the only Security Administrator releases it, an hour later', async () => {
      const site = await startSite()
      site.full.held = site.full.held.filter(({ permission }) => permission !== 'Security.Modify')
      const { requests } = site.room()
      await requests.pull(askerOf(site.helpdesk), 'suspicious')
      await assert.rejects(requests.askRelease(askerOf(site.security)), refused('REQUEST_REFUSED', /an hour after/))
      site.world.pass(hour)
      const { request } = await requests.askRelease(askerOf(site.security))
      assert.equal(request.status.state, 'done')
      assert.equal(site.world.brake().pulled, undefined)
    })

    it('for a release that was meant for an earlier pull', async () => {
      const site = await startSite()
      const { requests } = site.room()
      await requests.pull(askerOf(site.helpdesk), 'first')
      await requests.askRelease(askerOf(site.full))
      const early = site.newest()
      await site.pass(hour)
      site.world.unpull()
      await requests.pull(askerOf(site.helpdesk), 'second')
      await requests.approve(early.id, askerOf(site.security), early.v)
      await site.pass(0)
      assert.match(site.world.brake().pulled?.why ?? '', /second/)
    })

    it('with a place that a crash leaves taken', async () => {
      const site = await startSite({ BRAKE: { requester: 1, approver: 10, site: 10, day: 10 } })
      await site.ask()
      site.world.dieAt('placed')
      await Promise.race([site.world.death(), site.approve()])
      const [place] = site.world.brake().places
      assert.ok(place)
      assert.deepEqual(ordersOf(site.world), [])
      await site.restart()
      assert.deepEqual([site.world.brake().places, ordersOf(site.world)], [[place], ['wipe']])
    })

    it('only at a thousandth of a big fleet in a day', async () => {
      const site = await startSite({ BRAKE: { requester: 100, approver: 100, site: 100, day: 1 } })
      site.world.setFleet(3999)
      for (const phone of fleet(site.world, 4)) {
        await site.ask(phone)
        await site.approve()
      }
      assert.equal(site.world.orders.length, 3)
    })
  })

  describe('for a change of rights', () => {
    const grant = {
      change: 'grant' as const,
      holder: { kind: 'person' as const, id: '99999999-0000-4000-8000-000000000009', name: 'Noah' },
      role: 'Auditor',
      collection: 'All Mobile Devices',
    }

    it('take effect when a second holder approves', async () => {
      const site = await startSite()
      await site.room().requests.askRights(grant, askerOf(site.full))
      assert.deepEqual(site.world.changes, [])
      await assert.rejects(site.approve(site.full), refused('REQUEST_SELF'))
      await assert.rejects(site.approve(site.approver), refused('ACCESS_DENIED', /Security\.Modify/))
      await site.approve(site.security)
      assert.deepEqual([site.world.changes, site.state()], [[grant], 'done'])
      assert.deepEqual(
        site.world.audit.map(({ command, outcome }) => `${command} ${outcome}`),
        ['grant started', 'grant done'],
      )
    })

    it('come to nothing when who asked may not ask any more', async () => {
      const site = await startSite()
      await site.room().requests.askRights(grant, askerOf(site.full))
      site.full.held = []
      await site.approve(site.security)
      assert.deepEqual([site.world.changes, site.state()], [[], 'refused'])
    })

    it('are made at once with RIGHTS_APPROVAL=off, and the record says so', async () => {
      const site = await startSite({ RIGHTS_APPROVAL: 'off' })
      const { request } = await site.room().requests.askRights(grant, askerOf(site.full))
      assert.deepEqual([request.status.state, site.world.changes], ['done', [grant]])
      assert.match(site.world.audit.at(-1)?.note ?? '', /RIGHTS_APPROVAL=off/)
    })

    it('rest before they let somebody approve', async () => {
      const site = await startSite()
      site.security.held = [{ permission: 'Security.Modify', since: site.world.now() - 23 * hour }]
      await site.room().requests.askRights(grant, askerOf(site.full))
      await assert.rejects(site.approve(site.security), refused('ACCESS_DENIED'))
      await site.pass(hour)
      await site.approve(site.security)
      assert.equal(site.state(), 'done')
    })
  })
})
