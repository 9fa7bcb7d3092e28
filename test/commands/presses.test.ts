import assert from 'node:assert/strict'
import type { AuditRecord } from '../../src/audit/chain.ts'
import { type Graph, startGraph } from '../access/graph.ts'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'
import { type Chat, chatOf, type Seen, writesOf } from './chat.ts'

const elsewhere = '11111111-2222-3333-4444-555555555555'

describe('presses on the card of a wipe', function () {
  this.timeout(120_000)
  let desk: TestDesk
  let helpdesk: Chat
  let approver: Chat
  let security: Chat
  let outsider: Chat
  let writes: ReturnType<typeof writesOf>
  let mailboxes = 0

  before(async () => {
    desk = await startDesk({ BRAKE: '1000,1000,1000,1000' })
    const chats = [people.helpdesk, people.approver, people.security, people.nobody].map((who) => chatOf(desk, who))
    ;[helpdesk, approver, security, outsider] = chats as [Chat, Chat, Chat, Chat]
    for (const who of [approver, security]) await who.say('help')
    const viktor: Json = desk.teams.directory.people.find(({ name }) => name === people.full)
    viktor.email = 'viktor.second@contoso.com'
    writes = writesOf(desk)
  })
  after(() => desk.close())

  async function newPhone(mailbox: string, more: object = {}) {
    const { Guid, DeviceId } = await desk.control('POST', 'devices', { mailbox, ClientVersion: '16.1', ...more })
    await desk.control('POST', `devices/${DeviceId}/sync`, { mailbox })
    return { guid: Guid as string, deviceId: DeviceId as string }
  }

  /** A phone of somebody whom nobody here knows by account. */
  async function phoneOf({ Alias }: { Alias?: string } = {}) {
    mailboxes += 1
    const alias = Alias ?? `somebody${mailboxes}`
    const ExternalDirectoryObjectId = `99999999-0000-4000-8000-${String(mailboxes).padStart(12, '0')}`
    await desk.control('POST', 'mailboxes', { ExternalDirectoryObjectId, Alias: alias })
    return newPhone(alias)
  }

  /** A request of somebody for the wipe of a phone, and its card. */
  async function asked({ guid }: { guid: string }, by = helpdesk): Promise<{ id: string; card: Seen; v: number }> {
    await desk.sync()
    const shown = await by.say(`wipe ${guid} stolen in Rome`)
    const card = await by.click(shown, 'Ask for approval', { shortId: guid.slice(0, 8) })
    const id = /R\d+/.exec(card.text)?.[0] ?? ''
    const copy = await (by === approver ? security : approver).finds(new RegExp(`${id}\\nWaiting for approval`))
    const v = copy.card.actions.find(({ verb }: Json) => verb === 'approve')?.data.v
    assert.ok(v, copy.text)
    return { id, card: copy, v }
  }

  /** Some message in somebody's chat, to press on. */
  const somewhere = (who: Chat) => who.say('whoami')

  /** A press that must do nothing, say so, and be on record. */
  async function assertRefused(who: Chat, data: object, says: RegExp, code: string, verb = 'approve'): Promise<void> {
    const before = (await desk.audit()).length
    await writes()
    const answer = await who.press(await somewhere(who), verb, data)
    assert.match(answer.text, says)
    const isOnRecord = (record: AuditRecord) =>
      record.command === verb && ['refused', 'failed'].includes(record.outcome) && record.note === code
    await eventually(async () => (await desk.audit()).slice(before).some(isOnRecord))
    assert.deepEqual(await writes(), [])
  }

  const stillWaits = async (id: string) =>
    assert.match((await helpdesk.say(`request ${id}`)).text, /Waiting for approval/)

  it('are refused to who asked for it', async () => {
    const { id, v } = await asked(await phoneOf(), approver)
    await assertRefused(approver, { id, v }, /somebody else must approve/, 'REQUEST_SELF')
    await stillWaits(id)
  })

  for (const [which, who, make] of [
    ['by account', people.approver, () => newPhone('omar.haddad')],
    ['by mail address', people.full, () => phoneOf({ Alias: 'viktor.second' })],
    [
      "as owner of the phone's second mailbox",
      people.approver,
      async () => {
        const phone = await phoneOf()
        await newPhone('omar.haddad', { DeviceId: phone.deviceId })
        return phone
      },
    ],
  ] as const)
    it(`are refused to the owner of the phone, ${which}`, async () => {
      const { guid } = await make()
      await desk.sync()
      const shown = await helpdesk.say(`wipe ${guid} stolen in Rome`)
      const id = /R\d+/.exec((await helpdesk.click(shown, 'Ask for approval', { shortId: guid.slice(0, 8) })).text)?.[0]
      await assertRefused(chatOf(desk, who), { id, v: 1 }, /You own a device/, 'REQUEST_OWNER')
      await stillWaits(id ?? '')
    })

  it('are refused to who may not approve, and tell outsiders nothing', async () => {
    const { id, v } = await asked(await phoneOf())
    await assertRefused(outsider, { id, v }, /Collection\.DeleteResource/, 'ACCESS_DENIED')
    const known = await outsider.press(await somewhere(outsider), 'approve', { id, v })
    const unknown = await outsider.press(await somewhere(outsider), 'approve', { id: 'R9999', v })
    assert.equal(known.text, unknown.text)
    await stillWaits(id)
  })

  it('are refused from another tenant, whoever it is', async () => {
    const { id, v } = await asked(await phoneOf())
    const before = (await desk.audit()).length
    const activity: Json = desk.teams.activity(people.approver, 'personal', { type: 'invoke' })
    const { status } = await desk.teams.raw({
      ...activity,
      name: 'adaptiveCard/action',
      value: { action: { type: 'Action.Execute', verb: 'approve', data: { id, v } } },
      conversation: { ...activity.conversation, tenantId: elsewhere },
      channelData: { tenant: { id: elsewhere } },
    })
    assert.equal(status, 403)
    await eventually(async () => (await desk.audit()).slice(before).some(({ who }) => who?.tenant === elsewhere))
    await stillWaits(id)
  })

  it('are refused on an old card, with changed data, and for a request that is none', async () => {
    const { id, v } = await asked(await phoneOf())
    await assertRefused(approver, { id, v: v - 1 }, /has changed since this card was drawn/, 'REQUEST_CHANGED')
    await assertRefused(approver, { id, v: v + 1 }, /has changed since this card was drawn/, 'REQUEST_CHANGED')
    await assertRefused(approver, { id: 'R9999', v }, /know no request/, 'REQUEST_UNKNOWN')
    await assertRefused(approver, { id: { $ne: '' }, v }, /R1042|could not be read|Approve/i, 'COMMAND_ARGUMENT')
    await stillWaits(id)
  })

  it('count once, however often the activity comes', async () => {
    const { id, v } = await asked(await phoneOf())
    const activity = {
      ...(desk.teams.activity(people.approver, 'personal', { type: 'invoke' }) as Json),
      name: 'adaptiveCard/action',
      value: { action: { type: 'Action.Execute', verb: 'approve', data: { id, v } } },
    }
    const before = (await desk.audit()).length
    const answers = await Promise.all(Array.from({ length: 5 }, () => desk.teams.raw(activity)))
    assert.ok(answers.every(({ status }) => status === 200))
    await helpdesk.finds(new RegExp(`${id}: with Exchange`))
    const records = (await desk.audit()).slice(before).filter(({ command }) => command === 'approve')
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      ['started', 'done'],
    )
  })

  it('come from a thousand windows at once: one order, one end, and everybody is answered', async () => {
    const { id, v } = await asked(await phoneOf())
    await writes()
    const all = [people.approver, people.security, people.full]
    const headers = { authorization: `Bearer ${await desk.teams.token()}`, 'content-type': 'application/json' }
    const answers = await Promise.all(
      Array.from({ length: 1000 }, async (_, n) => {
        const activity: Json = desk.teams.activity(all[n % 3] ?? '', 'personal', { type: 'invoke' })
        const value = { action: { type: 'Action.Execute', verb: 'approve', data: { id, v } } }
        const body = JSON.stringify({ ...activity, name: 'adaptiveCard/action', value })
        const response = await fetch(`${desk.url()}/api/messages`, { method: 'POST', headers, body })
        return { status: response.status, card: ((await response.json()) as Json).value }
      }),
    )
    for (const { status, card } of answers) {
      assert.equal(status, 200)
      assert.match(textOf(card), /Wipe|Working/)
    }
    await helpdesk.finds(new RegExp(`${id}: with Exchange`))
    assert.equal((await writes()).length, 1)
    const approvals = (await desk.audit()).filter((one) => one.command === 'approve' && one.target?.includes(id))
    assert.equal(approvals.filter(({ outcome }) => outcome === 'done').length, 1)
  })
})

