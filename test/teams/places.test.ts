import assert from 'node:assert/strict'
import { chatOf } from '../commands/chat.ts'
import { eventually, people, startDesk, type TestDesk } from '../desk.ts'

const team = { id: '19:contoso-it@thread.tacv2', name: 'Contoso IT' }
const channel = { id: '19:mobile-devices@thread.tacv2', name: 'Mobile devices' }

describe('the places that the bot is in', () => {
  let desk: TestDesk

  before(async () => {
    desk = await startDesk()
    await chatOf(desk, people.full).say('help')
  })
  after(() => desk.close())

  /** Teams says something of a place; resolves to what the bot then did there, by operation. */
  async function happens(where: string, fields: { type: string; channelData?: object; [field: string]: unknown }) {
    const before = desk.teams.calls.length
    assert.equal((await desk.teams.raw(desk.teams.activity(people.nobody, where, fields))).status, 200)
    return desk.teams.calls.slice(before).map(({ operation }) => operation)
  }
  const update = (eventType: string, about: object = {}) =>
    happens('General', { type: 'conversationUpdate', channelData: { eventType, team, ...about } })

  const here = async (where: string) => (await chatOf(desk, people.full, where).say('subscriptions')).text
  const mine = () => here('personal')
  const told = (pattern: RegExp) => chatOf(desk, people.full).finds(pattern)

  it('are welcomed when the bot itself is installed there, and for nobody else who comes or goes', async () => {
    const other = { id: '29:hanna', aadObjectId: '0d4c7e52-91ab-4f3e-a6d8-57b2c9e01f34' }
    const bot = { id: desk.teams.directory.bot.id }
    for (const where of ['personal', 'group', 'General'])
      for (const [who, word] of [
        [other, 'Added'],
        [other, 'Removed'],
        [bot, 'Added'],
      ] as const) {
        const about = { channelData: { team, eventType: `teamMember${word}` }, [`members${word}`]: [who] }
        assert.deepEqual(await happens(where, { type: 'conversationUpdate', ...about }), [], `${where} ${word}`)
      }
    for (const action of ['add-upgrade', 'remove-upgrade', undefined])
      assert.deepEqual(await happens('General', { type: 'installationUpdate', channelData: { team }, action }), [])
    const added = { type: 'installationUpdate', action: 'add' }
    assert.deepEqual(await happens('personal', added), ['send'])
    assert.deepEqual(await happens('group', added), ['send'])
    assert.deepEqual(await happens('General', { ...added, channelData: { team } }), ['team', 'send'])
  })

  it('are not welcomed where Teams does not say how many would be disturbed', async () => {
    desk.teams.fault({ operation: 'team', effect: 'status', status: 404 })
    const about = { type: 'installationUpdate', action: 'add', channelData: { team } }
    assert.deepEqual(await happens('General', about), ['team'])
  })

  it('go by their new name, and end with their channel, which is told to who set them up', async () => {
    await chatOf(desk, people.full, channel.name).say('subscribe access')
    await eventually(async () => /In a channel: All Mobile Devices/.test(await mine()))
    await update('channelRenamed', { channel: { ...channel, name: 'Phones' } })
    assert.match(await mine(), /In Phones: All Mobile Devices/)
    await update('channelDeleted', { channel: { ...channel, name: 'Phones' } })
    await told(/Notifications to Phones have ended\nThe channel was deleted\. They told of access\./)
    assert.doesNotMatch(await mine(), /In /)
  })

  it('pause while their team is archived', async () => {
    await chatOf(desk, people.full, 'General').say('subscribe access')
    await update('teamArchived')
    assert.match(await here('General'), /Paused: The team is archived\./)
    await update('teamUnarchived')
    assert.match(await here('General'), /access; set up by Viktor Lind/)
  })

  it('end when the bot is uninstalled, and are not written to any more', async () => {
    assert.match(await here('General'), /access; set up by Viktor Lind/)
    const before = desk.teams.calls.length
    for (const { status } of await desk.teams.install(people.nobody, 'General', 'remove')) assert.equal(status, 200)
    await told(/have ended\nDevice Desk was uninstalled there\./)
    await desk.control('POST', 'devices', { mailbox: 'adele' })
    await desk.sync()
    await chatOf(desk, people.full).say('subscribe access')
    await desk.control('POST', 'devices', { mailbox: 'bruno' })
    await desk.sync()
    await told(/bruno_iPhone .*is new\./)
    const written = desk.teams.calls.slice(before).filter(({ conversation }) => conversation?.startsWith(team.id))
    assert.deepEqual(written, [])
    await desk.teams.install(people.nobody, 'General')
    assert.match(await here('General'), /Nothing is told here/)
  })
}).timeout(60_000)
