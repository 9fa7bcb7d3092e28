import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { createOnlineTransport, type OnlineOptions } from '../../../src/connector/online/rest.ts'
import type { Cmdlet } from '../../../src/connector/transport.ts'
import type { Tokens } from '../../../src/tokens.ts'
import { drain, failure, rowsOf } from '../contract.ts'

interface Asked {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into bodies of every shape.
  readonly body: any
}
type Reply = (response: ServerResponse, asked: Asked, base: string) => void

const tenant = '6f0b54a2-3c1d-4e8a-9f57-2b8d10c4e7a9'
const forever = new AbortController().signal

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Reply =>
  (response) =>
    send(response, JSON.stringify(body), status, { 'content-type': 'application/json', ...headers })
const plain =
  (status: number, headers: Record<string, string | string[]> = {}, body: string | Buffer = ''): Reply =>
  (response) =>
    send(response, body, status, headers)

function send(
  response: ServerResponse,
  body: string | Buffer,
  status: number,
  headers: Record<string, string | string[]>,
) {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}

/** A server that gives these answers one after the other, the last one again and again, and keeps what it was asked. */
async function startScript(...replies: Reply[]) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    const one = { url: request.url ?? '', headers: request.headers, body: text === '' ? undefined : JSON.parse(text) }
    asked.push(one)
    replies[Math.min(asked.length, replies.length) - 1]?.(response, one, address)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = server.address()
  const address = `http://127.0.0.1:${typeof at === 'object' ? at?.port : ''}`
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { address, asked, close }
}

