import assert from 'node:assert/strict'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { createCaller, quietly, requestToken, startTeamsWithBot } from './bot.ts'

describe('sandbox/teams issuer', () => {
  let started: Awaited<ReturnType<typeof startTeamsWithBot>>
  before(async () => {
    started = await startTeamsWithBot(async () => {})
  })
  after(() => started.close())
  beforeEach(() => {
    started.heard.length = 0
  })

  const send = async (token: string | null) => {
    const activity = started.teams.activity('hanna', 'personal', { type: 'message', text: 'help' })
    const answer = await quietly(() => started.teams.raw(activity, token))
    return { ...answer, heard: started.heard.length }
  }

  it('signs tokens that botbuilder accepts', async () => {
    assert.deepEqual(await send(await started.teams.token()), { status: 200, body: '', posted: [], heard: 1 })
  })

  it('gives a token the claims that Teams gives it', async () => {
    const { teams } = started
    const token = await teams.token()
    const { iss, aud, serviceurl } = decodeJwt(token)
    const appId = teams.settings.MicrosoftAppId
    assert.deepEqual(
      { iss, aud, serviceurl },
      { iss: 'https://api.botframework.com', aud: appId, serviceurl: `${teams.url}/` },
    )
    assert.equal(decodeProtectedHeader(token).alg, 'RS256')
  })

  it('publishes an endorsed and an unendorsed key', async () => {
    const metadata = await (await fetch(started.teams.settings.ToBotFromChannelOpenIdMetadataUrl)).json()
    const { keys } = (await (await fetch((metadata as { jwks_uri: string }).jwks_uri)).json()) as {
      keys: { endorsements?: string[] }[]
    }
    assert.deepEqual(
      keys.map(({ endorsements }) => endorsements),
      [['msteams'], undefined],
    )
  })

  it('sends no token when told so', async () => {
    const { status, heard } = await send(null)
    assert.deepEqual({ status, heard }, { status: 401, heard: 0 })
  })

  // What botbuilder itself does with each; a bot has to refuse them all.
  const known = {
    'that is none': 401,
    'signed by a stranger': 500,
    'signed with an unknown key': 401,
    'signed with a key without endorsements': 200,
    unsigned: 500,
    'signed with the public key as a secret': 500,
    'from another issuer': 401,
    'for another bot': 401,
    expired: 401,
    'not valid yet': 500,
    'for another service URL': 401,
    'without a service URL': 401,
    'of the emulator': 200,
  }

  it('makes every kind of bad token', async () => {
    assert.deepEqual(Object.keys(await started.teams.badTokens()), Object.keys(known))
  })

  for (const [kind, status] of Object.entries(known)) {
    it(`makes a token ${kind}, which botbuilder answers with ${status}`, async () => {
      const token = (await started.teams.badTokens())[kind] ?? ''
      const { body: _, ...answer } = await send(token)
      assert.deepEqual(answer, { status, posted: [], heard: status === 200 ? 1 : 0 })
    })
  }

  it('gives no token for a wrong secret, client, grant or scope', async () => {
    const status = async (fields: Record<string, string>) => (await requestToken(started.teams.settings, fields)).status
    assert.equal(await status({ client_secret: 'guess' }), 401)
    assert.equal(await status({ client_id: 'somebody' }), 401)
    assert.equal(await status({ grant_type: 'password' }), 400)
    assert.equal(await status({ scope: 'https://graph.microsoft.com/.default' }), 400)
    assert.equal(await status({}), 200)
  })

  it('lets only its own tokens for the bot into the connector service', async () => {
    const call = await createCaller(started.teams)
    const path = `conversations/${encodeURIComponent('a:personal-chat-hanna')}/members`
    assert.equal((await call('GET', path)).status, 200)
    for (const token of ['', 'garbage', await started.teams.token()]) {
      assert.equal((await call('GET', path, undefined, token)).status, 401)
    }
  })
})
