import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { exportJWK, SignJWT } from 'jose'
import { eventually, people, startDesk, type TestDesk } from '../desk.ts'

const issuer = 'https://issuer.example'

const makeKey = () => generateKeyPairSync('rsa', { modulusLength: 2048 })

/** An issuer of tokens that publishes whatever keys it is given, and is down where it is told so. */
async function startIssuer() {
  const keys = new Map<string, ReturnType<typeof makeKey>>()
  const state = { down: false, asked: 0 }
  const server = createServer(async (request, response) => {
    state.asked += 1
    response.statusCode = state.down ? 503 : 200
    const published = [...keys].map(async ([kid, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      kid,
      use: 'sig',
      endorsements: ['msteams'],
    }))
    const body = request.url === '/keys' ? { keys: await Promise.all(published) } : { issuer, jwks_uri: `${url}/keys` }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    url,
    state,
    async sign(kid: string, claims: { aud: string; serviceurl: string }, alg: string) {
      const pair = keys.get(kid) ?? makeKey()
      keys.set(kid, pair)
      const token = new SignJWT({ ...claims, iss: issuer }).setProtectedHeader({ alg, kid })
      return token.setExpirationTime('1h').sign(pair.privateKey)
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

describe("the keys of Teams' issuer", () => {
  let keys: Awaited<ReturnType<typeof startIssuer>>
  let desk: TestDesk

  before(async () => {
    keys = await startIssuer()
    desk = await startDesk({
      ToBotFromChannelTokenIssuer: issuer,
      ToBotFromChannelOpenIdMetadataUrl: `${keys.url}/metadata`,
    })
  })
  after(async () => {
    await desk.close()
    await keys.close()
  })

  async function say(kid: string, alg = 'RS256') {
    const activity = { ...desk.teams.activity(people.helpdesk, 'personal', { type: 'message' }), text: 'whoami' }
    const { MicrosoftAppId: aud } = desk.teams.settings
    const token = await keys.sign(kid, { aud, serviceurl: `${desk.teams.url}/` }, alg)
    const { status, body, posted } = await desk.teams.raw(activity, token)
    return { status, body, said: posted.length }
  }

  it('are not there while it is down: nobody is let in, and nothing is said', async () => {
    keys.state.down = true
    assert.deepEqual(await say('first'), { status: 401, body: '', said: 0 })
  })

  it('are fetched as soon as it is there, and kept', async () => {
    keys.state.down = false
    assert.deepEqual(await say('first'), { status: 200, body: '', said: 1 })
    const { asked } = keys.state
    keys.state.down = true
    assert.deepEqual(await say('first'), { status: 200, body: '', said: 1 })
    assert.equal(keys.state.asked, asked)
  })

  it('are fetched again when a new one signs', async () => {
    keys.state.down = false
    await eventually(async () => (await say('second')).status === 200)
    assert.equal((await say('first')).status, 200)
  })

  it('sign with RS256 and in no other way', async () => {
    for (const alg of ['RS384', 'RS512', 'PS256']) assert.equal((await say('first', alg)).status, 401, alg)
    assert.equal((await say('first')).status, 200)
  })

  it('stay known while it is down again, and strangers make no difference', async () => {
    keys.state.down = true
    assert.equal((await say('third')).status, 401)
    assert.equal((await say('second')).status, 200)
  })
})
