import assert from 'node:assert/strict'
import { type SandboxTeams, startSandboxTeams } from '../../../src/sandbox/teams/start.ts'
import { createCaller } from './bot.ts'

const hanna = 'a:personal-chat-hanna'
const group = '19:device-desk-group@thread.v2'
const channel = '19:mobile-devices@thread.tacv2'
const team = '19:contoso-it@thread.tacv2'

describe('sandbox/teams connector', () => {
  let teams: SandboxTeams
  let call: Awaited<ReturnType<typeof createCaller>>
  let time: number
  beforeEach(async () => {
    time = Date.now()
    teams = await startSandboxTeams({
      botEndpoint: 'http://127.0.0.1:9/',
      people: '.m365agentsplayground.yml',
      now: () => time,
    })
    call = await createCaller(teams)
  })
  afterEach(() => teams.close())

  const text = (text: string) => ({ type: 'message', text })
  const activities = (conversation: string, id = '') =>
    `conversations/${encodeURIComponent(conversation)}/activities/${id}`.replace(/\/$/, '')
  const post = async (conversation: string, activity: unknown = text('hello')) => {
    const { status, body, code } = await call('POST', activities(conversation), activity)
    return { status, code, id: String(body.id) }
  }

  describe('conversations', () => {
    it("opens a person's chat by Teams id or Entra object id", async () => {
      const { aadObjectId } = teams.directory.person('hanna')
      for (const id of ['29:hanna', aadObjectId]) {
        const { status, body } = await call('POST', 'conversations', {
          isGroup: false,
          members: [{ id }],
          channelData: { tenant: { id: teams.directory.tenant } },
        })
        assert.deepEqual([status, body.id, body.serviceUrl], [201, hanna, `${teams.url}/`])
      }
    })

    it('begins a thread in a channel, and takes replies to it', async () => {
      const { status, body } = await call('POST', 'conversations', {
        isGroup: true,
        channelData: { channel: { id: channel } },
        activity: text('a new thread'),
      })
      assert.deepEqual([status, body.id], [201, `${channel};messageid=${body.activityId}`])
      await post(String(body.id), text('a reply'))
      assert.deepEqual(
        teams.messages('noah', 'Mobile devices').map((message) => [message.text, message.conversation]),
        [
          ['a new thread', body.id],
          ['a reply', body.id],
        ],
      )
    })

    it('refuses strangers, other tenants, groups of its own and threads without a message', async () => {
      const refused = async (body: unknown) => (await call('POST', 'conversations', body)).status
      assert.equal(await refused({ members: [{ id: '29:nobody' }] }), 400)
      assert.equal(await refused({ members: [{ id: 'hanna' }] }), 400)
      assert.equal(await refused({ members: [{ id: '29:hanna' }, { id: '29:omar' }] }), 400)
      assert.equal(await refused({ channelData: { channel: { id: channel } } }), 400)
      assert.equal(await refused({ members: [{ id: '29:hanna' }], channelData: { tenant: { id: 'other' } } }), 403)
      assert.deepEqual(teams.messages('hanna', 'personal'), [])
    })

    it('does not know conversations and threads that are not there', async () => {
      for (const id of ['19:gone@thread.tacv2', 'personal', `${channel};messageid=1`, `${hanna};messageid=1`]) {
        assert.deepEqual(await post(id), { status: 404, code: 'ConversationNotFound', id: 'undefined' })
      }
    })

    it('lets the bot write nowhere that it is not installed', async () => {
      await teams.install('hanna', 'personal', 'remove')
      await teams.install('hanna', 'group', 'remove')
      assert.equal((await post(hanna)).code, 'MessageWritesBlocked')
      assert.equal((await post(group)).code, 'BotNotInConversationRoster')
      await teams.install('hanna', 'group')
      assert.equal((await post(group)).status, 201)
    })
  })

  describe('messages', () => {
    it('keeps what the bot posts, edits and deletes', async () => {
      const { id } = await post(group)
      const [posted] = teams.messages('omar', 'group')
      assert.deepEqual([posted?.text, posted?.edited], ['hello', undefined])
      assert.equal((await call('PUT', activities(group, id), text('hello again'))).status, 200)
      assert.deepEqual(
        teams.messages('omar', 'group').map((message) => [message.text, message.edited]),
        [['hello again', new Date(time).toISOString()]],
      )
      assert.equal((await call('DELETE', activities(group, id))).status, 200)
      assert.deepEqual(
        teams.messages('omar', 'group').map((message) => [message.text, message.deleted]),
        [['', true]],
      )
      assert.equal((await call('PUT', activities(group, id), text('back'))).code, 'ActivityNotFound')
    })

    it("lets the bot change neither people's messages nor those of other conversations", async () => {
      await teams.say('hanna', 'group', 'find adele')
      const [said] = teams.messages('hanna', 'group')
      assert.equal((await call('PUT', activities(group, said?.id), text('x'))).status, 403)
      const { id } = await post(hanna)
      assert.equal((await call('DELETE', activities(group, id))).status, 404)
    })

    it('puts a reply into the thread of its message', async () => {
      const { id } = await post(channel)
      await call('POST', activities(channel, id), text('a reply'))
      const [first, reply] = teams.messages('hanna', 'Mobile devices')
      assert.deepEqual([reply?.thread, reply?.replyToId, first?.thread], [id, id, id])
    })

    it('answers 413 to a message of more than 100 KB of UTF-16', async () => {
      const letters = 50 * 1024 - JSON.stringify(text('')).length
      assert.equal((await post(hanna, text('x'.repeat(letters)))).status, 201)
      assert.equal((await post(hanna, text('x'.repeat(letters + 1)))).code, 'MessageSizeTooBig')
    })

    it('answers 400 to what is no activity', async () => {
      assert.equal((await post(hanna, { text: 'no type' })).status, 400)
      assert.equal((await post(hanna, { type: 'event' })).status, 400)
    })
  })

  describe('people', () => {
    const members = (query = '') => `conversations/${encodeURIComponent(group)}/${query}`

    it('hands out members in pages', async () => {
      const { body } = await call('GET', members('pagedmembers?pageSize=3'))
      assert.equal((body.members as unknown[]).length, 3)
      const next = await call('GET', members(`pagedmembers?pageSize=3&continuationToken=${body.continuationToken}`))
      assert.deepEqual([(next.body.members as unknown[]).length, next.body.continuationToken], [2, undefined])
    })

    it('finds a member by Teams id and by Entra object id', async () => {
      const { aadObjectId } = teams.directory.person('ines')
      for (const id of ['29:ines', aadObjectId]) {
        const { body } = await call('GET', members(`members/${id}`))
        assert.deepEqual([body.name, body.objectId], ['Ines Duarte', aadObjectId])
      }
      assert.equal((await call('GET', members('members/29:nobody'))).status, 404)
    })

    it('tells of the team and its channels, of which General has no name', async () => {
      const about = await call('GET', `teams/${encodeURIComponent(team)}`)
      assert.deepEqual([about.body.name, about.body.memberCount], ['Contoso IT', 5])
      const { body } = await call('GET', `teams/${encodeURIComponent(team)}/conversations`)
      assert.deepEqual(body.conversations, [{ id: team }, { id: channel, name: 'Mobile devices' }])
    })
  })

  describe('limits', () => {
    it('answers 429 to the eighth message in a second of one thread, with the seconds to wait', async () => {
      for (let n = 0; n < 7; n++) assert.equal((await post(hanna)).status, 201)
      const { status, retryAfter } = await call('POST', activities(hanna), text('one more'))
      assert.deepEqual([status, retryAfter], [429, '1'])
      assert.equal((await post(group)).status, 201)
      time += 1000
      assert.equal((await post(hanna)).status, 201)
    })

    it('answers 429 to the sixty-first message in half a minute', async () => {
      for (let n = 0; n < 60; n++) {
        time += 300
        assert.equal((await post(hanna)).status, 201)
      }
      const { status, retryAfter } = await call('POST', activities(hanna), text('one more'))
      assert.deepEqual([status, retryAfter], [429, '13'])
    })
  })

  describe('faults', () => {
    for (const status of [401, 403, 404, 412, 413, 429, 502, 504]) {
      it(`answers ${status} as often as it was told`, async () => {
        teams.fault({ operation: 'send', effect: 'status', status, times: 2 })
        assert.deepEqual(
          [(await post(hanna)).status, (await post(group)).status, (await post(hanna)).status],
          [status, status, 201],
        )
      })
    }

    it('drops the connection before or after the message took effect', async () => {
      teams.fault({ operation: 'send', effect: 'lost-before' })
      await assert.rejects(post(hanna, text('lost before')))
      teams.fault({ operation: 'send', effect: 'lost-after' })
      await assert.rejects(post(hanna, text('lost after')))
      assert.deepEqual(
        teams.messages('hanna', 'personal').map((message) => message.text),
        ['lost after'],
      )
      assert.deepEqual(
        teams.calls.map(({ outcome }) => outcome),
        ['lost', 'lost'],
      )
    })

    it('meets only the operation and the conversation that it was told', async () => {
      teams.fault({ operation: 'update', conversation: group, effect: 'status', status: 502 })
      const [here, there] = [await post(group), await post(hanna)]
      assert.equal((await call('PUT', activities(hanna, there.id), text('x'))).status, 200)
      assert.equal((await call('PUT', activities(group, here.id), text('x'))).status, 502)
    })

    it('is forgotten when told so', async () => {
      teams.fault({ operation: 'send', effect: 'status', status: 429, retryAfter: 7 })
      assert.equal((await call('POST', activities(hanna), text('x'))).retryAfter, '7')
      teams.fault({ operation: 'send', effect: 'status', status: 429 })
      teams.clearFaults()
      assert.equal((await post(hanna)).status, 201)
    })
  })

  it('keeps every call with its body and how it ended', async () => {
    await post(hanna)
    await post('19:gone@thread.v2')
    assert.deepEqual(
      teams.calls.map(({ operation, conversation, body, outcome }) => ({ operation, conversation, body, outcome })),
      [
        { operation: 'send', conversation: hanna, body: text('hello'), outcome: 201 },
        { operation: 'send', conversation: '19:gone@thread.v2', body: text('hello'), outcome: 404 },
      ],
    )
  })
})
