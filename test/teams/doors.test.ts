import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'

const elsewhere = '11111111-2222-3333-4444-555555555555'

/** What the sandbox's issuer can get wrong. */
const badTokens = [
  'that is none',
  'signed by a stranger',
  'signed with an unknown key',
  'signed with a key without endorsements',
  'unsigned',
  'signed with the public key as a secret',
  'from another issuer',
  'for another bot',
  'expired',
  'not valid yet',
  'for another service URL',
  'without a service URL',
  'of the emulator',
]

describe('the door to Teams', () => {
  let desk: TestDesk
  let sent = 0

  before(async () => {
    desk = await startDesk({ SERVICE_URL_HOSTS: '127.0.0.1,smba.trafficmanager.net' })
  })
  after(() => desk.close())
  beforeEach(() => {
    sent = desk.teams.calls.length
  })
  afterEach(async () => {
    const calls = await desk.control('GET', 'calls')
    assert.ok(!calls.some(({ cmdlet }: Json) => cmdlet.startsWith('Set-')), 'nothing was changed in Exchange')
  })

  /** Whatever earlier tests made the bot say or record is said and recorded. */
  const settled = () => desk.restart()

  /** A block that a Full Administrator may order: what must not happen when the door fails. */
  const block = (fields: object = {}): Json => ({
    ...desk.teams.activity(people.full, 'personal', { type: 'message' }),
    text: 'block adele_iPhone taken by a stranger',
    ...fields,
  })
  const press = (fields: object = {}): Json => ({
    ...block({ type: 'invoke', name: 'adaptiveCard/action', text: undefined }),
    value: { action: { type: 'Action.Execute', verb: 'block', data: { ref: 'adele_iPhone', reason: 'taken' } } },
    ...fields,
  })

  async function assertRefused(activity: unknown, status: number, bearer?: string | null) {
    const recorded = (await desk.audit()).length
    const answer = await desk.teams.raw(activity, bearer)
    assert.deepEqual([answer.status, answer.body], [status, ''])
    assert.equal(desk.teams.calls.length, sent, 'nothing was said')
    return (await desk.audit()).slice(recorded)
  }

  describe('takes no token', () => {
    before(settled)

    it('but one of the kinds that this test knows', async () => {
      assert.deepEqual(Object.keys(await desk.teams.badTokens()), badTokens)
    })

    for (const kind of badTokens)
      it(`${kind}, whatever comes with it`, async () => {
        const token = (await desk.teams.badTokens())[kind]
        for (const body of [block(), press(), { ...block(), id: undefined }])
          assert.deepEqual(await assertRefused(body, 401, token), [], 'a stranger leaves no record')
      })

    it('for granted', async () => {
      await assertRefused(block(), 401, null)
      await assertRefused({}, 401, null)
      await assertRefused(block(), 401, '')
      const token = await desk.teams.token()
      for (const authorization of ['Basic dmlrdG9yOnNlY3JldA==', token, `Bearer ${token} ${token}`, 'Bearer'])
        assert.equal((await post(JSON.stringify(block()), { authorization })).status, 401)
    })

    it('of a stranger as leave to look into what else was sent', async () => {
      const authorization = 'Bearer garbage'
      for (const body of ['{', '[]', '{}', 'x'.repeat(300_000)])
        assert.deepEqual(await status(post(body, { authorization })), [401, ''])
    })
  })

  describe('takes no serviceUrl', () => {
    for (const [which, serviceUrl] of Object.entries({
      'that is missing': undefined,
      'that is none': 'smba.trafficmanager.net',
      'that is no text': 7,
      'of another host': 'https://service.example/',
      'that only begins like a listed host': 'https://smba.trafficmanager.net.service.example/emea/',
      'that hides another host behind a name': 'https://smba.trafficmanager.net@service.example/',
      'with a user in it': 'https://me@smba.trafficmanager.net/emea/',
      'over plain http': 'http://smba.trafficmanager.net/emea/',
      'of a loopback that is not listed': 'http://localhost:1/',
    }))
      it(`${which}, even when the token names it`, async () => {
        await assertRefused(block({ serviceUrl }), 401, await desk.teams.token({ serviceurl: serviceUrl }))
      })
  })

  it('takes no other channel', async () => {
    for (const channelId of ['webchat', 'emulator', 'directline', 'skype', 'MSTeams'])
      await assertRefused(block({ channelId }), 401)
  })

  describe('takes people of its own tenant only', () => {
    const conversation = (tenantId: unknown) => ({ conversation: { ...block().conversation, tenantId } })
    const channelData = (id: unknown) => ({ channelData: { tenant: { id } } })

    for (const [which, fields] of Object.entries({
      'another in the conversation': () => conversation(elsewhere),
      'another in the channel data': () => channelData(elsewhere),
      'another in both': () => ({ ...conversation(elsewhere), ...channelData(elsewhere) }),
      none: () => ({ ...conversation(undefined), ...channelData(undefined) }),
      'null in both': () => ({ ...conversation(null), channelData: null }),
    }))
      it(`and not ${which}`, async () => {
        await assertRefused(block(fields()), 403)
        await assertRefused(press(fields()), 403)
      })

    it('and records whom it sent away', async () => {
      const { tenantId, ...rest } = block().conversation
      await assertRefused(block({ conversation: { ...rest, tenantId: elsewhere } }), 403)
      const record = await eventually(async () => (await desk.audit()).find(({ who }) => who?.tenant === elsewhere))
      assert.equal(record.outcome, 'refused')
      assert.equal(record.who?.id, block().from.aadObjectId)
    })

    it('and finds it in either place, in any spelling', async () => {
      const tenant = desk.teams.directory.tenant.toUpperCase()
      for (const fields of [
        { ...conversation(tenant), channelData: undefined },
        { ...conversation(undefined), ...channelData(tenant) },
      ]) {
        const { status, posted } = await desk.teams.raw({ ...block(fields), text: 'whoami' })
        assert.deepEqual([status, posted.length], [200, 1])
        assert.match(textOf(posted[0]?.attachments[0]?.content), /Full Administrator/)
      }
    })
  })

  describe('knows people by their Entra object id alone', () => {
    const from = () => block().from

    for (const [which, change] of Object.entries({
      'no id': { aadObjectId: undefined },
      'an id that is none': { aadObjectId: 'viktor.lind@contoso.com' },
      'the id of somebody without a role under another name': { aadObjectId: '3e58a7d1-0c9f-4b62-9d84-6a2f51b7c08d' },
    }))
      it(`and not somebody with ${which}`, async () => {
        const say = async (text: string) => {
          const { status, posted } = await desk.teams.raw(block({ from: { ...from(), ...change }, text }))
          assert.equal(status, 200)
          return posted.map(({ attachments }) => textOf(attachments[0]?.content)).join()
        }
        assert.match(await say('whoami'), /You have no role in Device Desk\./)
        assert.match(await say('block adele_iPhone taken'), /You may not do this\n.*Collection\.ModifyResource/)
      })

    it('which the roster tells of those who are mentioned, since Teams sends no more than their accounts', async () => {
      const { bot } = desk.teams.directory
      const base = { ...desk.teams.activity(people.full, 'group', { type: 'message' }) }
      const mention = (name: string, id: string) => ({
        type: 'mention',
        text: `<at>${name}</at>`,
        mentioned: { id, name },
      })
      const say = async (id: string) => {
        const entities = [mention(bot.name, bot.id), mention(people.nobody, id)]
        const text = `<at>${bot.name}</at> revoke <at>${people.nobody}</at>`
        const { posted } = await desk.teams.raw({ ...base, id: `mentions ${id}`, text, entities })
        return posted.map(({ attachments }) => textOf(attachments[0]?.content)).join()
      }
      const noah = desk.teams.activity(people.nobody, 'group', { type: 'message' }) as Json
      assert.match(await say(noah.from.id), /Noah Klein does not hold any role/)
      assert.match(await say('29:of-nobody-here'), /I do not know “29:of-nobody-here”; name a person by mention/)
    })

    it('nor by what a card or a text says of them', async () => {
      const nobody = { ...from(), aadObjectId: '3e58a7d1-0c9f-4b62-9d84-6a2f51b7c08d' }
      const data = { ref: 'adele_iPhone', reason: 'taken', caller: from(), tenant: elsewhere, id: from().aadObjectId }
      const value = { action: { type: 'Action.Execute', verb: 'block', data } }
      const { body } = await desk.teams.raw(press({ from: nobody, value }))
      assert.match(textOf((body as Json).value), /You may not do this/)
    })
  })

  describe('reads a body', () => {
    before(settled)

    const good = async () => ({ authorization: `Bearer ${await desk.teams.token()}` })

    for (const [which, body, expected] of [
      ['that is no JSON', '{"type":', 400],
      ['that is a list', '[]', 400],
      ['that is a text', '"message"', 400],
      ['that is null', 'null', 400],
      ['that is empty', '', 400],
      ['without an activity', '{}', 400],
      ['whose type is no text', '{"type":{},"channelId":"msteams","conversation":{"id":"x"},"from":{"id":"x"}}', 400],
      ['that is too long', JSON.stringify({ type: 'message', text: 'x'.repeat(300_000) }), 413],
    ] as const)
      it(`${which} as such, and says no word`, async () => {
        assert.deepEqual(await status(post(body, await good())), [expected, ''])
        assert.equal(desk.teams.calls.length, sent)
      })

    it('that lacks who speaks or where as none', async () => {
      for (const missing of ['type', 'channelId', 'conversation', 'from'])
        await assertRefused(block({ [missing]: undefined }), 400)
      await assertRefused(block({ conversation: { id: 7 } }), 400)
    })

    it('only if it says that it is JSON, and never unpacks or stores one', async () => {
      const body = JSON.stringify(block())
      for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'])
        assert.deepEqual(await status(post(body, { ...(await good()), 'content-type': type })), [415, ''])
      const packed = { ...(await good()), 'content-encoding': 'gzip' }
      assert.deepEqual(await status(post('this is no gzip', packed)), [400, ''])
      assert.equal((await fetch(`${desk.url()}/healthz`)).status, 200)
    })

    it('of 200 KB of text, and answers with one small card', async () => {
      for (const text of ['x'.repeat(200_000), `find ${'x'.repeat(200_000)}`, `device ${'"'.repeat(100_000)}`]) {
        const { status, posted } = await desk.teams.raw(block({ text }))
        assert.deepEqual([status, posted.length], [200, 1])
        assert.ok(JSON.stringify(posted[0]).length < 25_000)
      }
    })

    it('with a number for a text as if there were none', async () => {
      const { status, posted } = await desk.teams.raw(block({ text: 7, entities: 'x', recipient: undefined }))
      assert.deepEqual([status, posted.length], [200, 1])
    })
  })

  describe('answers Teams in time', () => {
    const open = Promise.withResolvers<void>()
    const heard: string[] = []
    const service = createServer(async (request, response) => {
      heard.push(await text(request))
      await open.promise
      response.end('{"id":"1"}')
    })
    before(() => new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve)))
    after(() => {
      open.resolve()
      service.close()
    })

    it('although its connector service holds the card back', async () => {
      const serviceUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`
      const token = await desk.teams.token({ serviceurl: serviceUrl })
      const { status } = await desk.teams.raw(block({ text: 'whoami', serviceUrl }), token)
      assert.equal(status, 200)
      open.resolve()
      await eventually(() => heard.some((body) => body.includes('Full Administrator')))
    })
  })

  it('takes what clients leave out, leave empty or add for what it is', async () => {
    const { from, conversation, channelData } = block()
    const activity = block({
      text: 'whoami',
      recipient: null,
      name: null,
      value: null,
      replyToId: null,
      entities: null,
      attachments: [{ contentType: 'text/html', content: '<p>whoami</p>' }],
      from: { ...from, name: null, role: null, userPrincipalName: 7 },
      conversation: { ...conversation, isGroup: null, name: null },
      channelData: { ...channelData, team: null, channel: null, eventType: null, settings: {}, source: { name: 'x' } },
    })
    const said = await desk.teams.raw(activity)
    assert.match(textOf(said.posted[0]?.attachments[0]?.content), /Full Administrator/)
    for (const extra of [
      { data: null },
      { data: undefined },
      { id: 'x', title: 'x', data: { msteams: {}, more: [] } },
    ]) {
      const action = { type: 'Action.Execute', verb: 'whoami', ...extra }
      const { body } = await desk.teams.raw(press({ value: { action, trigger: null, state: null } }))
      assert.match(textOf((body as Json).value), /Full Administrator/)
    }
  })

  describe('does nothing at all', () => {
    before(settled)

    for (const type of [
      'messageUpdate',
      'messageDelete',
      'messageReaction',
      'typing',
      'event',
      'trace',
      'endOfConversation',
      'unheard-of',
    ])
      it(`for ${type}`, async () => {
        await assertRefused(block({ type, channelData: { ...block().channelData, eventType: 'editMessage' } }), 200)
      })

    it('for an invoke that it does not know', async () => {
      for (const name of ['composeExtension/query', 'actionableMessage/executeAction', undefined])
        await assertRefused(press({ name }), 501)
    })

    it('for a press that cannot be read', async () => {
      const execute = { type: 'Action.Execute', verb: 'block', data: { ref: 'adele_iPhone', reason: 'taken' } }
      for (const value of [
        undefined,
        null,
        'block',
        {},
        { action: null },
        { action: { ...execute, type: 'Action.Submit' } },
        { action: { ...execute, verb: undefined } },
        { action: { ...execute, verb: 'x'.repeat(1000) } },
        { action: { ...execute, data: ['adele_iPhone'] } },
      ]) {
        const { status, body } = await desk.teams.raw(press({ value }))
        assert.equal(status, 200)
        assert.deepEqual(Object.keys((body as Json).value), ['code', 'message'])
        assert.deepEqual([(body as Json).statusCode, (body as Json).type], [400, 'application/vnd.microsoft.error'])
      }
      assert.equal(desk.teams.calls.length, sent)
    })
  })

  describe('takes an activity once', () => {
    it('when Teams repeats a message', async () => {
      const activity = block({ text: 'find adele' })
      assert.equal((await desk.teams.raw(activity)).posted.length, 1)
      const again = await desk.teams.raw(activity)
      assert.deepEqual([again.status, again.posted.length], [200, 0])
    })

    it('and gives a repeated press the answer of the first', async () => {
      const data = { ref: 'bruno_Android' }
      const activity = press({ value: { action: { type: 'Action.Execute', verb: 'find', data } } })
      const [first, second] = await Promise.all([desk.teams.raw(activity), desk.teams.raw(activity)])
      assert.deepEqual(first.body, second.body)
      const keys = (await desk.audit()).filter(({ command }) => command === 'find').map(({ activity }) => activity)
      assert.equal(new Set(keys).size, keys.length)
    })

    it('and not for the same id in another conversation', async () => {
      const activity = block({ text: 'whoami' })
      const other = {
        ...activity,
        conversation: { ...activity.conversation, id: desk.teams.conversationId(people.full, 'group') },
      }
      assert.equal((await desk.teams.raw(activity)).posted.length, 1)
      assert.equal((await desk.teams.raw(other)).posted.length, 1)
    })

    it('also over a restart, be it a message or a press', async () => {
      const message = block({ text: 'status' })
      const chosen = block({ text: 'device bruno_Android' })
      const pressed = press({
        value: { action: { type: 'Action.Execute', verb: 'device', data: { ref: 'carla_Android' } } },
      })
      for (const activity of [message, chosen, pressed]) await desk.teams.raw(activity)
      await desk.restart()
      const recorded = (await desk.audit()).length
      for (const activity of [message, chosen]) {
        const { status, posted } = await desk.teams.raw(activity)
        assert.deepEqual([status, posted.length], [200, 0])
      }
      const { status, body } = await desk.teams.raw(pressed)
      assert.equal(status, 200)
      assert.match(textOf((body as Json).value), /Done already/)
      assert.equal((await desk.audit()).length, recorded)
    })
  })

  const post = (body: string, headers: Record<string, string>) =>
    fetch(`${desk.url()}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
  const status = async (answer: Promise<Response>) => {
    const response = await answer
    return [response.status, await response.text()]
  }
})
