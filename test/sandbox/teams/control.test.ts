import assert from 'node:assert/strict'
import { quietly, startTeamsWithBot } from './bot.ts'

const adaptiveCard = 'application/vnd.microsoft.card.adaptive'

describe('sandbox/teams control', () => {
  let started: Awaited<ReturnType<typeof startTeamsWithBot>>
  before(async () => {
    started = await startTeamsWithBot(async (context) => {
      const { type, text } = context.activity
      if (type === 'message') await context.sendActivity(`You said ${text}`)
      return { statusCode: 200, type: adaptiveCard, value: { type: 'AdaptiveCard', body: [] } }
    })
  })
  after(() => started.close())
  beforeEach(() => {
    started.heard.length = 0
  })

  const ask = async (method: string, path: string, body?: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const options = body === undefined ? {} : { headers, body: JSON.stringify(body) }
    const response = await fetch(`${started.teams.url}/_sandbox/${path}`, { method, ...options })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  const at = { person: 'hanna', conversation: 'personal' }

  it('says, and hands out what was answered and how it looks', async () => {
    const { body } = await ask('POST', 'say', { ...at, text: 'help' })
    assert.deepEqual([body.status, body.posted[0].text, body.outcome], [200, 'You said help', { kind: 'nothing' }])
    const { body: messages } = await ask('GET', 'messages?person=hanna&conversation=personal')
    assert.deepEqual(messages, JSON.parse(JSON.stringify(started.teams.messages('hanna', 'personal'))))
  })

  it('carries every act of a person to the bot', async () => {
    const { body } = await ask('POST', 'say', { ...at, text: 'help' })
    const card = { ...at, activityId: body.posted[0].id }
    started.heard.length = 0
    await ask('POST', 'press', { ...card, verb: 'allow', data: { ref: 'x' } })
    await ask('POST', 'submit', { ...card, data: { msteams: { type: 'task/fetch' } } })
    await ask('POST', 'dialog', { ...card, data: { reason: 'lost' } })
    await ask('POST', 'invoke', { ...at, name: 'composeExtension/query', value: { commandId: 'find' } })
    await ask('POST', 'install', { ...at, conversation: 'group' })
    assert.deepEqual(
      started.heard.map(({ type, name }) => name ?? type),
      [
        'adaptiveCard/action',
        'task/fetch',
        'task/submit',
        'composeExtension/query',
        'conversationUpdate',
        'installationUpdate',
      ],
    )
  })

  it('sees no refresh where there is none', async () => {
    const { body } = await ask('POST', 'say', { ...at, text: 'help' })
    const card = { ...at, activityId: body.posted[0].id }
    assert.deepEqual(await ask('POST', 'see', card), { status: 200, body: null })
    assert.deepEqual(await ask('POST', 'refresh', card), { status: 200, body: null })
  })

  it('sends a raw activity with a good token, a bad one or none', async () => {
    const { teams } = started
    const raw = async (token?: string | null) => {
      const activity = teams.activity('hanna', 'personal', { type: 'message', text: 'raw' })
      return (await ask('POST', 'raw', { activity, token })).body.status
    }
    const statuses = await quietly(async () => [await raw(), await raw('garbage'), await raw(null)])
    assert.deepEqual(statuses, [200, 401, 401])
  })

  it('makes calls fail as it is told, and shows them all', async () => {
    await ask('POST', 'faults', { operation: 'reply', effect: 'status', status: 403 })
    const { body } = await quietly(() => ask('POST', 'say', { ...at, text: 'help' }))
    assert.equal(body.posted.length, 0)
    const { body: calls } = await ask('GET', 'calls')
    assert.deepEqual([calls.at(-1).operation, calls.at(-1).outcome], ['reply', 403])
    await ask('POST', 'faults', { operation: 'reply', effect: 'status', status: 403 })
    await ask('DELETE', 'faults')
    assert.equal((await ask('POST', 'say', { ...at, text: 'help' })).body.posted.length, 1)
  })

  it('answers 404 for strangers and 400 for what it cannot read', async () => {
    assert.equal((await ask('POST', 'say', { ...at, person: 'nobody', text: 'help' })).status, 404)
    assert.equal((await ask('POST', 'say', { ...at, conversation: 'nowhere', text: 'help' })).status, 404)
    assert.equal((await ask('POST', 'say', { ...at, conversation: 'a:personal-chat-omar', text: 'help' })).status, 404)
    assert.equal((await ask('POST', 'say', at)).status, 400)
    assert.equal((await ask('POST', 'press', { ...at, activityId: '1', verb: 'x', data: {} })).status, 404)
    assert.equal((await ask('GET', 'devices')).status, 404)
  })

  it('tells a window everything and then the news, each person what they may see', async () => {
    const leave = new AbortController()
    const open = async (person: string) => {
      const url = `${started.teams.url}/_sandbox/events?person=${person}`
      const { body } = await fetch(url, { signal: leave.signal })
      const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
      return async () => {
        const { value = '' } = (await reader?.read()) ?? {}
        const [event, data] = value.split('\n').map((line) => line.slice(line.indexOf(': ') + 2))
        return { event, data: JSON.parse(data ?? 'null') }
      }
    }
    const [hanna, omar] = [await open('hanna'), await open('omar')]
    const { event, data } = await hanna()
    assert.deepEqual(
      [event, data.me.name, data.conversations.map(({ name }: { name: string }) => name)],
      ['everything', 'Hanna Berg', ['Device Desk', 'Helpdesk', 'General', 'Mobile devices']],
    )
    assert.equal((await omar()).data.messages.length, 0)
    await started.teams.say('hanna', 'personal', 'only for me')
    await started.teams.say('hanna', 'group', 'for all', { mention: false })
    assert.equal((await hanna()).data.message.text, 'only for me')
    assert.equal((await omar()).data.message.text, 'for all')
    const id = started.teams.messages('omar', 'group').at(-1)?.id ?? ''
    await started.teams.press('hanna', 'group', id, 'allow', {})
    await started.teams.say('noah', 'group', 'after the press', { mention: false })
    assert.equal((await omar()).data.message.text, 'after the press')
    leave.abort()
  })
})
