import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Event } from '../../src/events/event.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import { deviceEvent, idOf, type Room, sentencesOf, siteEvent, startRoom, type Trouble } from './room.ts'

const hour = 60 * 60_000

describe('notifications', () => {
  let room: Room

  beforeEach(async () => {
    room = await startRoom()
    room.let('vera', ['Site.Modify', 'Site.Read', 'Collection.ReadResource', 'Security.Modify'], allDevices)
  })
  afterEach(() => room.close())

  const texts = (conversation: string, under: 'thread' | 'root' | 'all' = 'all') =>
    room.posted
      .filter((one) => one.conversation === conversation)
      .filter((one) => under === 'all' || (under === 'thread') === (one.under !== undefined))
      .map(({ reply }) => sentencesOf(reply).join(' | '))

  describe('tell a story', () => {
    it('in one message that is edited, with the details in its thread', async () => {
      await room.join('channel')
      await room.subscribe('channel', 'vera', ['connectors'])
      const about = { kinds: ['connectors' as const], subject: { of: 'connector' as const, connector: 'Contoso' } }
      await room.publish(siteEvent('failure', { ...about, story: 'Contoso fails' }))
      await room.drain()
      await room.publish(siteEvent('recovery', { ...about, story: 'Contoso fails' }))
      await room.drain()
      assert.deepEqual(texts('channel', 'root'), ['recovery | recovery happened. | failure happened.'])
      assert.deepEqual(texts('channel', 'thread'), ['recovery | recovery happened.'])
      assert.equal(room.posted[1]?.under, room.posted[0]?.id)
    })

    it('in one message that tells it all, where there are no threads; a long one goes on in another', async () => {
      await room.join('chat', 'groupChat')
      await room.subscribe('chat', 'vera', ['access'])
      for (let n = 1; n <= 12; n++) {
        await room.publish(deviceEvent(`e${n}`, 'phone'))
        await room.drain()
      }
      const [first = '', second = ''] = texts('chat')
      for (let n = 1; n <= 12; n++) assert.equal((n <= 10 ? first : second).includes(`e${n} happened`), true)
      assert.equal(room.posted.length, 2)
    })

    it('as the card itself, which is edited when what it shows has changed', async () => {
      await room.join('channel')
      room.devices.set('phone', [])
      await room.subscribe('channel', 'vera', ['quarantine'])
      const read = { verb: 'device', data: { ref: 'phone' } }
      await room.publish(deviceEvent('a', 'phone', { kinds: ['quarantine'], read, whole: true }))
      await room.drain()
      assert.deepEqual(texts('channel'), ['card of phone | as vera sees it'])
      room.hides(() => false)
      await room.parts().notify.touched(read)
      await room.drain()
      assert.deepEqual(texts('channel'), ['phone | a happened to phone.'])
    })

    it('and edits a card at once that changed while it was posted', async () => {
      await room.join('channel')
      room.devices.set('phone', [])
      await room.subscribe('channel', 'vera', ['quarantine'])
      let views = 0
      room.hides(() => {
        views += 1
        return views === 1
      })
      const read = { verb: 'device', data: { ref: 'phone' } }
      await room.publish(deviceEvent('a', 'phone', { kinds: ['quarantine'], read, whole: true }))
      await room.drain()
      assert.deepEqual(texts('channel'), ['phone | a happened to phone.'])
    })

    it('anew when its message was deleted', async () => {
      await room.join('channel')
      await room.subscribe('channel', 'vera', ['access'])
      await room.publish(deviceEvent('a', 'phone'))
      await room.drain()
      let calls = 0
      room.fails(() => {
        calls += 1
        return calls === 1 ? 'gone' : undefined
      })
      await room.publish(deviceEvent('b', 'phone'))
      await room.drain()
      assert.deepEqual(texts('channel', 'root'), ['phone | a happened to phone.', 'phone | b happened to phone.'])
    })
  })

  describe('gather', () => {
    it('what happens within three seconds, and not what comes later', async () => {
      await room.join('channel')
      await room.subscribe('channel', 'vera', ['access'])
      await room.publish(deviceEvent('a', 'phone'))
      await room.drain(2000)
      room.pass(2000)
      assert.equal(room.posted.length, 0)
      await room.publish(deviceEvent('b', 'phone'))
      await room.drain(2000)
      room.pass(2000)
      assert.deepEqual(texts('channel'), ['phone | b happened to phone. | a happened to phone.'])
    })

    it('a storm in one card with the first ten, the count and a way to all of them', async () => {
      await room.join('channel')
      await room.subscribe('channel', 'vera', ['access'])
      const storm = (from: number, to: number) =>
        Array.from({ length: to - from + 1 }, (_, at) =>
          deviceEvent(`e${from + at}`, `phone ${from + at}`, { group: 'devices blocked by the rule “x”' }),
        )
      await room.publish(...storm(1, 137))
      await room.drain()
      const [card] = room.posted
      assert.ok(card?.reply.template === 'news' && room.posted.length === 1)
      assert.equal(card.reply.data.title, '137 devices blocked by the rule “x”')
      assert.equal(card.reply.data.steps.length, 10)
      const data = { group: 'devices blocked by the rule “x”', from: 1, to: 137 }
      assert.deepEqual(card.reply.buttons, [{ title: 'Show all', verb: 'events', data }])
      await room.publish(...storm(138, 140))
      await room.drain(30_000)
      assert.ok(card.reply.template === 'news' && room.posted.length === 1)
      assert.equal(card.reply.data.title, '140 devices blocked by the rule “x”')
    })

    it('nothing that is told personally', async () => {
      await room.join('paula', 'personal')
      await room.publish(siteEvent('a', { kinds: [], to: [idOf('paula')] }))
      await room.drain(0)
      assert.deepEqual(texts('paula'), ['a | a happened.'])
    })
  })

  describe('are heard', () => {
    it('by kind, by connector and by collection', async () => {
      for (const name of ['all', 'fabrikam', 'berlin', 'wipes']) await room.join(name)
      await room.subscribe('all', 'vera', ['access'])
      await room.subscribe('fabrikam', 'vera', ['access'], allDevices, 'Fabrikam')
      await room.subscribe('berlin', 'vera', ['access', 'security'], 'Berlin')
      await room.subscribe('wipes', 'vera', ['wipes'])
      room.devices.set('in Berlin', ['Berlin'])
      room.devices.set('elsewhere', [])
      await room.publish(
        deviceEvent('a', 'in Berlin'),
        deviceEvent('b', 'elsewhere'),
        siteEvent('c', { kinds: ['security'] }),
      )
      await room.drain()
      assert.deepEqual(texts('all'), ['in Berlin | a happened to in Berlin.', 'elsewhere | b happened to elsewhere.'])
      assert.deepEqual(texts('berlin'), ['in Berlin | a happened to in Berlin.'])
      assert.deepEqual([...texts('fabrikam'), ...texts('wipes')], [])
    })

    it('once, by a conversation that subscribed twice and by somebody who is told personally as well', async () => {
      await room.join('vera', 'personal')
      await room.subscribe('vera', 'vera', ['access'])
      await room.subscribe('vera', 'vera', ['access'], 'Berlin')
      room.devices.set('phone', ['Berlin'])
      await room.publish(deviceEvent('a', 'phone', { to: [idOf('vera')] }))
      await room.drain()
      assert.deepEqual(texts('vera'), ['phone | a happened to phone.'])
    })

    it('by Full Administrators personally as long as no conversation hears of security', async () => {
      for (const name of ['vera', 'otto']) await room.join(name, 'personal')
      room.let('otto', ['Site.Read'], allDevices)
      await room.publish(siteEvent('a', { kinds: ['security'] }))
      await room.drain()
      await room.join('channel')
      await room.subscribe('channel', 'vera', ['security'])
      await room.publish(siteEvent('b', { kinds: ['security'] }))
      await room.drain()
      assert.deepEqual([texts('vera'), texts('otto'), texts('channel')], [['a | a happened.'], [], ['b | b happened.']])
    })

    it('never of a device in a collection that the conversation does not hear, wherever the device moves', async () => {
      for (const name of ['berlin', 'paris']) await room.join(name)
      room.let('bea', ['Site.Modify', 'Collection.ReadResource'], 'Berlin')
      room.let('pia', ['Site.Modify', 'Collection.ReadResource'], 'Paris')
      await room.subscribe('berlin', 'bea', ['quarantine'], 'Berlin')
      await room.subscribe('paris', 'pia', ['quarantine'], 'Paris')
      room.devices.set('phone', ['Berlin'])
      const event = (key: string) =>
        deviceEvent(key, 'phone', {
          kinds: ['quarantine'],
          read: { verb: 'device', data: { ref: 'phone' } },
          whole: true,
          subject: { of: 'device', connector: 'Contoso', guid: 'phone', collections: ['Berlin'] },
        })
      await room.publish(event('a'))
      await room.drain()
      assert.deepEqual([texts('berlin').length, texts('paris').length], [1, 0])
      await room.publish(event('b'))
      await room.drain(0)
      room.devices.set('phone', ['Paris'])
      await room.parts().notify.touched({ verb: 'device', data: { ref: 'phone' } })
      room.hides(() => assert.fail('nobody may look'))
      await room.drain()
      assert.deepEqual([texts('berlin').length, texts('paris').length], [1, 0])
      room.hides(() => true)
      await room.publish(event('c'))
      await room.drain()
      assert.deepEqual([texts('berlin').length, texts('paris').length], [1, 1])
    })

    it('never of a device outside their collection, by any two conversations (property)', async () => {
      const collections = ['Berlin', 'Paris']
      for (const name of collections) {
        await room.join(name)
        room.let(name, ['Site.Modify', 'Collection.ReadResource'], name)
        await room.subscribe(name, name, ['access'], name)
      }
      let run = 0
      const step = fc.record({
        phone: fc.nat(5),
        in: fc.constantFrom('Berlin', 'Paris', undefined),
        event: fc.boolean(),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.boolean(), async (steps, restart) => {
          run += 1
          for (const { phone, in: collection, event } of steps) {
            const guid = `phone ${run}.${phone}`
            if (event) await room.publish(deviceEvent(`${run} ${Math.random()}`, guid))
            else if (room.posted.every(({ reply }) => !JSON.stringify(reply).includes(guid)))
              room.devices.set(guid, collection === undefined ? [] : [collection])
          }
          if (restart) await room.restart()
          await room.drain()
          for (const { conversation, first, reply } of room.posted)
            for (const [guid, held] of room.devices)
              if (JSON.stringify([first, reply]).includes(`"${guid}"`)) assert.ok(held.includes(conversation), guid)
        }),
        { numRuns: 10 },
      )
    })
  })

  describe('stop', () => {
    it('when whoever set them up may no longer read the collection, and say so', async () => {
      await room.join('channel')
      await room.subscribe('channel', 'vera', ['access'])
      await room.publish(deviceEvent('a', 'phone'))
      room.let('vera', ['Site.Modify'], allDevices)
      await room.drain()
      assert.equal(texts('channel').length, 1)
      assert.match(texts('channel')[0] ?? '', /^Notifications are paused \| vera, who set them up, may no longer read/)
      await room.publish(deviceEvent('b', 'phone'))
      await room.drain()
      assert.equal(texts('channel').length, 1)
      room.let('vera', ['Site.Modify', 'Collection.ReadResource'], allDevices)
      await room.subscribe('channel', 'vera', ['access'])
      await room.publish(deviceEvent('c', 'phone'))
      await room.drain()
      assert.equal(texts('channel')[1], 'phone | c happened to phone.')
    })

    for (const scope of ['channel', 'groupChat'] as const)
      it(`when Teams no longer lets the bot write (${scope}), and tell the people who set them up`, async () => {
        await room.join('there', scope)
        await room.join('vera', 'personal')
        await room.subscribe('there', 'vera', ['access', 'wipes'])
        room.fails((_, conversation) => (conversation === 'there' ? 'gone' : undefined))
        await room.publish(deviceEvent('a', 'phone'), deviceEvent('b', 'tablet'))
        await room.drain()
        assert.match(texts('vera')[0] ?? '', /^Notifications to a \w+ have ended.*access, wipes/)
        assert.deepEqual(room.forgotten, ['there'])
        const { subscriptions, conversations, notify } = room.parts()
        assert.deepEqual(await subscriptions.of('there'), [])
        assert.equal(await conversations.get('there'), undefined)
        const { waiting, dropped } = await notify.load()
        assert.deepEqual([waiting, dropped], [0, { gone: 2 }])
      })

    it('when a channel or a team is deleted; while it is archived they pause', async () => {
      await room.join('vera', 'personal')
      for (const name of ['one', 'two']) {
        await room.join(name, 'channel', 'team')
        await room.subscribe(name, 'vera', ['access'])
      }
      const { happened } = room.parts().notify
      await happened({ kind: 'archived', team: 'team' })
      await room.publish(deviceEvent('a', 'phone'))
      await room.drain()
      assert.equal(room.posted.length, 0)
      await happened({ kind: 'unarchived', team: 'team' })
      await happened({ kind: 'renamed', conversation: 'one', name: 'Phones' })
      await happened({ kind: 'ended', conversation: 'one', why: 'The channel was deleted.' })
      await room.publish(deviceEvent('b', 'phone'))
      await room.drain()
      assert.equal(texts('two').length, 1)
      assert.match(texts('vera')[0] ?? '', /^Notifications to Phones have ended \| The channel was deleted\./)
      await happened({ kind: 'teamEnded', team: 'team', why: 'The team was deleted.' })
      assert.deepEqual(await room.parts().subscriptions.of('two'), [])
    })
  })

  describe('are delivered', () => {
    it('smaller when they are too large, and not at all when Teams cannot read them', async () => {
      await room.join('channel')
      await room.subscribe('channel', 'vera', ['access'])
      let calls = 0
      room.fails(() => {
        calls += 1
        return calls === 1 ? 'tooLarge' : calls === 3 ? 'refused' : undefined
      })
      await room.publish(deviceEvent('a', 'phone'), deviceEvent('b', 'tablet'), deviceEvent('c', 'watch'))
      await room.drain()
      assert.deepEqual(texts('channel'), ['phone | a happened to phone.', 'watch | c happened to watch.'])
      assert.deepEqual((await room.parts().notify.load()).dropped, { refused: 1 })
    })

    const fault = fc.constantFrom<Trouble | undefined>('before', 'after', undefined, undefined, undefined)
    const step = fc.oneof(
      fc.record({ publish: fc.array(fc.nat(7), { minLength: 1, maxLength: 12 }), group: fc.boolean() }),
      fc.record({ restart: fc.constant(true) }),
      fc.record({ wait: fc.constantFrom(1000, 4000, hour) }),
    )
    type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
    let run = 0

    /** Publishes, waits and restarts under faults, and holds what the conversation could read against what happened. */
    async function tellsAll(steps: Step[], faults: Iterator<Trouble | undefined>, scope: 'channel' | 'groupChat') {
      run += 1
      const conversation = `c${run}`
      await room.join(conversation, scope)
      await room.subscribe(conversation, 'vera', ['access'])
      let lost = 0
      room.fails(() => {
        const { value } = faults.next()
        if (value === 'after') lost += 1
        return value
      })
      const events: Event[] = []
      for (const one of steps)
        if ('publish' in one)
          for (const phone of one.publish) {
            const key = `${run}.${events.length}`
            const group = one.group ? `devices of run ${run}` : undefined
            const about = { group, text: `told ${key}.`, at: room.now().toISOString() }
            events.push(deviceEvent(key, `phone ${run}.${phone}`, about))
            await room.publish(...events.slice(-1))
          }
        else if ('restart' in one) await room.restart()
        else await room.drain(one.wait)
      await room.drain()
      room.fails(() => undefined)
      await room.drain()
      await room.parts().subscriptions.end(conversation)

      const here = room.posted.filter((one) => one.conversation === conversation)
      const tellings = await Promise.all(events.map(({ text }) => timesTold(text, here, scope)))
      assert.ok(
        tellings.every((times) => times >= 1),
        `all told: ${tellings}`,
      )
      if (lost === 0) assert.deepEqual(tellings, Array(events.length).fill(1))
      const cards = room.shown.filter((one) => one.conversation === conversation).map(({ reply }) => sentencesOf(reply))
      for (const { story } of events) {
        const own = events.filter((event) => event.story === story && event.group === undefined)
        const firstRead = own.map(({ text }) => cards.findIndex((sentences) => sentences.includes(text)))
        assert.deepEqual(
          firstRead,
          firstRead.toSorted((one, other) => one - other),
        )
      }
      assert.equal((await room.parts().notify.load()).waiting, 0)
    }

    it('at least once and in order, whatever fails and however often the process ends; twice only where an answer was lost', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 1, maxLength: 8 }),
          fc.infiniteStream(fault),
          fc.constantFrom('channel' as const, 'groupChat' as const),
          tellsAll,
        ),
        { numRuns: 20 },
      ))

    it('in order where the thread has the details and the card above it the newest, though the card was posted four times', () =>
      tellsAll(
        [{ publish: [0], group: false }, { wait: hour }, { publish: [0, 0], group: false }],
        ['after', 'after', 'after', 'before', undefined, undefined, 'before'].values() as Iterator<Trouble | undefined>,
        'channel',
      ))

    it('once where an event could be told with its story or with its sort', () =>
      tellsAll(
        [
          { publish: [0], group: false },
          { publish: [3, 5, 0, 6, 1, 4, 2], group: true },
        ],
        [].values(),
        'channel',
      ))
  })

  /** How often a channel reads a sentence: where it was posted, in a chat where it stands now, or in the list of a storm. */
  async function timesTold(text: string, here: Room['posted'], scope: 'channel' | 'groupChat'): Promise<number> {
    let times = 0
    for (const { first, reply } of here) {
      const [button] = reply.buttons ?? []
      if (button?.verb === 'events') {
        const { group, from, to } = button.data
        for await (const event of room.parts().outbox.all())
          if (event.text === text && event.group === group && event.n >= Number(from) && event.n <= Number(to))
            times += 1
      } else if (sentencesOf(scope === 'channel' ? first : reply).includes(text)) times += 1
    }
    return times
  }
}).timeout(60_000)
