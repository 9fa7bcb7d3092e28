import assert from 'node:assert/strict'
import { request } from 'node:http'
import { type Client, errorOf, startClient } from './client.ts'

describe('sandbox/exchange/rest', () => {
  let client: Client
  before(async () => {
    client = await startClient()
  })
  after(() => client.close())
  afterEach(() => client.control('DELETE', 'faults'))

  it('shows a device with annotations before values, seven digits of a second and a § in its identity', async () => {
    const { body } = await client.invoke('Get-MobileDevice', { Mailbox: 'adele@contoso.com' })
    const [device] = body.value
    const names = Object.keys(device)
    assert.equal(names.indexOf('FirstSyncTime@data.type') + 1, names.indexOf('FirstSyncTime'))
    assert.equal(device['Guid@data.type'], 'System.Guid')
    assert.match(device.FirstSyncTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00$/)
    assert.match(device.Identity, /^.+\\ExchangeActiveSyncDevices\\iPhone§ADELE/)
    assert.equal(device.DeviceTelephoneNumber, '******5678')
    assert.deepEqual(body['@adminapi.warnings'], [])
  })

  it('leaves out what $select does not name', async () => {
    const { body } = await client.invoke('Get-MobileDevice', { Mailbox: 'adele' }, { select: 'DeviceId,DeviceType' })
    assert.deepEqual(body.value[1], { DeviceId: 'ADE1E0000D1E4B7A9F3258E6D0B1A7C4', DeviceType: 'Outlook' })
  })

  it('shows absent dates as null', async () => {
    const [device] = await client.rows('Get-MobileDeviceStatistics', { Mailbox: 'dmitri' })
    assert.equal(device.LastSuccessSync, null)
    assert.equal(device.DeviceWipeRequestTime, null)
  })

  it('gives 1,000 objects and warns, unless more are asked for', async () => {
    const standard = await client.invoke('Get-MobileDevice')
    assert.equal(standard.body.value.length, 1000)
    assert.match(standard.body['@adminapi.warnings'][0], /only the first 1000 items/)
    const twenty = await client.invoke('Get-MobileDevice', { ResultSize: 20 })
    assert.equal(twenty.body.value.length, 20)
    assert.match(twenty.body['@adminapi.warnings'][0], /increase the value for the ResultSize parameter/)
  })

  describe('paging', () => {
    const everything = { ResultSize: 'Unlimited' }

    it('hands out every device once over pages of the size that was preferred', async () => {
      const asked = { prefer: 'odata.maxpagesize=300' }
      const pages = [await client.invoke('Get-MobileDevice', everything, asked)]
      for (let url = pages[0]?.body['@odata.nextLink']; url; url = pages.at(-1)?.body['@odata.nextLink'])
        pages.push(await client.invoke('Get-MobileDevice', everything, { ...asked, url }))
      assert.deepEqual(
        pages.map(({ body }) => body.value.length),
        [300, 300, 300, 300, 300, 300, 200],
      )
      assert.equal(
        new Set(pages.flatMap(({ body }) => body.value.map(({ Guid }: { Guid: string }) => Guid))).size,
        2000,
      )
    })

    it('gives a page again to who asks for it again', async () => {
      const { body } = await client.invoke('Get-MobileDevice', everything)
      const url = body['@odata.nextLink']
      const [one, other] = [
        await client.invoke('Get-MobileDevice', everything, { url }),
        await client.invoke('Get-MobileDevice', everything, { url }),
      ]
      assert.deepEqual(one.body.value, other.body.value)
    })

    const anchor = 'UPN:admin@contoso.com'
    for (const [what, first, second, parameters] of [
      ['no anchor', { anchor: null }, { anchor: null }, everything],
      ['a vanity domain as anchor', { anchor }, { anchor }, everything],
      ['another anchor than the first', {}, { anchor: 'TID:contoso.onmicrosoft.com' }, everything],
      ['another body than the first', {}, {}, { ResultSize: 5000 }],
    ] as const)
      it(`refuses the second page with ${what}`, async () => {
        const { body } = await client.invoke('Get-MobileDevice', everything, first)
        const next = await client.invoke('Get-MobileDevice', parameters, { ...second, url: body['@odata.nextLink'] })
        assert.equal(next.status, 400)
        assert.equal(next.body.error.message, 'Expired or Invalid pagination request. Default Expiry time is 00:30:00')
      })
  })

  describe('errors', () => {
    it('names an unknown parameter, in the case that Exchange has for it', async () => {
      const { status, body } = await client.invoke('Get-MobileDevice', { BogusParameter: 1 })
      assert.equal(status, 400)
      assert.equal(
        body.error.details[0].message,
        '|Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException|Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters specified. BogusParameter',
      )
    })

    it('lists the allowed values of an enumeration, without details', async () => {
      const { status, body } = await client.invoke('Set-ActiveSyncOrganizationSettings', {
        DefaultAccessLevel: 'Maybe',
      })
      assert.equal(status, 400)
      assert.equal(body.error.details, undefined)
      assert.match(errorOf(body).type, /ParameterTransformationException$/)
      assert.match(errorOf(body).text, /Allow, Block, Quarantine/)
    })

    it('says that an object could not be found', async () => {
      const { status, body } = await client.invoke('Get-MobileDevice', { Mailbox: 'nobody' })
      assert.equal(status, 404)
      assert.match(errorOf(body).id, /^Ex[0-9A-F]{6}$/)
      assert.match(errorOf(body).type, /ManagementObjectNotFoundException$/)
      assert.match(errorOf(body).text, /object 'nobody' couldn't be found/)
    })

    for (const body of [
      '{"CmdletInput":{"CmdletName":"Get-Mailbox","Parameters":null}}',
      '{"cmdletInput":{"CmdletName":"Get-Mailbox","Parameters":{}}}',
      '{"CmdletInput":{"cmdletname":"Get-Mailbox","Parameters":{}}}',
      'no JSON',
    ])
      it(`refuses the body ${body}`, async () => assert.equal((await client.post('InvokeCommand', body)).status, 400))

    it('gives a missing right a body of NUL bytes that calls itself gzip, and the reason in a header', async () => {
      const { headers, status, body } = await raw(client, client.envelope('Get-Nothing'))
      assert.equal(status, 403)
      assert.equal(headers['content-encoding'], 'gzip')
      assert.ok(body.length > 0 && body.every((byte) => byte === 0))
      assert.match(String(headers['x-ms-diagnostics']), /^2000008;reason="The role assigned to application/)
    })

    it('has no InvokeCommand under v1.0', async () => {
      const { tenant } = await client.connection()
      const url = `${client.url}/adminapi/v1.0/${tenant}/InvokeCommand`
      assert.equal((await client.send('Get-Mailbox', {}, { url })).status, 405)
    })

    it('does not know the tenant by a vanity domain', async () => {
      const url = `${client.url}/adminapi/beta/contoso.com/InvokeCommand`
      assert.equal((await client.send('Get-Mailbox', {}, { url })).status, 401)
      const initial = `${client.url}/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand`
      assert.equal((await client.send('Get-Mailbox', {}, { url: initial })).status, 200)
    })
  })

  describe('confirmation', () => {
    it('checks and asks instead of running a destructive cmdlet without Confirm false', async () => {
      const [device] = await client.rows('Get-MobileDevice', { Mailbox: 'bruno' })
      for (const confirm of [{}, { Confirm: true }]) {
        const { body } = await client.invoke('Clear-MobileDevice', { Identity: device.Guid, ...confirm })
        assert.match(body['@adminapi.confirmationmessage'], /permanently deleted/)
      }
      const [{ DeviceWipeRequestTime }] = await client.rows('Get-MobileDeviceStatistics', { Identity: device.Guid })
      assert.equal(DeviceWipeRequestTime, null)
    })

    it('asks before other changes only when told to', async () => {
      const wish = { Identity: 'bruno', ActiveSyncDebugLogging: true }
      const asked = await client.invoke('Set-CASMailbox', { ...wish, Confirm: true })
      assert.ok(asked.body['@adminapi.confirmationmessage'])
      assert.equal((await client.rows('Get-CASMailbox', { Identity: 'bruno' }))[0].ActiveSyncDebugLogging, false)
      await client.rows('Set-CASMailbox', wish)
      assert.equal((await client.rows('Get-CASMailbox', { Identity: 'bruno' }))[0].ActiveSyncDebugLogging, true)
    })
  })

  describe('$batch', () => {
    const item = (id: string, cmdlet: string, parameters: unknown = {}, headers = {}) => ({
      id,
      method: 'POST',
      url: 'https://outlook.office365.com/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand?',
      headers,
      body: { CmdletInput: { CmdletName: cmdlet, Parameters: parameters } },
    })

    it('answers each item with its own status, in an order of its own', async () => {
      const requests = [
        item('a', 'Get-MobileDeviceStatistics', { Mailbox: 'adele' }),
        item('b', 'Get-MobileDevice', { Mailbox: 'nobody' }),
        item('c', 'Get-Nothing'),
      ]
      const { responses } = await (await client.post('$batch', JSON.stringify({ requests }))).json()
      assert.deepEqual(
        responses.map(({ id, status }: { id: string; status: number }) => [id, status]),
        [
          ['c', 403],
          ['b', 404],
          ['a', 200],
        ],
      )
      assert.equal(responses[2].body.value.length, 2)
      assert.match(errorOf(responses[1].body).text, /nobody/)
    })

    it('pages an item by posting the same item to its link', async () => {
      const headers = {
        Prefer: 'odata.maxpagesize=1;odata.continue-on-error',
        'X-AnchorMailbox': 'TID:contoso.onmicrosoft.com',
      }
      const first = item('x', 'Get-MobileDevice', { Mailbox: 'adele' }, headers)
      const one = await (await client.post('$batch', JSON.stringify({ requests: [first] }))).json()
      const url = one.responses[0].body['@odata.nextLink']
      const two = await (await client.post('$batch', JSON.stringify({ requests: [{ ...first, url }] }))).json()
      assert.equal(two.responses[0].body.value[0].DeviceType, 'Outlook')
      assert.equal(two.responses[0].body['@odata.nextLink'], undefined)
    })

    it('takes ten items and not eleven', async () => {
      const requests = Array.from({ length: 11 }, (_, index) => item(`${index}`, 'Get-OrganizationConfig'))
      assert.equal((await client.post('$batch', JSON.stringify({ requests }))).status, 400)
      assert.equal((await client.post('$batch', JSON.stringify({ requests: requests.slice(1) }))).status, 200)
    })
  })

  it('tells how much may still be sent', async () => {
    const one = await client.send('Get-OrganizationConfig')
    const other = await client.send('Get-OrganizationConfig')
    const left = (response: globalThis.Response) => Number(response.headers.get('Rate-Limit-Remaining'))
    assert.equal(left(one) - left(other), 1)
    assert.ok(one.headers.get('Request-Id'))
  })

  it('names the cmdlets of the account, and may send to a regional host for that', async () => {
    const { tenant } = await client.connection()
    const token = (await (await client.requestToken()).json()).access_token
    const options = { headers: { Authorization: `Bearer ${token}`, CommandName: '*' }, redirect: 'manual' } as const
    const url = `${client.url}/adminapi/v1.0/${tenant}/EXOModuleFile?Version=3.9.2`
    const { value } = await (await fetch(url, options)).json()
    assert.ok(value[0].exportedCmdlets.split(',').includes('Clear-MobileDevice'))
    assert.ok(!value[0].exportedCmdlets.includes('Get-ExchangeServer'))
    const regionalHost = client.url.replace('127.0.0.1', 'localhost')
    await client.control('POST', 'organizations/Contoso', { regionalHost })
    const redirected = await fetch(url, options)
    assert.equal(redirected.status, 302)
    assert.equal(redirected.headers.get('Location'), url.replace(client.url, regionalHost))
  })

  describe('faults', () => {
    const calls = async () => (await client.control('GET', 'calls')).length

    it('loses a request before Exchange has seen it', async () => {
      const before = await calls()
      await client.control('POST', 'faults', { cmdlet: 'Get-Mailbox', times: 1, then: 'lost-before' })
      await assert.rejects(client.send('Get-Mailbox', { Identity: 'adele' }))
      assert.equal(await calls(), before)
      assert.equal((await client.send('Get-Mailbox', { Identity: 'adele' })).status, 200)
    })

    it('loses an answer after Exchange has done its work', async () => {
      const before = await calls()
      await client.control('POST', 'faults', { cmdlet: 'Set-CASMailbox', times: 1, then: 'lost-after' })
      await assert.rejects(client.send('Set-CASMailbox', { Identity: 'gwen', ActiveSyncSuppressReadReceipt: true }))
      assert.equal(await calls(), before + 1)
      assert.equal((await client.rows('Get-CASMailbox', { Identity: 'gwen' }))[0].ActiveSyncSuppressReadReceipt, true)
    })

    it('throttles with the seconds to wait', async () => {
      const fault = { cmdlet: 'Get-User', times: 1, then: 'status', status: 429, retryAfter: 1.5 }
      await client.control('POST', 'faults', fault)
      const response = await client.send('Get-User', { Identity: 'adele' })
      assert.equal(response.status, 429)
      assert.equal(response.headers.get('Retry-After'), '1.5')
    })

    it('breaks off at a later page', async () => {
      await client.control('POST', 'faults', { cmdlet: 'Get-MobileDevice', after: 1, then: 'status', status: 503 })
      const { status, body } = await client.invoke('Get-MobileDevice', { ResultSize: 'Unlimited' })
      assert.equal(status, 200)
      const url = body['@odata.nextLink']
      assert.equal((await client.send('Get-MobileDevice', { ResultSize: 'Unlimited' }, { url })).status, 503)
    })

    it('garbles a good answer', async () => {
      await client.control('POST', 'faults', { cmdlet: 'Get-User', times: 1, then: 'garbled' })
      const response = await client.send('Get-User', { Identity: 'adele' })
      assert.equal(response.status, 200)
      await assert.rejects(response.text())
    })
  })
})

/** Posts without a client that would unpack the answer. */
async function raw(client: Client, body: string) {
  const { tenant } = await client.connection()
  const { access_token } = await (await client.requestToken()).json()
  return new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
    (resolve, reject) => {
      const sent = request(`${client.url}/adminapi/beta/${tenant}/InvokeCommand`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${access_token}` },
      })
      sent.on('error', reject).on('response', async (response) => {
        const parts: Buffer[] = []
        for await (const part of response) parts.push(part)
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) })
      })
      sent.end(body)
    },
  )
}
