import assert from 'node:assert/strict'
import { basic, loadKerberos, negotiate } from '../../../src/connector/onprem/authentication.ts'
import { createHttp, HttpFailure } from '../../../src/connector/onprem/http.ts'
import { BotError } from '../../../src/errors.ts'

const credential = { user: 'CONTOSO\\svc', password: 'pä§' }

/** A Kerberos whose tickets are numbered, and what it was asked for. */
function createKerberos() {
  const asked: { service: string; options: unknown }[] = []
  let ticket = 0
  const load = async () => ({
    GSS_MECH_OID_SPNEGO: 'spnego',
    async initializeClient(service: string, options: object) {
      asked.push({ service, options })
      return { step: async (challenge: string) => `ticket${++ticket}${challenge}` }
    },
  })
  return { asked, load }
}

describe('connector/onprem/authentication', () => {
  it('writes user and password as UTF-8', async () => {
    const { header, next } = await basic(credential).begin()
    assert.equal(Buffer.from(header?.replace('Basic ', '') ?? '', 'base64').toString('utf8'), 'CONTOSO\\svc:pä§')
    assert.equal(await next('Basic realm="x"'), undefined)
  })

  it('takes a new ticket for the host with every request', async () => {
    const { asked, load } = createKerberos()
    const authentication = negotiate('ex1.contoso.com', credential, load)
    assert.equal((await authentication.begin()).header, 'Negotiate ticket1')
    assert.equal((await authentication.begin()).header, 'Negotiate ticket2')
    assert.match(asked[0]?.service ?? '', /^HTTP[@/]ex1\.contoso\.com$/)
    assert.deepEqual(asked[0]?.options, { mechOID: 'spnego', user: 'svc', password: 'pä§', domain: 'CONTOSO' })
  })

  it('answers a second leg with the same ticket, and gives up when there is none', async () => {
    const { next } = await negotiate('ex1', credential, createKerberos().load).begin()
    assert.equal(await next('Negotiate YWJj'), 'Negotiate ticket2YWJj')
    assert.equal(await next('Negotiate, Basic realm="x"'), undefined)
    assert.equal(await next('Basic realm="x"'), undefined)
  })

  it('speaks of Kerberos where Exchange does, from then on', async () => {
    const authentication = negotiate('ex1', credential, createKerberos().load)
    const { next } = await authentication.begin()
    assert.equal(await next('Kerberos'), 'Kerberos ticket2')
    const again = await authentication.begin()
    assert.equal(again.header, 'Kerberos ticket3')
    assert.equal(await again.next('Kerberos'), undefined)
  })

  it('says what is missing where the package is not installed, and sends nothing', async () => {
    const missing = loadKerberos('no-such-package')
    await assert.rejects(missing, (error) => error instanceof BotError && /npm package kerberos/.test(error.message))
    const authentication = negotiate('ex1', credential, () => loadKerberos('no-such-package'))
    const http = createHttp(new URL('http://127.0.0.1:1/'), { authentication })
    const reached = (error: unknown) => error instanceof HttpFailure && !error.reached && /kerberos/.test(error.message)
    await assert.rejects(http.post('<x/>', new AbortController().signal), reached)
  })
})
