import assert from 'node:assert/strict'
import { isBotError } from '../../src/errors.ts'
import { isHeld } from '../../src/requests/people.ts'
import type { MassChange, Request } from '../../src/requests/request.ts'
import { askerOf, createWorld, hour, type Somebody } from './world.ts'

const minute = 60_000

const change: MassChange = {
  kind: 'change',
  verb: 'default-access',
  data: { level: 'block', connector: 'Contoso', confirm: 'digest' },
  permission: 'Site.Modify',
  title: 'Default access level of Contoso: Block',
  text: 'It is for every device that nothing else decides about.',
  warnings: ['It takes effect at once.'],
  facts: [{ label: 'Devices', value: '1,000' }],
}

/** A site where two may change rules, or one alone. */
async function startSite({ alone = false } = {}) {
  const world = createWorld()
  const asker = world.addPerson('asker', ['Site.Modify'])
  const second = world.addPerson('second', alone ? [] : ['Site.Modify'])
  const security = world.addPerson('security', ['Security.Modify'])
  let room = await world.start()
  const newest = (): Request => {
    const found = world.requests().at(-1)
    assert.ok(found)
    return found
  }
  return {
    world,
    asker,
    second,
    security,
    newest,
    state: () => newest().status.state,
    async ask(wish = change, by = asker) {
      const asked = await room.requests.askChange(wish, wish.title, askerOf(by))
      await room.work.run()
      return asked
    },
    async approve(by: Somebody) {
      await room.requests.approve(newest().id, askerOf(by), newest().v)
      await room.work.run()
    },
    deny: (by: Somebody) => room.requests.deny(newest().id, askerOf(by), 'not today'),
    withdraw: (by: Somebody) => room.requests.withdraw(newest().id, askerOf(by)),
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

const refused = (code: Parameters<typeof isBotError>[1]) => (error: unknown) => isBotError(error, code)

describe('requests for a mass change', () => {
  it('make nothing before another holder of the permission approves it, and make it once', async () => {
    const site = await startSite()
    await site.ask()
    await site.pass(hour)
    assert.deepEqual([site.state(), site.world.made], ['waiting', []])
    await site.approve(site.second)
    await site.restart()
    await site.pass(hour)
    assert.deepEqual([site.state(), site.world.made], ['done', ['R1001']])
  })

  it('are not approved by who asked, nor by who holds another permission', async () => {
    const site = await startSite()
    await site.ask()
    await assert.rejects(site.approve(site.asker), refused('REQUEST_SELF'))
    await assert.rejects(site.approve(site.security), refused('ACCESS_DENIED'))
    await assert.rejects(site.deny(site.security), refused('ACCESS_DENIED'))
    assert.deepEqual(site.world.made, [])
  })

  it('are not asked for by who may not make them', async () => {
    const site = await startSite()
    await assert.rejects(site.ask(change, site.security), refused('ACCESS_DENIED'))
  })

  it('end without it when they are denied, taken back or forgotten', async () => {
    for (const [end, state] of [
      [(site: Site) => site.deny(site.second), 'denied'],
      [(site: Site) => site.withdraw(site.asker), 'withdrawn'],
      [(site: Site) => site.pass(5 * hour), 'expired'],
    ] as const) {
      const site = await startSite()
      await site.ask()
      await end(site)
      await site.pass(hour)
      assert.deepEqual([site.state(), site.world.made], [state, []])
    }
  })

  it('say why it was not made', async () => {
    const site = await startSite()
    await site.ask()
    site.world.refuseChanges('Exchange did not answer.')
    await site.approve(site.second)
    const { status } = site.newest()
    assert.equal(status.state === 'refused' && status.why, 'Exchange did not answer.')
  })

  it('are not made when who asked or who approved lost the right since', async () => {
    for (const loser of ['asker', 'second'] as const) {
      const site = await startSite()
      await site.ask()
      site.world.dieAt('due')
      const death = site.world.death()
      await Promise.race([site.approve(site.second), death])
      site.world.people.get(site[loser].id)?.held.splice(0)
      await site.restart()
      assert.deepEqual([site.state(), site.world.made], ['refused', []], loser)
    }
  })

  it('are done after a kill between the change and its note', async () => {
    const site = await startSite()
    await site.ask()
    site.world.dieAt('made')
    await Promise.race([site.approve(site.second), site.world.death()])
    assert.equal(site.state(), 'approved')
    await site.restart()
    assert.equal(site.state(), 'done')
  })

  it('about devices need the permission on each of them', () => {
    const world = createWorld()
    const phones = ['adele', 'bruno'].map((name) => world.deviceOf(world.addPhone(name, undefined, [])))
    const devices = phones.map(({ connector, guid }) => ({ connector, guid }))
    const held = (mine: readonly string[]) => {
      const powers = {
        holds: () => mine.length > 0,
        reach: () => [],
        may: ({ guid }: { guid: string }) => mine.includes(guid),
      }
      const get = ({ guid }: { guid: string }) => phones.find((phone) => phone.guid === guid)
      return isHeld(powers, { ...change, devices }, { get })
    }
    assert.deepEqual([held(['adele-guid', 'bruno-guid']), held(['adele-guid']), held([])], [true, false, false])
  })

  it('about devices go on without those that are gone', async () => {
    const site = await startSite()
    const phones = ['adele', 'bruno'].map((name) => site.world.addPhone(name, undefined, []))
    await site.ask({ ...change, devices: phones.map(({ guid }) => ({ connector: 'Contoso', guid })) })
    site.world.phones.delete('adele-guid')
    await site.approve(site.second)
    assert.equal(site.state(), 'done')
  })

  describe('where nobody else holds the permission', () => {
    it('say so, wait ten minutes, and go ahead', async () => {
      const site = await startSite({ alone: true })
      const { notice } = await site.ask()
      assert.match(notice ?? '', /Nobody else holds Site\.Modify, so it goes ahead in ten minutes unless it is stopped/)
      await site.pass(9 * minute)
      assert.deepEqual([site.state(), site.world.made], ['waiting', []])
      await site.restart()
      await site.pass(minute)
      assert.deepEqual([site.state(), site.world.made], ['done', ['R1001']])
      assert.ok(
        site.newest().history.some(({ text }) => text === 'Nobody else could approve it, and nobody stopped it.'),
      )
    })

    it('are stopped by who asked, or by who looks after security, and by nobody else', async () => {
      for (const [stop, state] of [
        [(site: Site) => site.withdraw(site.asker), 'withdrawn'],
        [(site: Site) => site.deny(site.security), 'denied'],
      ] as const) {
        const site = await startSite({ alone: true })
        await site.ask()
        await assert.rejects(site.deny(site.second), refused('ACCESS_DENIED'))
        await assert.rejects(site.approve(site.security), refused('ACCESS_DENIED'))
        await assert.rejects(site.approve(site.asker), refused('REQUEST_SELF'))
        await stop(site)
        await site.pass(hour)
        assert.deepEqual([site.state(), site.world.made], [state, []])
      }
    })

    it('do not go ahead when who asked lost the right meanwhile', async () => {
      const site = await startSite({ alone: true })
      await site.ask()
      site.asker.held.splice(0)
      await site.pass(10 * minute)
      assert.deepEqual([site.state(), site.world.made], ['refused', []])
    })
  })
})

type Site = Awaited<ReturnType<typeof startSite>>
