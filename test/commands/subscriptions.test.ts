import assert from 'node:assert/strict'
import { type Graph, startGraph } from '../access/graph.ts'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'
import { chatOf } from './chat.ts'

describe('subscriptions in chat', () => {
  let desk: TestDesk

  before(async () => {
    desk = await startDesk()
  })
  after(() => desk.close())

  const channel = (who: string) => chatOf(desk, who, 'General')

  it('are managed by those who look after the site, and by nobody else', async () => {
    const helpdesk = channel(people.helpdesk)
    assert.match((await helpdesk.say('subscribe wipes')).text, /Site\.Modify/)
    assert.match((await channel(people.nobody).say('subscriptions')).text, /Site\.Read/)
    assert.match((await channel(people.full).say('subscriptions')).text, /Nothing is told here/)
  })

  it('name what is told of which connector and collection, and say what there is when it is not known', async () => {
    const full = channel(people.full)
    assert.match((await full.say('subscribe weather')).text, /there is no event “weather”, but quarantine, access/)
    assert.match((await full.say('subscribe wipes collection:Nowhere')).text, /You can read no collection “Nowhere”/)
    assert.match((await full.say('subscribe wipes connector:Nowhere')).text, /Nowhere/)
    const set = await full.say('subscribe drift, policy connector:contoso')
    assert.match(set.text, /What is told here/)
    assert.match(set.text, /Contoso\npolicy, drift; set up by Viktor Lind/)
    assert.match((await full.say('unsubscribe drift')).text, /Contoso\npolicy; set up by Viktor Lind/)
    assert.match((await full.say('unsubscribe')).text, /Nothing is told here/)
  })

  it('follow a wipe on one card of the channel that nobody decides on, with each step in its thread', async () => {
    await channel(people.full).say('subscribe wipes approvals')
    await chatOf(desk, people.approver).say('help')
    const { Guid, DeviceId } = await desk.control('POST', 'devices', { mailbox: 'adele', ClientVersion: '16.1' })
    await desk.control('POST', `devices/${DeviceId}/sync`)
    await desk.sync()
    const helpdesk = chatOf(desk, people.helpdesk)
    const shown = await helpdesk.say(`wipe ${Guid} stolen in Rome`)
    const asked = await helpdesk.click(shown, 'Ask for approval', { shortId: Guid.slice(0, 8) })
    const id = /R\d+/.exec(asked.text)?.[0] ?? ''

    const told = () =>
      desk.teams
        .messages(people.full, 'General')
        .filter(({ from, replyToId }) => from.id.startsWith('28:') && replyToId === undefined)
        .map(({ id, thread, attachments }) => {
          const card = (attachments as Json)[0]?.content
          return { isRoot: id === thread, text: textOf(card), card }
        })
        .filter(({ text }) => text.includes(id))
    const root = await eventually(() => told().find(({ isRoot }) => isRoot), 60)
    assert.match(root.text, /Waiting for approval/)
    assert.ok(!JSON.stringify(root.card.actions ?? []).includes('"approve"'), 'nobody decides on the card for all')

    await chatOf(desk, people.approver).say(`deny ${id} it was found`)
    const after = await eventually(() => {
      const all = told()
      const [now] = all.filter(({ isRoot }) => isRoot)
      return /Denied/.test(now?.text ?? '') && all.length > 1 && all
    }, 60)
    assert.equal(after.filter(({ isRoot }) => isRoot).length, 1)
    assert.match(after.find(({ isRoot }) => !isRoot)?.text ?? '', /it was found|Denied/)
  }).timeout(120_000)

  it('are counted in the metrics: what waits, how long, what was sent', async () => {
    const metrics = await (await fetch(`${desk.url()}/metrics`)).text()
    for (const line of [
      /^notifications_waiting \d+$/m,
      /^notifications_oldest_seconds /m,
      /^teams_messages_sent_total [1-9]/m,
    ])
      assert.match(metrics, line)
  })
}).timeout(60_000)

describe('subscriptions of a team', () => {
  let graph: Graph
  let desk: TestDesk

  before(async () => {
    graph = await startGraph()
    desk = await startDesk({}, { graph: graph.host })
    for (const { aadObjectId, name } of desk.teams.directory.people) graph.addAccount(aadObjectId, name)
  })
  after(async () => {
    await desk.close()
    await graph.close()
  })

  const say = async (who: string, where: string, text: string) => (await chatOf(desk, who, where).say(text)).text
  function own(...names: string[]): void {
    const people = desk.teams.directory.people.filter(({ name }) => names.includes(name))
    graph.owners.set(desk.teams.directory.team.aadGroupId, new Set(people.map(({ aadObjectId }) => aadObjectId)))
  }

  it('are managed by its owner who may read the site, in its channels only', async () => {
    own(people.helpdesk)
    for (const where of ['General', 'Mobile devices']) {
      assert.match(await say(people.helpdesk, where, 'subscribe wipes'), /wipes; set up by Hanna Berg/)
      assert.match(await say(people.helpdesk, where, 'unsubscribe'), /Nothing is told here/)
    }
    for (const where of ['group', 'personal'])
      assert.match(await say(people.helpdesk, where, 'subscribe wipes'), /Site\.Modify/)
  })

  it('are not managed by a mere member, nor by an owner who may not read the site', async () => {
    own(people.helpdesk, people.nobody)
    assert.match(await say(people.approver, 'General', 'subscribe wipes'), /Site\.Modify/)
    assert.match(await say(people.nobody, 'General', 'subscribe wipes'), /Site\.Modify/)
    await say(people.helpdesk, 'General', 'subscribe wipes')
    assert.match(await say(people.approver, 'General', 'unsubscribe'), /Site\.Modify/)
    own()
    assert.match(await say(people.helpdesk, 'General', 'unsubscribe'), /Site\.Modify/)
    assert.match(await say(people.helpdesk, 'General', 'subscriptions'), /wipes; set up by Hanna Berg/)
  })
}).timeout(60_000)
