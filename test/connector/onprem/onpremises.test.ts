import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { createOnPremisesTransport, type OnPremisesOptions } from '../../../src/connector/onprem/onpremises.ts'
import { faults } from '../../../src/connector/onprem/wsman.ts'
import type { Transport } from '../../../src/connector/transport.ts'
import { BotError } from '../../../src/errors.ts'
import {
  behavesLikeATransport,
  type Connection,
  drain,
  failure,
  rowsOf,
  type Sandbox,
  startControlled,
} from '../contract.ts'
import { cert } from './certificate.ts'
import { type Mishap, startProxy } from './proxy.ts'

const forever = new AbortController().signal
const soon = async () => {}

describe('connector/onprem', () => {
  behavesLikeATransport({
    kind: 'onPremises',
    connect: ({ address, user, password }, warn) =>
      createOnPremisesTransport({ address, credential: { user, password }, warn, wait: soon }),
  })
})

describe('connector/onprem on the way', () => {
  let sandbox: Sandbox
  let cleanUp: (() => Promise<unknown>)[] = []

  before(async () => {
    sandbox = await startControlled()
  })
  after(() => sandbox.close())
  afterEach(async () => {
    for (const clean of cleanUp.reverse()) await clean()
    cleanUp = []
    await sandbox.control('DELETE', 'faults')
    assert.deepEqual(await shells(), [], 'no shell is left behind')
  })

  const shells = () => sandbox.control<{ organization: string }[]>('GET', 'shells')

  const enter = (to: Connection, options: Partial<OnPremisesOptions> = {}) => {
    const { address, user, password } = to
    const transport = createOnPremisesTransport({ address, credential: { user, password }, wait: soon, ...options })
    cleanUp.push(() => transport.close())
    return transport
  }

  const between = async (to: Connection, options: { isSecure?: boolean } = {}) => {
    const proxy = await startProxy(to.address, options)
    cleanUp.push(() => proxy.close())
    return proxy
  }

  /** A client, a proxy and an organization with three devices. */
  async function start(options: Partial<OnPremisesOptions> = {}, version = 'SE') {
    const organization = await sandbox.found({ kind: 'onPremises', devices: 3, version })
    const proxy = await between(organization)
    return { organization, proxy, transport: enter(organization, { address: proxy.url, ...options }) }
  }

  const read = (transport: Transport) => rowsOf(transport, 'Get-MobileDevice', { ResultSize: 'Unlimited' })
  const write = (transport: Transport) =>
    rowsOf(transport, 'Set-ActiveSyncOrganizationSettings', { UserMailInsert: 'Hello' })
  const writes = (organization: Connection) => sandbox.runs(organization, 'Set-ActiveSyncOrganizationSettings')

  /** What becomes of a write when requests of one operation go so wrong, and how often it ran. */
  async function fate(operation: string, mishap: Mishap, times = 1) {
    const { organization, proxy, transport } = await start()
    proxy.spoil(operation, mishap, times)
    const outcome = await write(transport).then(
      () => 'done',
      (error) => error.code,
    )
    return [outcome, await writes(organization)]
  }

  describe('never runs a write twice, and says what is known', () => {
    const unknown = 'EXCHANGE_OUTCOME_UNKNOWN'
    const unreachable = 'EXCHANGE_UNREACHABLE'
    const always = 99
    const table: readonly (readonly [where: string, mishap: Mishap, times: number, outcome: string, runs: number])[] = [
      ['Create', 'lost-before', 1, unreachable, 0],
      ['Create', 'lost-after', 1, unreachable, 0],
      ['Create', { status: 404 }, 1, unreachable, 0],
      ['Create', { status: 503 }, 1, unreachable, 0],
      ['Create', { status: 401 }, 1, 'EXCHANGE_REFUSED', 0],
      ['Create', { status: 403 }, 1, 'EXCHANGE_REFUSED', 0],
      ['Create', { fault: faults.resourceUnknown }, 1, unreachable, 0],
      ['Create', { fault: faults.accessDenied }, 1, 'EXCHANGE_REFUSED', 0],
      ['Receive', 'lost-before', 1, 'done', 1],
      ['Receive', 'lost-after', 1, 'done', 1],
      ['Receive', 'lost-before', always, unreachable, 0],
      ['Receive', { fault: faults.timedOut }, 2, 'done', 1],
      ['Receive', { fault: faults.accessDenied }, 1, 'EXCHANGE_REFUSED', 0],
      ['Command', 'lost-before', 1, unknown, 0],
      ['Command', 'lost-after', 1, unknown, 1],
      ['Command', { status: 503 }, 1, unknown, 0],
      ['Command', { status: 404 }, 1, unreachable, 0],
      ['Command', { status: 401 }, 1, unreachable, 0],
      ['Command', { fault: faults.timedOut }, 1, unknown, 0],
      ['Command', { fault: faults.notFound }, 1, 'done', 1],
      ['Command', { fault: faults.notFound }, 2, unreachable, 0],
      ['Command', { fault: '1', text: '[FailureCategory=WSMan-InvalidShellID] gone' }, 1, 'done', 1],
      ['Command', { fault: '2150859174' }, 1, unreachable, 0],
      ['Command', { change: () => '<garbage' }, 1, unknown, 1],
      ['Receive of a command', 'lost-before', 2, 'done', 1],
      ['Receive of a command', 'lost-after', 2, 'done', 1],
      ['Receive of a command', 'lost-before', always, unknown, 1],
      ['Receive of a command', 'lost-after', always, unknown, 1],
      ['Receive of a command', { status: 502 }, 1, 'done', 1],
      ['Receive of a command', { status: 401 }, 1, unknown, 1],
      ['Receive of a command', { fault: faults.timedOut }, 3, 'done', 1],
      ['Receive of a command', { fault: faults.notFound }, 1, unknown, 1],
      ['Receive of a command', { fault: '995' }, 1, unknown, 1],
      [
        'Receive of a command',
        { change: (answer) => answer.replace(/<rsp:Stream.*<\/rsp:Stream>/s, '') },
        1,
        unknown,
        1,
      ],
      [
        'Receive of a command',
        { change: (answer) => answer.replace(/RelatesTo>uuid:./, 'RelatesTo>uuid:z') },
        1,
        unknown,
        1,
      ],
      ['Signal', 'lost-before', 1, 'done', 1],
      ['Signal', 'lost-after', 1, 'done', 1],
      ['Signal', { fault: faults.notFound }, 1, 'done', 1],
    ]
    for (const [where, mishap, times, outcome, runs] of table)
      it(`when ${where} ends with ${typeof mishap === 'string' ? mishap : JSON.stringify(mishap)} (${times} times): ${outcome}`, async () => {
        assert.deepEqual(await fate(where, mishap, times), [outcome, runs])
      })

    for (const [mishap, runs] of [
      ['lost-before', 0],
      ['lost-after', 1],
    ] as const)
      it(`when a later part of a large cmdlet ends with ${mishap}`, async () => {
        const { organization, proxy, transport } = await start()
        const [mailbox] = await rowsOf(transport, 'Get-CASMailbox', { ResultSize: 'Unlimited' })
        proxy.spoil('Send', mishap)
        const ids = Array.from({ length: 20_000 }, (_, index) => `ApplDLXJN0ABC123${index}`)
        const large = rowsOf(transport, 'Set-CASMailbox', {
          Identity: String(mailbox?.Guid),
          ActiveSyncAllowedDeviceIDs: ids,
        })
        assert.equal((await failure(large)).code, unknown)
        assert.equal(await sandbox.runs(organization, 'Set-CASMailbox'), runs)
      })
  })

  it('sends a large cmdlet in parts', async () => {
    const { proxy, transport } = await start()
    const [mailbox] = await rowsOf(transport, 'Get-CASMailbox', { ResultSize: 'Unlimited' })
    const Identity = String(mailbox?.Guid)
    const ids = Array.from({ length: 20_000 }, (_, index) => `ApplDLXJN0ABC123${index}`)
    await rowsOf(transport, 'Set-CASMailbox', { Identity, ActiveSyncAllowedDeviceIDs: ids })
    const [changed] = await rowsOf(transport, 'Get-CASMailbox', { Identity })
    assert.deepEqual(changed?.ActiveSyncAllowedDeviceIDs, ids)
    assert.ok(proxy.operations().includes('Send'))
    assert.ok(proxy.seen.every(({ body }) => body.length < 512_000))
  })

  for (const [operation, mishap] of [
    ['Command', 'lost-after'],
    ['Receive of a command', { fault: faults.notFound }],
    ['Receive of a command', { change: (answer: string) => answer.slice(0, -40) }],
  ] as const)
    it(`runs a read again when ${operation} ends with ${JSON.stringify(mishap)}`, async () => {
      const { organization, proxy, transport } = await start()
      proxy.spoil(operation, mishap)
      assert.equal((await read(transport)).length, 3)
      assert.equal(await sandbox.runs(organization, 'Get-MobileDevice'), 2)
    })

  for (const [mishap, times] of [
    ['lost-before', 99],
    ['lost-for-good', 1],
  ] as const)
    it(`does not run a read again that has handed rows on, since they would come twice (${mishap})`, async () => {
      const { organization, proxy, transport } = await start()
      await sandbox.control('POST', `organizations/${encodeURIComponent(organization.name)}/changes`, { new: 900 })
      const rows: unknown[] = []
      const reading = async () => {
        const cmdlet = { name: 'Get-MobileDevice', parameters: { ResultSize: 'Unlimited' } }
        for await (const row of transport.invoke(cmdlet, forever)) {
          if (rows.length === 0) proxy.spoil('Receive of a command', mishap, times)
          rows.push(row)
        }
      }
      assert.equal((await failure(reading())).code, 'EXCHANGE_UNREACHABLE')
      assert.ok(rows.length > 0 && rows.length < 903)
      assert.equal(await sandbox.runs(organization, 'Get-MobileDevice'), 1)
    })

  it('reads all of a long answer although answers on the way get lost', async () => {
    const { organization, proxy, transport } = await start()
    await sandbox.control('POST', `organizations/${encodeURIComponent(organization.name)}/changes`, { new: 900 })
    let count = 0
    for await (const row of transport.invoke(
      { name: 'Get-MobileDevice', parameters: { ResultSize: 'Unlimited' } },
      forever,
    )) {
      if (count % 200 === 0) proxy.spoil('Receive of a command', count % 400 ? 'lost-after' : 'lost-before')
      count += Number(row.Guid !== undefined)
    }
    assert.equal(count, 903)
  })

  it('uses one shell for cmdlets that follow each other, clears each away, and deletes the shell', async () => {
    const { proxy, transport } = await start()
    await read(transport)
    await write(transport)
    await failure(rowsOf(transport, 'Get-MobileDevice', { Identity: 'nobody' }))
    await transport.close()
    const operations = proxy.operations()
    const count = (name: string) => operations.filter((operation) => operation === name).length
    assert.deepEqual([count('Create'), count('Command'), count('Signal'), count('Delete')], [1, 3, 3, 1])
    assert.equal(operations.at(-1), 'Delete')
  })

  it('keeps the cookies of a shell, and proves itself with every request', async () => {
    const { organization, proxy, transport } = await start()
    await read(transport)
    const [create, ...others] = proxy.seen
    assert.equal(create?.headers.cookie, undefined)
    assert.ok(others.every(({ headers }) => /^X-BackEndCookie=/.test(headers.cookie ?? '')))
    const basic = `Basic ${Buffer.from(`${organization.user}:${organization.password}`).toString('base64')}`
    assert.ok(proxy.seen.every(({ headers }) => headers.authorization === basic))
    assert.ok(others.every(({ body }) => body.includes('Name="ShellId"')))
  })

  it('reads an answer that is compressed although none was asked for', async () => {
    const { proxy, transport } = await start()
    proxy.spoil('Receive of a command', { encode: (answer) => ({ encoding: 'gzip', bytes: gzipSync(answer) }) })
    assert.equal((await read(transport)).length, 3)
    assert.ok(proxy.seen.every(({ headers }) => headers['accept-encoding'] === 'identity'))
  })

  it('lets who comes later wait for a shell, in order, and who gives up leave', async () => {
    const { proxy, transport } = await start({ shells: 1 })
    const order: number[] = []
    const reads = [1, 2, 3].map(async (number) => {
      await read(transport)
      order.push(number)
    })
    const control = new AbortController()
    const given = failure(drain(transport.invoke({ name: 'Get-Mailbox', parameters: {} }, control.signal)))
    control.abort()
    assert.equal((await given).code, 'EXCHANGE_UNREACHABLE')
    await Promise.all(reads)
    assert.deepEqual(order, [1, 2, 3])
    assert.equal(proxy.operations().filter((operation) => operation === 'Create').length, 1)
  })

  it('deletes a shell that has been idle', async () => {
    const { transport } = await start({ idleMs: 20 })
    await read(transport)
    while ((await shells()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.equal((await read(transport)).length, 3)
  })

  it('asks a cmdlet to stop that is given up, and goes on in the same shell', async () => {
    const { organization, proxy, transport } = await start()
    await sandbox.fault({ cmdlet: 'Set-ActiveSyncOrganizationSettings', then: 'slow', ms: 30_000 })
    const parameters = { UserMailInsert: 'Hello' }
    const cancel = new AbortController()
    const given = transport.invoke({ name: 'Set-ActiveSyncOrganizationSettings', parameters }, cancel.signal)
    const outcome = failure(drain(given))
    while (!proxy.operations().includes('Receive of a command')) await new Promise((resolve) => setTimeout(resolve, 10))
    cancel.abort()
    assert.equal((await outcome).code, 'EXCHANGE_OUTCOME_UNKNOWN')
    while (proxy.operations().filter((operation) => operation === 'Signal').length < 2)
      await new Promise((resolve) => setTimeout(resolve, 10))
    assert.match(proxy.seen.find(({ operation }) => operation === 'Signal')?.body ?? '', /crtl_c/)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await read(transport)
    assert.equal(proxy.operations().filter((operation) => operation === 'Create').length, 1)
    assert.equal(await writes(organization), 0)
  })

  it('does not wait for a session that opens slowly once it is given up, and leaves none behind', async () => {
    const { organization, transport } = await start()
    await sandbox.fault({ cmdlet: 'New-PSSession', then: 'slow', ms: 300 })
    const given = transport.invoke({ name: 'Get-MobileDevice', parameters: {} }, AbortSignal.timeout(50))
    assert.equal((await failure(drain(given))).code, 'EXCHANGE_UNREACHABLE')
    assert.deepEqual(await shells(), [])
    assert.equal(await sandbox.runs(organization, 'Get-MobileDevice'), 0)
  })

  it('gives a cmdlet up that takes longer than the deadline', async () => {
    const { transport } = await start({ deadlineMs: 100 })
    await sandbox.fault({ cmdlet: 'Get-MobileDevice', then: 'slow', ms: 30_000 })
    const { code, message } = await failure(read(transport))
    assert.equal(code, 'EXCHANGE_UNREACHABLE')
    assert.match(message, /took too long|did not answer in time/)
  })

  it('prepares every new session, once', async () => {
    const prepare = [{ name: 'Set-ADServerSettings', parameters: { ViewEntireForest: true } }]
    const { organization, transport } = await start({ prepare })
    await read(transport)
    await read(transport)
    assert.equal(await sandbox.runs(organization, 'Set-ADServerSettings'), 1)
  })

  it('waits as long as Exchange says when it throttles, and no longer than is worth it', async () => {
    const waits: number[] = []
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds)
    }
    const { proxy, transport } = await start({ wait, now: () => new Date(0) })
    const text = (seconds: number) =>
      `[FailureCategory=AuthZ-AuthorizationException] You have exceeded your budget to create runspace. Please wait for ${seconds} seconds.`
    proxy.spoil('Receive', { fault: '5', text: text(30) })
    assert.equal((await read(transport)).length, 3)
    assert.deepEqual(waits, [30_000])
    const other = await start({ wait, now: () => new Date(0) })
    other.proxy.spoil('Receive', { fault: '5', text: text(3600) })
    const { code, refusal } = await failure(read(other.transport))
    assert.deepEqual([code, refusal?.kind, waits.length], ['EXCHANGE_REFUSED', 'throttled', 1])
  })

  it('waits for its turn when the account has all the shells that it may have', async () => {
    const organization = await sandbox.found({ kind: 'onPremises', devices: 3 })
    const crowd = Array.from({ length: 6 }, () => enter(organization, { shells: 3 }))
    await sandbox.fault({ cmdlet: 'Get-Mailbox', then: 'slow', ms: 100, times: 18 })
    await Promise.all(crowd.flatMap((one) => [1, 2, 3].map(() => rowsOf(one, 'Get-Mailbox', {}))))
    assert.equal((await shells()).length, 18)
    const waits: number[] = []
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds)
    }
    const { code, refusal } = await failure(read(enter(organization, { wait, now: () => new Date(0) })))
    assert.deepEqual([code, refusal?.kind, waits], ['EXCHANGE_REFUSED', 'throttled', [2000, 4000]])
    assert.equal((await read(enter(organization, { wait: async () => crowd[0]?.close() }))).length, 3)
  })

  it('says that user or password is wrong, and what Exchange offers, and not the password', async () => {
    const organization = await sandbox.found({ kind: 'onPremises' })
    const transport = enter(organization, { credential: { user: organization.user, password: 'hunter2' } })
    const { code, message, refusal } = await failure(read(transport))
    assert.deepEqual([code, refusal?.kind], ['EXCHANGE_REFUSED', 'permission'])
    assert.match(message, /did not accept the user and password; it offers Basic/)
    assert.doesNotMatch(message, /hunter2/)
  })

  for (const version of ['2010', '2013', '2016', '2019', 'SE'])
    it(`speaks to Exchange ${version}`, async () => {
      const { transport } = await start({}, version)
      const noun = version === '2010' ? 'ActiveSyncDevice' : 'MobileDevice'
      assert.equal((await rowsOf(transport, `Get-${noun}`, { ResultSize: 'Unlimited' })).length, 3)
    })

  it('sends a credential over http to this machine only', async () => {
    const credential = { user: 'u', password: 'p' }
    const connect = (address: string) => () => createOnPremisesTransport({ address, credential })
    const unencrypted = (error: unknown) => error instanceof BotError && error.code === 'CREDENTIAL_UNUSABLE'
    assert.throws(connect('http://ex1.contoso.com/PowerShell/'), unencrypted)
    assert.throws(connect('http://localhost.contoso.com/'), unencrypted)
    assert.throws(connect('ex1.contoso.com'), BotError)
    for (const address of ['http://127.0.0.1:1/', 'http://localhost:1/', 'http://[::1]:1/', 'https://ex1.contoso.com/'])
      assert.doesNotThrow(connect(address))
  })

  describe('over TLS', () => {
    it('trusts the authority that it is given, and nobody else who is unknown', async () => {
      const organization = await sandbox.found({ kind: 'onPremises', devices: 3 })
      const proxy = await between(organization, { isSecure: true })
      const { code, message } = await failure(read(enter(organization, { address: proxy.url })))
      assert.equal(code, 'EXCHANGE_UNREACHABLE')
      assert.match(message, /certificate is not trusted/)
      assert.deepEqual(proxy.seen, [])
      assert.equal((await read(enter(organization, { address: proxy.url, ca: [cert] }))).length, 3)
    })

    /** Two servers, of which the first sends everybody to the second, under the name of localhost. */
    async function redirecting(by: (to: string) => Mishap) {
      const organization = await sandbox.found({ kind: 'onPremises', devices: 3 })
      const first = await between(organization, { isSecure: true })
      const second = await between(organization, { isSecure: true })
      first.spoil('Create', by(second.url.replace('127.0.0.1', 'localhost')), 99)
      const follow = (options: Partial<OnPremisesOptions>) =>
        read(enter(organization, { address: first.url, ca: [cert], ...options }))
      return { first, second, follow }
    }
    const ways: Record<string, (to: string) => Mishap> = {
      'status 302': (Location) => ({ status: 302, headers: { Location } }),
      'status 307': (Location) => ({ status: 307, headers: { Location } }),
      'a fault': (to) => ({ fault: faults.redirect, text: `The WS-Management service redirects to ${to} now.` }),
    }
    for (const [name, by] of Object.entries(ways))
      it(`follows ${name} to a host of the credential, and to no other`, async () => {
        const { second, follow } = await redirecting(by)
        const { code, message } = await failure(follow({}))
        assert.equal(code, 'EXCHANGE_UNREACHABLE')
        assert.match(message, /redirects to localhost:\d+, which is not among the hosts/)
        assert.deepEqual(second.seen, [])
        assert.equal((await follow({ hosts: ['localhost'] })).length, 3)
        assert.ok(second.operations().includes('Create'))
      })

    it('does not follow a redirection to a place that is not encrypted, nor one in a circle', async () => {
      const organization = await sandbox.found({ kind: 'onPremises' })
      const plain = await between(organization)
      const first = await between(organization, { isSecure: true })
      first.spoil('Create', { status: 302, headers: { Location: plain.url } })
      assert.equal(
        (await failure(read(enter(organization, { address: first.url, ca: [cert] })))).code,
        'EXCHANGE_UNREACHABLE',
      )
      assert.deepEqual(plain.seen, [])
      first.spoil('Create', { status: 302, headers: { Location: first.url } }, 99)
      assert.equal(
        (await failure(read(enter(organization, { address: first.url, ca: [cert] })))).code,
        'EXCHANGE_UNREACHABLE',
      )
      assert.ok(first.seen.length < 10)
    })
  })
})
