import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { inspect } from 'node:util'
import { isLoopback } from '../src/config.ts'
import { BotError } from '../src/errors.ts'
import { createTokens, IdentitySchema } from '../src/tokens.ts'

const clientId = '11111111-2222-3333-4444-555555555555'
const secret = 'a-secret-that-nobody-may-read'

/** A token endpoint that gives numbered tokens for an hour, or whatever it is told to answer. */
async function startIssuer() {
  const asked: { path: string; form: Record<string, string> }[] = []
  const issuer = { answer: undefined as { status: number; body: string } | undefined }
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    asked.push({ path: request.url ?? '', form: Object.fromEntries(new URLSearchParams(text)) })
    const token = { token_type: 'Bearer', expires_in: 3600, access_token: `token-${asked.length}` }
    response.statusCode = issuer.answer?.status ?? 200
    response.end(issuer.answer?.body ?? JSON.stringify(token))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return Object.assign(issuer, { asked, url, close: () => server.close() })
}

describe('tokens', () => {
  let issuer: Awaited<ReturnType<typeof startIssuer>>
  let time = 0

  beforeEach(async () => {
    issuer = await startIssuer()
    time = Date.now()
  })
  afterEach(() => issuer.close())

  const open = (login = `${issuer.url}/tenant`, identity = IdentitySchema.parse({ clientId, secret })) =>
    createTokens({ login, scope: 'https://outlook.office365.com/.default', identity, now: () => new Date(time) })

  const problem = async (work: Promise<string>) => {
    const error = await work.then(
      () => assert.fail('a token came'),
      (error) => error,
    )
    assert.ok(error instanceof BotError)
    assert.equal(error.code, 'CREDENTIAL_UNUSABLE')
    assert.ok(!inspect(error, { depth: 20 }).includes(secret), 'no secret in the error')
    return error
  }

  it('are asked for with client credentials, as RFC 6749 has it', async () => {
    assert.equal(await open()(), 'token-1')
    assert.equal(await open(`${issuer.url}/tenant/`)(), 'token-2')
    for (const { path, form } of issuer.asked) {
      assert.equal(path, '/tenant/oauth2/v2.0/token')
      assert.deepEqual(form, {
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: secret,
        scope: 'https://outlook.office365.com/.default',
      })
    }
  })

  it('are kept, and shared by all who ask meanwhile', async () => {
    const tokens = open()
    assert.deepEqual(await Promise.all([tokens(), tokens(), tokens()]), ['token-1', 'token-1', 'token-1'])
    assert.equal(await tokens(), 'token-1')
    assert.equal(issuer.asked.length, 1)
  })

  it('are renewed five minutes before they end', async () => {
    const tokens = open()
    await tokens()
    time += 55 * 60_000 - 1000
    assert.equal(await tokens(), 'token-1')
    time += 1000
    assert.equal(await tokens(), 'token-2')
  })

  it('are renewed once when one is refused, however many were refused with it', async () => {
    const tokens = open()
    const refused = await tokens()
    assert.deepEqual(await Promise.all([tokens({ refused }), tokens({ refused }), tokens()]), [
      'token-2',
      'token-2',
      'token-2',
    ])
    assert.equal(await tokens({ refused }), 'token-2', 'the refused one is not kept any more')
    assert.equal(issuer.asked.length, 2)
  })

  it('answer the claims of a challenge', async () => {
    const tokens = open()
    const claims = '{"access_token":{"nbf":{"value":"1"}}}'
    await tokens({ refused: await tokens(), claims })
    assert.equal(issuer.asked[1]?.form.claims, claims)
  })

  it('are asked for again after a failure', async () => {
    const tokens = open()
    issuer.answer = { status: 503, body: '' }
    await problem(tokens())
    issuer.answer = undefined
    assert.equal(await tokens(), 'token-2')
  })

  it('are not there when Entra ID refuses, and its code is all that is said', async () => {
    const text = `AADSTS7000215: Invalid client secret provided: ${secret}`
    issuer.answer = { status: 401, body: JSON.stringify({ error: 'invalid_client', error_description: text }) }
    const { message } = await problem(open()())
    assert.equal(message, 'The credential cannot be used: Entra ID refused it (AADSTS7000215).')
  })

  it('are not taken from an answer that is none', async () => {
    for (const body of ['', '{', '[]', '{"token":"x"}', `{"access_token":"${secret}"`, '{"access_token":7}']) {
      issuer.answer = { status: 200, body }
      assert.match((await problem(open()())).message, /no token could be fetched/)
    }
  })

  it('are not there when nobody answers, or with anything but a secret for an issuer of this machine', async () => {
    await problem(open('http://127.0.0.1:1/tenant')())
    await problem(open(undefined, { managedIdentity: clientId })())
    await problem(open(undefined, { clientId, certificateFile: '/nowhere.pem' })())
    assert.equal(issuer.asked.length, 0)
  })

  it('are never asked for over plain http elsewhere', async () => {
    await problem(open('http://login.example/tenant')())
  })

  it('know what is this machine', () => {
    for (const url of [
      'http://127.0.0.1',
      'http://127.1.2.3:4',
      'http://localhost:1',
      'http://[::1]:1',
      'http://LOCALHOST',
    ])
      assert.ok(isLoopback(new URL(url)), url)
    for (const url of [
      'http://127.0.0.1.example',
      'http://localhost.example',
      'http://0.0.0.0',
      'http://[::]',
      'http://10.0.0.1',
      'http://1270.0.0.1.example',
    ])
      assert.ok(!isLoopback(new URL(url)), url)
  })
})
