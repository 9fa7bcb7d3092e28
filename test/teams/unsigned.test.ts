import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'

/** A client that sends and checks no tokens, such as Microsoft's Agents Playground: its connector service. */
async function startPlayground() {
  const posts: { method: string; path: string; body: Json }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    posts.push({ method: request.method ?? '', path: request.url ?? '', body: JSON.parse(body) })
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ id: `a-${posts.length}` }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return { posts, serviceUrl: `http://127.0.0.1:${port}/_connector`, close: () => server.close() }
}

describe('the demo without tokens', () => {
  let desk: TestDesk
  let playground: Awaited<ReturnType<typeof startPlayground>>
  let count = 0

  before(async () => {
    desk = await startDesk({}, { unsigned: true })
    playground = await startPlayground()
  })
  after(async () => {
    playground.close()
    await desk.close()
  })

  /** An activity in the playground's shape. */
  const activity = (fields: object): Json => {
    const [hanna] = desk.teams.directory.people
    count += 1
    return {
      type: 'message',
      id: `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`,
      timestamp: '2026-11-23T08:00:00.000Z',
      localTimestamp: '2026-11-23T08:00:00.000Z',
      serviceUrl: playground.serviceUrl,
      channelId: 'msteams',
      from: { id: hanna?.id, name: hanna?.name, aadObjectId: hanna?.aadObjectId, role: 'user' },
      conversation: { conversationType: 'personal', tenantId: desk.teams.directory.tenant, id: 'personal-chat-id' },
      recipient: { id: desk.teams.directory.bot.id, name: 'Device Desk', role: 'bot' },
      channelData: { tenant: { id: desk.teams.directory.tenant } },
      textFormat: 'plain',
      locale: 'en-US',
      entities: [],
      attachments: [],
      ...fields,
    }
  }

  const send = (body: Json, headers: Record<string, string> = {}) =>
    fetch(`${desk.url()}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-ms-agents-playground': 'true', ...headers },
      body: JSON.stringify(body),
    })

  it('answers a message that brings none', async () => {
    const before = playground.posts.length
    const { status } = await send(activity({ text: 'device adele_iPhone' }))
    assert.equal(status, 200)
    const [post] = playground.posts.slice(before)
    assert.match(post?.path ?? '', /\/v3\/conversations\/personal-chat-id\/activities/)
    assert.match(textOf(post?.body.attachments[0].content), /adele_iPhone/)
  })

  it('answers a press, and edits the card in the playground', async () => {
    const value = {
      action: { type: 'Action.Execute', verb: 'reset', data: { ref: 'adele_iPhone' } },
      trigger: 'manual',
    }
    const press = { type: 'invoke', name: 'adaptiveCard/action', value, replyToId: 'a-1' }
    const answer: Json = await (await send(activity(press))).json()
    assert.deepEqual([answer.statusCode, answer.type], [200, 'application/vnd.microsoft.card.adaptive'])
    await eventually(() => playground.posts.find(({ method, path }) => method === 'PUT' && path.includes('a-1')))
  })

  it('takes them over other channels, which clients without tokens name as they like', async () => {
    assert.equal((await send(activity({ text: 'whoami', channelId: 'emulator' }))).status, 200)
  })

  it('answers on this machine only', async () => {
    const before = playground.posts.length
    for (const serviceUrl of [
      'https://smba.trafficmanager.net/emea/',
      'http://192.0.2.1:3978/',
      'http://localhost.example/',
      'x',
      undefined,
    ])
      assert.equal((await send(activity({ text: 'whoami', serviceUrl }))).status, 401, serviceUrl)
    assert.equal(playground.posts.length, before)
  })

  it('knows its own tenant only', async () => {
    const tenantId = '11111111-2222-3333-4444-555555555555'
    assert.equal((await send(activity({ text: 'whoami', conversation: { id: 'x', tenantId } }))).status, 403)
  })

  it('checks a token that comes all the same', async () => {
    for (const token of Object.values(await desk.teams.badTokens()))
      assert.equal((await send(activity({ text: 'whoami' }), { authorization: `Bearer ${token}` })).status, 401)
    assert.equal((await desk.teams.say(people.helpdesk, 'personal', 'whoami')).posted.length, 1)
  })

  it('takes nothing that a page in a browser may send without asking', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      assert.equal((await send(activity({ text: 'whoami' }), { 'content-type': type })).status, 415)
  })
})