describe('a press on Approve by an account that was just disabled', function () {
  this.timeout(120_000)
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

  it('is refused and recorded, and runs nothing', async () => {
    const chats = [people.helpdesk, people.approver, people.security].map((who) => chatOf(desk, who))
    const [helpdesk, approver, security] = chats as [Chat, Chat, Chat]
    for (const who of [approver, security]) await who.say('help')
    const writes = writesOf(desk)
    const shown = await helpdesk.say('wipe adele_iPhone stolen in Rome')
    const shortId = /· (\w{8})\n/.exec(shown.text)?.[1]
    const id = /R\d+/.exec((await helpdesk.click(shown, 'Ask for approval', { shortId })).text)?.[0]
    const waits = new RegExp(`${id}\\nWaiting for approval`)
    const card = await approver.finds(waits)
    const { aadObjectId: omar }: Json = desk.teams.directory.people.find(({ name }) => name === people.approver)
    graph.addAccount(omar, people.approver, { accountEnabled: false })
    for (const says of [/Entra ID knows no enabled account of yours/, /You may not do this/])
      assert.match((await approver.click(card, 'Approve')).text, says)
    const notes = async () =>
      (await desk.audit()).flatMap(({ command, outcome, note, who }) =>
        command === 'approve' && outcome !== 'started' && who?.id === omar ? note : [],
      )
    await eventually(async () => (await notes()).length === 2)
    assert.deepEqual(await notes(), ['REQUEST_DISABLED', 'ACCESS_DENIED'])
    assert.match((await helpdesk.say(`request ${id}`)).text, waits)
    assert.deepEqual(await writes(), [])
    await security.click(await security.finds(waits), 'Approve')
    await helpdesk.finds(new RegExp(`${id}: with Exchange`))
    assert.equal((await writes()).length, 1)
  })
})
