import assert from 'node:assert/strict'
import { createHash, randomUUID, X509Certificate } from 'node:crypto'
import { importPKCS8, SignJWT } from 'jose'
import { certificate, privateKey } from './certificate.ts'
import { type Client, startClient } from './client.ts'

describe('sandbox/exchange/token', () => {
  let client: Client
  before(async () => {
    client = await startClient()
  })
  after(() => client.close())

  it('gives the application a token for an hour', async () => {
    const body = await (await client.requestToken()).json()
    assert.equal(body.token_type, 'Bearer')
    assert.equal(body.expires_in, 3599)
    const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString())
    assert.equal(claims.tid, (await client.connection()).tenant)
  })

  for (const [what, fields, status, code] of [
    ['a wrong secret', { client_secret: 'wrong' }, 401, 7000215],
    ['an unknown application', { client_id: randomUUID() }, 400, 700016],
    ['another grant', { grant_type: 'password' }, 400, 70003],
    ['a scope of single permissions', { scope: 'https://outlook.office365.com/Mail.Read' }, 400, 1002012],
  ] as const)
    it(`refuses ${what} as Entra does`, async () => {
      const response = await client.requestToken(fields)
      const body = await response.json()
      assert.equal(response.status, status)
      assert.deepEqual(body.error_codes, [code])
      assert.match(body.error_description, new RegExp(`^AADSTS${code}: `))
    })

  it('does not know a foreign tenant', async () =>
    assert.deepEqual((await (await client.requestToken({}, randomUUID())).json()).error_codes, [90002]))

  it('lets nobody in with a forged, foreign, expired or revoked token', async () => {
    const { tenant } = await client.connection()
    const forged = await new SignJWT({ tid: tenant, appid: 'x' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.alloc(32))
    assert.equal((await client.send('Get-User', {}, { token: forged })).status, 401)
    assert.equal((await client.send('Get-User', {}, { token: '' })).status, 401)
    assert.equal((await client.send('Get-User', { Identity: 'adele' })).status, 200)
    await client.control('DELETE', 'tokens')
    const refused = await client.send('Get-User', { Identity: 'adele' })
    assert.equal(refused.status, 401)
    assert.match(refused.headers.get('WWW-Authenticate') ?? '', /^Bearer /)
    client.forget()
    assert.equal((await client.send('Get-User', { Identity: 'adele' })).status, 200)
  })

  it('lets a token run out', async () => {
    let now = Date.now()
    const other = await startClient('Contoso', { now: () => now })
    try {
      assert.equal((await other.send('Get-User', { Identity: 'adele' })).status, 200)
      now += 3_600_000
      assert.equal((await other.send('Get-User', { Identity: 'adele' })).status, 401)
    } finally {
      await other.close()
    }
  })

  it('answers 401 to an application without Exchange.ManageAsApp', async () => {
    await client.control('POST', 'organizations/Contoso', { manageAsApp: false })
    assert.equal((await client.send('Get-User', { Identity: 'adele' })).status, 401)
    await client.control('POST', 'organizations/Contoso', { manageAsApp: true })
    assert.equal((await client.send('Get-User', { Identity: 'adele' })).status, 200)
  })

  describe('client assertion', () => {
    let audience = ''
    before(async () => {
      await client.control('POST', 'organizations/Contoso', { certificate })
      audience = `${client.url}/${(await client.connection()).tenant}/oauth2/v2.0/token`
    })

    async function assertion(change: { thumbprint?: string; audience?: string; expires?: string; jti?: string } = {}) {
      const { clientId } = await client.connection()
      const { raw } = new X509Certificate(certificate)
      const x5t = change.thumbprint ?? createHash('sha1').update(raw).digest('base64url')
      return new SignJWT({})
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', x5t })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(change.audience ?? audience)
        .setJti(change.jti ?? randomUUID())
        .setIssuedAt()
        .setExpirationTime(change.expires ?? '10m')
        .sign(await importPKCS8(privateKey, 'RS256'))
    }

    const offer = (client_assertion: string) =>
      client.requestToken({
        client_assertion,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      })

    it('opens with the registered certificate', async () => assert.equal((await offer(await assertion())).status, 200))

    for (const [what, change] of [
      ['of another certificate', { thumbprint: 'AAAA' }],
      ['for another endpoint', { audience: 'https://login.microsoftonline.com/common/oauth2/v2.0/token' }],
      ['that has run out', { expires: '-1m' }],
    ] as const)
      it(`refuses one ${what}`, async () => assert.equal((await offer(await assertion(change))).status, 401))

    it('refuses one whose signature was changed, and one that was used before', async () => {
      const good = await assertion()
      assert.equal((await offer(`${good.slice(0, -8)}AAAAAAAA`)).status, 401)
      assert.equal((await offer(good)).status, 200)
      assert.equal((await offer(good)).status, 401)
    })
  })
})