describe('connector/online on the wire', () => {
  let cleanUp: (() => void)[] = []
  let waits: number[] = []
  let warnings: string[] = []
  let challenges: Parameters<Tokens>[0][] = []

  afterEach(() => {
    for (const clean of cleanUp) clean()
    cleanUp = []
    waits = []
    warnings = []
    challenges = []
  })

  async function start(replies: Reply[], options: Partial<OnlineOptions> = {}) {
    const server = await startScript(...replies)
    const transport = createOnlineTransport({
      address: server.address,
      tenant,
      tokens: async (challenge) => {
        challenges.push(challenge)
        return `token-${challenges.length}`
      },
      warn: (_, text) => warnings.push(text),
      wait: async (milliseconds) => void waits.push(milliseconds),
      ...options,
    })
    cleanUp.push(server.close, () => void transport.close())
    return { ...server, transport }
  }

  const read: Cmdlet = { name: 'Get-MobileDevice', parameters: { ResultSize: 'Unlimited' } }
  const write: Cmdlet = { name: 'Set-CASMailbox', parameters: { Identity: 'ann', ActiveSyncEnabled: true } }
  const lastPage = json({ value: [{ n: 2 }] })
  const ask = ({ name, parameters, ...more }: Cmdlet, transport: Awaited<ReturnType<typeof start>>['transport']) =>
    rowsOf(transport, name, { ...parameters }, more)

  it('asks as ExchangeOnlineManagement does, under its own name', async () => {
    const { transport, asked } = await start([json({ value: [] })])
    await ask(
      {
        name: 'Set-CASMailbox',
        parameters: {
          Identity: 'ann§',
          ActiveSyncAllowedDeviceIDs: { add: ['A'] },
          ActiveSyncBlockedDeviceIDs: { remove: ['A'] },
          ActiveSyncMailboxPolicy: null,
          ResetAutoBlockedDevices: true,
        },
      },
      transport,
    )
    const [one] = asked
    assert.equal(one?.url, `/adminapi/beta/${tenant}/InvokeCommand`)
    assert.deepEqual(one?.body, {
      CmdletInput: {
        CmdletName: 'Set-CASMailbox',
        Parameters: {
          Identity: 'ann§',
          ActiveSyncAllowedDeviceIDs: { '@odata.type': '#Exchange.GenericHashTable', add: ['A'] },
          ActiveSyncBlockedDeviceIDs: { '@odata.type': '#Exchange.GenericHashTable', remove: ['A'] },
          ActiveSyncMailboxPolicy: null,
          ResetAutoBlockedDevices: true,
        },
      },
    })
    const { headers } = one ?? { headers: {} }
    assert.equal(headers.authorization, 'Bearer token-1')
    assert.equal(headers['x-anchormailbox'], `APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@${tenant}`)
    assert.equal(headers.prefer, 'odata.maxpagesize=1000')
    assert.match(headers['content-type'] ?? '', /^application\/json/)
    assert.equal(headers['x-clientapplication'], undefined)
  })

  it('sends an empty object where there are no parameters, and names the properties that it wants', async () => {
    const { transport, asked } = await start([json({ value: [] })])
    await ask({ name: 'Get-Mailbox', parameters: {}, select: ['Guid', 'Name'] }, transport)
    assert.deepEqual(asked[0]?.body.CmdletInput.Parameters, {})
    assert.equal(asked[0]?.url, `/adminapi/beta/${tenant}/InvokeCommand?$select=Guid,Name`)
  })

  it('turns pages with the same body, anchor and request id', async () => {
    const next: Reply = (response, _, base) =>
      json({ value: [{ n: 1 }], '@odata.nextLink': `${base}/adminapi/beta/${tenant}/InvokeCommand?%24skiptoken=2` })(
        response,
        _,
        base,
      )
    const { transport, asked } = await start([next, json({ value: [{ n: 2 }] })])
    assert.deepEqual(await ask(read, transport), [{ n: 1 }, { n: 2 }])
    const [first, second] = asked
    assert.equal(second?.url, `/adminapi/beta/${tenant}/InvokeCommand?%24skiptoken=2`)
    assert.deepEqual(second?.body, first?.body)
    for (const header of ['x-anchormailbox', 'client-request-id', 'connection-id', 'prefer'])
      assert.equal(second?.headers[header], first?.headers[header])
  })

  it('turns a page at its own address, whatever host the page names', async () => {
    const foreign = await startScript(json({ value: [{ n: 'stolen' }] }))
    cleanUp.push(foreign.close)
    const { transport, asked } = await start([
      json({
        value: [{ n: 1 }],
        '@odata.nextLink': `${foreign.address}/adminapi/beta/${tenant}/InvokeCommand?%24skiptoken=2`,
      }),
      json({ value: [{ n: 2 }] }),
    ])
    assert.deepEqual(await ask(read, transport), [{ n: 1 }, { n: 2 }])
    assert.deepEqual([asked.length, foreign.asked.length], [2, 0])
  })

  it('lets go of the page that is on its way when nobody wants more rows', async () => {
    const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { transport } = await start([
      json({ value: [{ n: 1 }, { n: 2 }], '@odata.nextLink': `/adminapi/beta/${tenant}/InvokeCommand?$skiptoken=2` }),
      (response) => {
        response.on('close', () => ended.resolve())
        begun.resolve()
      },
    ])
    for await (const _ of transport.invoke(read, forever)) {
      await begun.promise
      break
    }
    await ended.promise
  })

  it('finds a page whose address is told in part', async () => {
    const link = `/adminapi/beta/${tenant}/InvokeCommand?%24skiptoken=2`
    for (const nextLink of [link, 'InvokeCommand?%24skiptoken=2', '?%24skiptoken=2']) {
      const { transport, asked } = await start([json({ value: [{ n: 1 }], '@odata.nextLink': nextLink }), lastPage])
      assert.deepEqual(await ask(read, transport), [{ n: 1 }, { n: 2 }])
      assert.equal(asked[1]?.url, link)
    }
    const { transport } = await start([json({ value: [{ n: 1 }], '@odata.nextLink': 'https://[' })])
    assert.equal((await failure(ask(read, transport))).code, 'EXCHANGE_REFUSED')
  })

  it('returns cookies, so that the next page comes from the server of the first', async () => {
    const first = plain(
      200,
      { 'set-cookie': ['X-BackEndCookie=a=b~c; expires=Thu, 31 Dec 2099 00:00:00 GMT; path=/; secure', 'other=1'] },
      JSON.stringify({ value: [{ n: 1 }], '@odata.nextLink': '?%24skiptoken=2' }),
    )
    const second = plain(200, { 'set-cookie': 'other=; expires=Thu, 01 Jan 1970 00:00:00 GMT' }, '{"value":[{"n":2}]}')
    const { transport, asked } = await start([first, second, lastPage])
    assert.deepEqual(await ask(read, transport), [{ n: 1 }, { n: 2 }])
    await ask(read, transport)
    assert.deepEqual(
      asked.map(({ headers }) => headers.cookie),
      [undefined, 'X-BackEndCookie=a=b~c; other=1', 'X-BackEndCookie=a=b~c'],
    )
  })

  it('does not turn the same page for ever', async () => {
    const { transport } = await start([
      json({ value: [{}], '@odata.nextLink': `/adminapi/beta/${tenant}/InvokeCommand?$skiptoken=1` }),
    ])
    assert.equal((await failure(ask(read, transport))).code, 'EXCHANGE_REFUSED')
  })

  it('does not take a part for the whole', async () => {
    const warning =
      'There are more results available than are currently displayed. Increase the value for the ResultSize parameter.'
    const { transport } = await start([json({ value: [{}], '@adminapi.warnings': [warning] })])
    assert.match((await failure(ask(read, transport))).message, /it left rows out/)
    const cut = await start([json({ value: [{}], '@odata.nextLink': `/adminapi/beta/${tenant}/x` }), plain(500)])
    assert.equal((await failure(ask(read, cut.transport))).code, 'EXCHANGE_UNREACHABLE')
    const expired = { error: { message: 'Expired or Invalid pagination request. Default Expiry time is 00:30:00' } }
    const late = await start([
      json({ value: [{}], '@odata.nextLink': `/adminapi/beta/${tenant}/x` }),
      json(expired, 400),
    ])
    assert.equal((await failure(ask(read, late.transport))).code, 'EXCHANGE_REFUSED')
  })

  it('takes an empty answer to a write for success', async () => {
    for (const reply of [plain(204), plain(200), plain(200, {}, '\r\n'), json({ value: [] }), json({ value: null })]) {
      const { transport, asked } = await start([reply])
      assert.deepEqual(await ask(write, transport), [])
      assert.equal(asked.length, 1)
    }
  })

  it('takes an answer without a list of rows for a success of a write, and never for a read of nothing', async () => {
    for (const reply of [plain(204), plain(200), plain(200, {}, Buffer.alloc(64)), json({}), json({ error: {} })]) {
      const { transport, asked } = await start([reply, json({ value: [{ n: 1 }] })])
      assert.deepEqual(await ask(read, transport), [{ n: 1 }])
      assert.equal(asked.length, 2)
    }
    const { transport } = await start([json({ error: { message: 'It broke in the middle' } })])
    assert.equal((await failure(ask(write, transport))).code, 'EXCHANGE_OUTCOME_UNKNOWN')
  })

  it('asks which cmdlets the account has, where the door knows', async () => {
    const names = json({ value: [{ exportedCmdlets: 'Get-MobileDevice, Clear-MobileDevice,' }] })
    const { transport, asked } = await start([names])
    assert.deepEqual(await transport.cmdlets(forever), ['Get-MobileDevice', 'Clear-MobileDevice'])
    assert.equal(asked[0]?.url, `/adminapi/v1.0/${tenant}/EXOModuleFile?Version=3.9.2`)
    for (const status of [400, 404, 405, 501])
      assert.equal(await (await start([plain(status)])).transport.cmdlets(forever), undefined)
    const forbidden = await start([plain(403, { 'x-ms-diagnostics': 'reason="no role"' })])
    assert.equal((await failure(forbidden.transport.cmdlets(forever))).refusal?.kind, 'permission')
  })

  describe('when the token is refused', () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'

    it('asks for another that answers the claims, once', async () => {
      const challenge = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`
      const { transport, asked } = await start([
        plain(401, { 'www-authenticate': challenge }),
        json({ value: [{ n: 1 }] }),
      ])
      assert.deepEqual(await ask(read, transport), [{ n: 1 }])
      assert.deepEqual(challenges, [undefined, { refused: 'token-1', claims }])
      assert.deepEqual(
        asked.map(({ headers }) => headers.authorization),
        ['Bearer token-1', 'Bearer token-2'],
      )
    })

    it('does not go on for ever, and says what may be missing', async () => {
      const { transport, asked } = await start([plain(401)])
      const { code, refusal, message } = await failure(ask(write, transport))
      assert.deepEqual([code, refusal?.kind], ['EXCHANGE_REFUSED', 'permission'])
      assert.match(message, /Exchange\.ManageAsApp/)
      assert.equal(asked.length, 2)
    })
  })

  describe('when it is sent elsewhere', () => {
    it('follows within its own domain, with the same request', async () => {
      const away: Reply = (response, _, base) => plain(302, { location: `${base}/somewhere/else` })(response, _, base)
      const { transport, asked } = await start([away, json({ value: [{ n: 1 }] })])
      assert.deepEqual(await ask(read, transport), [{ n: 1 }])
      assert.deepEqual(asked[1]?.body, asked[0]?.body)
      assert.equal(asked[1]?.url, asked[0]?.url)
    })

    it('goes to the very address where a lasting kind of redirection sends it, with the same request', async () => {
      for (const status of [307, 308]) {
        const { transport, asked } = await start([plain(status, { location: '/else/where?a=1' }), lastPage])
        assert.deepEqual(await ask(read, transport), [{ n: 2 }])
        assert.equal(asked[1]?.url, '/else/where?a=1')
        assert.deepEqual(asked[1]?.body, asked[0]?.body)
        assert.match(asked[1]?.headers.authorization ?? '', /^Bearer /)
      }
    })

    it('never carries the token to another host, not even one that ends alike', async () => {
      const foreign = await startScript(json({ value: [] }))
      cleanUp.push(foreign.close)
      for (const location of [foreign.address, 'https://127.0.0.1.example/', 'http://example.com/x']) {
        const { transport, asked } = await start([plain(307, { location })])
        const { code, message } = await failure(ask(write, transport))
        assert.equal(code, 'EXCHANGE_REFUSED')
        assert.match(message, /where the token must not go/)
        assert.equal(asked.length, 1)
      }
      assert.equal(foreign.asked.length, 0)
    })

    it('gives up when it is sent round and round', async () => {
      const { transport, asked } = await start([
        (response, one, base) => plain(302, { location: base })(response, one, base),
      ])
      assert.equal((await failure(ask(read, transport))).code, 'EXCHANGE_REFUSED')
      assert.ok(asked.length < 10)
    })
  })

  describe('when Exchange is busy', () => {
    it('waits as long as it says, even for parts of a second', async () => {
      const { transport } = await start([plain(429, { 'retry-after': '12.25' }), json({ value: [{ n: 1 }] })])
      assert.deepEqual(await ask(read, transport), [{ n: 1 }])
      assert.equal(waits.length, 1)
      assert.ok((waits[0] ?? 0) >= 12_250)
    })

    it('says at once that a write was not run, and why', async () => {
      const { transport, asked } = await start([plain(429, { 'retry-after': '1' })])
      const { code, refusal } = await failure(ask(write, transport))
      assert.deepEqual([code, refusal?.kind, asked.length], ['EXCHANGE_REFUSED', 'throttled', 1])
    })

    it('stops waiting when the signal aborts or it is closed', async () => {
      const forAbort = await start([plain(429, { 'retry-after': '600' })], { wait: undefined })
      const cancel = new AbortController()
      const cancelled = failure(drain(forAbort.transport.invoke(read, cancel.signal)))
      while (forAbort.asked.length === 0) await new Promise(setImmediate)
      setImmediate(() => cancel.abort())
      assert.equal((await cancelled).code, 'EXCHANGE_UNREACHABLE')
      const forClose = await start([plain(429, { 'retry-after': '600' })], { wait: undefined })
      const closed = failure(drain(forClose.transport.invoke(read, forever)))
      while (forClose.asked.length === 0) await new Promise(setImmediate)
      setImmediate(() => forClose.transport.close())
      assert.equal((await closed).code, 'EXCHANGE_UNREACHABLE')
    })
  })

  describe('when an answer cannot be read', () => {
    const nul: Reply = plain(
      403,
      { 'content-encoding': 'gzip', 'x-ms-diagnostics': '2000008;reason="The role is missing"' },
      Buffer.alloc(64),
    )
    const cut: Reply = (response) => {
      response.setHeader('content-length', '1000')
      response.write('{"value":[{"n":')
      setImmediate(() => response.destroy())
    }

    it('finds the reason of a refusal beside it', async () => {
      const { transport } = await start([nul])
      const { refusal, message } = await failure(ask(write, transport))
      assert.equal(refusal?.kind, 'permission')
      assert.match(message, /The role is missing/)
    })

    for (const [which, reply] of [
      ['cut short', cut],
      ['labelled gzip and is none', plain(200, { 'content-encoding': 'gzip' }, '{"value":[]}')],
      ['no JSON', plain(200, {}, '<html>')],
      ['a run of NUL bytes labelled gzip', plain(200, { 'content-encoding': 'gzip' }, Buffer.alloc(64))],
    ] as const)
      it(`repeats a read and never a write (${which})`, async () => {
        const reading = await start([reply, json({ value: [{ n: 1 }] })])
        assert.deepEqual(await ask(read, reading.transport), [{ n: 1 }])
        const writing = await start([reply, json({ value: [] })])
        assert.equal((await failure(ask(write, writing.transport))).code, 'EXCHANGE_OUTCOME_UNKNOWN')
        assert.equal(writing.asked.length, 1)
      })

    it('reads one that is really packed', async () => {
      const { transport } = await start([plain(200, { 'content-encoding': 'gzip' }, gzipSync('{"value":[{"n":1}]}'))])
      assert.deepEqual(await ask(read, transport), [{ n: 1 }])
    })

    it('does not wait for one longer than it may', async () => {
      const silent = await start([() => {}], { deadline: 20 })
      assert.equal((await failure(ask(read, silent.transport))).code, 'EXCHANGE_UNREACHABLE')
      assert.ok(silent.asked.length > 1, 'a read is tried again')
      const writing = await start([() => {}], { deadline: 20 })
      const { code, message } = await failure(ask(write, writing.transport))
      assert.equal(code, 'EXCHANGE_OUTCOME_UNKNOWN')
      assert.match(message, /no answer in time/)
      assert.equal(writing.asked.length, 1)
    })
  })

  it('sends nothing when it is given up while the token is on its way', async () => {
    const cancel = new AbortController()
    const tokens = async () => {
      cancel.abort()
      return 'late'
    }
    const { transport, asked } = await start([json({ value: [] })], { tokens })
    assert.equal((await failure(drain(transport.invoke(write, cancel.signal)))).code, 'EXCHANGE_UNREACHABLE')
    assert.equal(asked.length, 0)
  })

  describe('in a batch', () => {
    const small = (id: number): Cmdlet => ({
      name: 'Get-MobileDeviceStatistics',
      parameters: { Mailbox: `m${id}` },
      together: true,
    })
    /** Answers each item by its mailbox, the last one first. */
    const batch =
      (by: (mailbox: string, item: Asked['body']) => object | undefined): Reply =>
      (response, { body }, base) =>
        json({
          responses: body.requests
            .map((item: Asked['body']) => ({ id: item.id, ...by(item.body.CmdletInput.Parameters.Mailbox, item) }))
            .filter((one: object) => Object.keys(one).length > 1)
            .reverse(),
        })(response, { url: '', headers: {}, body }, base)

    it('go ten at a time, each as a request of its own, and come back in any order', async () => {
      const { transport, asked } = await start([
        batch((mailbox) => ({ status: 200, headers: null, body: { value: [{ mailbox }] } })),
      ])
      const rows = await Promise.all(Array.from({ length: 23 }, (_, id) => ask(small(id), transport)))
      assert.deepEqual(
        rows.map(([row]) => row?.mailbox),
        Array.from({ length: 23 }, (_, id) => `m${id}`),
      )
      assert.deepEqual(
        asked.map(({ body }) => body.requests.length),
        [10, 10, 3],
      )
      const [one] = asked
      const item = one?.body.requests[0]
      assert.equal(one?.url, `/adminapi/beta/${tenant}/$batch`)
      assert.equal(item.method, 'POST')
      assert.match(item.url, new RegExp(`^http://127\\.0\\.0\\.1:\\d+/adminapi/beta/${tenant}/InvokeCommand$`))
      assert.equal(item.headers['content-type'], 'application/json')
      assert.match(item.headers['x-anchormailbox'], /^APP:SystemMailbox/)
      for (const headers of [one?.headers, item.headers]) {
        assert.equal(headers.accept, 'application/json')
        assert.match(headers.prefer, /odata\.continue-on-error/)
      }
    })

    it('fail and turn pages each by itself', async () => {
      const missing = { error: { message: 'x', details: [{ message: '|ManagementObjectNotFoundException|gone' }] } }
      const next = `https://outlook.office365.com/adminapi/beta/${tenant}/InvokeCommand?%24skiptoken=2`
      const { transport } = await start([
        batch((mailbox, item) => {
          if (mailbox === 'm0') return { status: 404, headers: {}, body: missing }
          if (mailbox === 'm1') return { status: 403, headers: { 'X-Ms-Diagnostics': 'reason="no role"' } }
          if (mailbox === 'm2' && !item.url.includes('skiptoken'))
            return { status: 200, body: { value: [{ n: 1 }], '@odata.nextLink': next } }
          return { status: 200, body: { value: [{ n: 2 }] } }
        }),
      ])
      const [gone, forbidden, paged, fine] = await Promise.allSettled(
        [0, 1, 2, 3].map((id) => ask(small(id), transport)),
      )
      assert.match(String(gone?.status === 'rejected' && gone.reason), /gone/)
      assert.match(String(forbidden?.status === 'rejected' && forbidden.reason), /no role/)
      assert.deepEqual(paged, { status: 'fulfilled', value: [{ n: 1 }, { n: 2 }] })
      assert.deepEqual(fine, { status: 'fulfilled', value: [{ n: 2 }] })
    })

    it('are asked again when they were left out or throttled', async () => {
      let first = true
      const { transport } = await start([
        batch((mailbox) => {
          const early = first
          if (mailbox === 'm1') first = false
          if (early && mailbox === 'm0') return undefined
          if (early && mailbox === 'm1') return { status: '429', headers: { 'Retry-After': '3' }, body: null }
          return { status: 200, body: { value: [{ mailbox }] } }
        }),
      ])
      const rows = await Promise.all([ask(small(0), transport), ask(small(1), transport)])
      assert.deepEqual(rows, [[{ mailbox: 'm0' }], [{ mailbox: 'm1' }]])
      assert.ok(waits.some((milliseconds) => milliseconds >= 3000))
    })

    it('go one by one where the door knows no batch, and then at once', async () => {
      for (const status of [400, 404, 405, 501]) {
        const { transport, asked } = await start([plain(status), json({ value: [{ n: 1 }] })])
        const rows = await Promise.all([0, 1].map((id) => ask(small(id), transport)))
        assert.deepEqual([...rows, await ask(small(2), transport)], [[{ n: 1 }], [{ n: 1 }], [{ n: 1 }]])
        assert.deepEqual(
          asked.map(({ url }) => url.replace(/.*\//, '')),
          ['$batch', 'InvokeCommand', 'InvokeCommand', 'InvokeCommand'],
        )
      }
    })

    it('share the fate of a batch that fails as a whole', async () => {
      const { transport } = await start([plain(403, { 'x-ms-diagnostics': 'reason="no role"' })])
      const all = await Promise.all([0, 1].map((id) => failure(ask(small(id), transport))))
      assert.deepEqual(
        all.map(({ refusal }) => refusal?.kind),
        ['permission', 'permission'],
      )
    })

    it('can be given up one by one', async () => {
      const cancel = new AbortController()
      const { transport } = await start([
        (response, asked, base) => {
          cancel.abort()
          setImmediate(() =>
            batch((mailbox) => ({ status: 200, body: { value: [{ mailbox }] } }))(response, asked, base),
          )
        },
      ])
      const [given, kept] = await Promise.all([
        failure(drain(transport.invoke(small(0), cancel.signal))),
        ask(small(1), transport),
      ])
      assert.equal(given.code, 'EXCHANGE_UNREACHABLE')
      assert.deepEqual(kept, [{ mailbox: 'm1' }])
    })
  })
})
