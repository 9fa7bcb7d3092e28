import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { allDevices } from '../../src/inventory/collections.ts'
import { completed, object, record, type Said, startStranger } from './onprem/stranger.ts'
import { type Site, startSite } from './site.ts'

const guid = (last: number) => `0b2d6f37-5c4e-4f4a-9a52-6e2f1d6c9a${last.toString(16).padStart(2, '0')}`
const tenant = guid(255)

/** What servers show that know no more of Exchange than its documentation says. */
const shown: Readonly<
  Record<string, readonly Readonly<Record<string, string | boolean | readonly string[] | null>>[]>
> = {
  'Get-ExchangeServer': [
    {
      Name: 'EX1',
      Fqdn: 'ex1.contoso.com',
      AdminDisplayVersion: 'Version 15.2 (Build 1748.10)',
      IsMailboxServer: true,
    },
  ],
  'Get-OrganizationConfig': [{ Name: 'contoso' }],
  'Get-MobileDevice': [
    {
      Guid: guid(1),
      Identity: 'ann@contoso.com\\ExchangeActiveSyncDevices\\A',
      DeviceId: 'A',
      DeviceType: 'iPhone',
      FirstSyncTime: null,
    },
    { Guid: guid(2), Identity: 'Bob\\ExchangeActiveSyncDevices\\B', DeviceId: 'B', DeviceType: 'iPad', DeviceOS: '' },
  ],
  'Get-MobileDeviceStatistics': [
    { DeviceID: 'B', Status: 'DeviceOk' },
    { DeviceID: 'A', LastSuccessSync: '2026-01-02T03:04:05', IsRemoteWipeSupported: 'True', DeviceWipeSentTime: null },
  ],
  'Get-CASMailbox': [
    {
      Guid: guid(10),
      Identity: 'Ann Smith',
      Name: 'Ann Smith',
      PrimarySmtpAddress: 'Ann@contoso.com',
      ActiveSyncAllowedDeviceIDs: ['A'],
    },
    { Guid: guid(11), Identity: 'Bob', Name: 'Bob', PrimarySmtpAddress: 'bob@contoso.com', ActiveSyncEnabled: 'True' },
  ],
  'Get-Mailbox': [
    { Guid: guid(10), Identity: 'Ann Smith', Name: 'Ann Smith', Alias: 'ann', UserPrincipalName: 'ann@contoso.com' },
    { Guid: guid(11), Identity: 'Bob', Name: 'Bob', Alias: 'bob', UserPrincipalName: 'bob@contoso.com' },
  ],
}

/** The rows of one cmdlet, whatever its Filter, or nothing where there is no such cmdlet. */
const rowsOf = (cmdlet: string, identity: string | undefined) =>
  shown[cmdlet]?.filter(({ Guid }) => identity === undefined || Guid === identity)

/** Rows as a REST door writes them, one page each. */
async function startRest() {
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://door')
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json;odata.metadata=minimal' })
      response.end(JSON.stringify(body))
    }
    if (pathname === `/${tenant}/oauth2/v2.0/token`) return answer(200, { access_token: 'opaque', expires_in: '3599' })
    if (pathname !== `/adminapi/beta/${tenant}/InvokeCommand`) return answer(404, { error: { code: 'NotFound' } })
    const { CmdletName, Parameters } = JSON.parse(text).CmdletInput
    const rows = rowsOf(CmdletName, Parameters.Identity) ?? []
    const page = Number(searchParams.get('$skiptoken') ?? 0)
    return answer(200, {
      '@odata.context': 'x',
      value: rows.slice(page, page + 1).map((row) => ({ 'Guid@odata.type': '#Guid', ...row })),
      ...(page + 1 < rows.length && { '@odata.nextLink': `?$skiptoken=${page + 1}` }),
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = server.address()
  return {
    address: `http://127.0.0.1:${typeof at === 'object' ? at?.port : ''}`,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const property = ([name, value]: [string, string | boolean | readonly string[] | null], index: number) => {
  if (value === null) return `<Nil N="${name}" />`
  if (typeof value === 'boolean') return `<B N="${name}">${value}</B>`
  if (typeof value === 'string') return `<S N="${name}">${value}</S>`
  return `<Obj N="${name}" RefId="${index + 1}"><LST>${value.map((item) => `<S>${item}</S>`).join('')}</LST></Obj>`
}

/** The same rows over PowerShell remoting; no other cmdlet exists. */
const startRemoting = () =>
  startStranger((writer, pipeline) => {
    const cmdlet = /N="Cmd">([^<]+)/.exec(pipeline)?.[1] ?? ''
    const identity = /N="N">Identity<\/S><S N="V">([^<]+)/.exec(pipeline)?.[1]
    const missing: Said = ['error', record('CommandNotFoundException', `The term '${cmdlet}' is not recognized`)]
    const rows = rowsOf(cmdlet, identity)?.map(
      (row): Said => ['output', object(Object.entries(row).map(property).join(''))],
    )
    return [{ streams: [writer.say([...(rows ?? [missing]), completed])], state: 'Done' }]
  })

describe('an organization at a server of another make', () => {
  let site: Site
  let close: () => Promise<void>

  beforeEach(async () => {
    site = await startSite()
  })
  afterEach(async () => {
    await site.close()
    await close()
  })

  /** Device by device: its type, whose it is, and whether it is exempt. */
  const seen = (connector: string) =>
    [...site.inventory().devices([allDevices])]
      .filter((device) => device.connector === connector)
      .map((device) => {
        const owner = site.inventory().owner(device)
        return [device.type, owner.name, owner.mail, owner.allowed]
      })
      .sort()
  /** Everything about Ann's phone, as it is read before a wipe. */
  async function readAnew(connector: string) {
    const [phone] = [...site.inventory().devices([allDevices])].filter(
      (one) => one.connector === connector && one.type === 'iPhone',
    )
    assert.ok(phone)
    const { device, partnerships } = await site.connectors().read(phone, new AbortController().signal)
    assert.equal(device.statistics?.lastSync, '2026-01-02T03:04:05.000Z')
    assert.equal(device.statistics?.remoteWipe, true)
    assert.deepEqual(
      partnerships.map(({ guid }) => guid),
      [phone.guid],
    )
    assert.deepEqual(seen(connector), expected)
  }

  const expected = [
    ['iPad', 'Bob', 'bob@contoso.com', []],
    ['iPhone', 'Ann Smith', 'Ann@contoso.com', ['A']],
  ]

  it('is entered and read (online)', async () => {
    const server = await startRest()
    close = server.close
    const { address } = server
    const clientId = guid(254)
    await site.credential('app', { hosts: [new URL(address).host], tenant, clientId, secret: 'secret' })
    await site.add({ name: 'Other', kind: 'online', credential: 'app', address, authority: address, tenant })
    assert.deepEqual(seen('Other'), expected)
    await readAnew('Other')
  })

  it('is entered and read (onPremises)', async () => {
    const server = await startRemoting()
    close = server.close
    const { address } = server
    await site.credential('account', { hosts: [new URL(address).host], user: 'CONTOSO\\desk', password: 'secret' })
    await site.add({ name: 'Other', kind: 'onPremises', credential: 'account', address })
    assert.deepEqual(seen('Other'), expected)
    await readAnew('Other')
    const { report } = site.connectors().get('Other')
    assert.equal(report?.organization, 'contoso.com')
    assert.match(report?.restrictions.join() ?? '', /one domain only/)
  })
}).timeout(60_000)
