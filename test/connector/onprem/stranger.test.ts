import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { createOnPremisesTransport } from '../../../src/connector/onprem/onpremises.ts'
import { failure, rowsOf } from '../contract.ts'

const shell = 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell'

/** What is said in one answer to a Receive of a command: bytes, stream by stream, and whether the command is done. */
interface Turn {
  readonly streams?: readonly Buffer[]
  readonly state?: 'Running' | 'Done'
  readonly instead?: 'cut' | 'TimedOut' | 'InternalError'
}

/** Messages of one pipeline, by type. */
const types = { output: 0x41004, error: 0x41005, state: 0x41006, warning: 0x41009 } as const
type Said = readonly [type: keyof typeof types, data: string]

const capability =
  '<Obj RefId="0"><MS><Version N="SerializationVersion">1.1.0.1</Version><Version N="PSVersion">2.0</Version><Version N="protocolversion">2.3</Version></MS></Obj>'
const opened = '<Obj RefId="0"><MS><I32 N="RunspaceState">2</I32></MS></Obj>'
const state = (number: number, more = '') =>
  `<Obj RefId="0"><MS><I32 N="PipelineState">${number}</I32>${more}</MS></Obj>`
const completed: Said = ['state', state(4)]
const device = (id: string) =>
  `<Obj RefId="0"><TN RefId="0"><T>Deserialized.MobileDevice</T></TN><Props><S N="DeviceId">${id}</S></Props></Obj>`

/** A server that nobody here has a hand in: it writes its bytes itself, with shapes of its own choice. */
function createWriter() {
  let objects = 0
  let pool = Buffer.alloc(16)
  let pipeline = Buffer.alloc(16)

  const message = (type: number, of: Buffer, data: string, size: number) => {
    const header = Buffer.alloc(8)
    header.writeUInt32LE(1, 0)
    header.writeUInt32LE(type, 4)
    const whole = Buffer.concat([header, pool, of, Buffer.from('\uFEFF'), Buffer.from(data)])
    objects += 1
    const fragments: Buffer[] = []
    for (let at = 0; at < whole.length; at += size) {
      const blob = whole.subarray(at, at + size)
      const head = Buffer.alloc(21)
      head.writeBigUInt64BE(BigInt(objects), 0)
      head.writeBigUInt64BE(BigInt(at / size), 8)
      head.writeUInt8((at === 0 ? 1 : 0) + (at + size >= whole.length ? 2 : 0), 16)
      head.writeUInt32BE(blob.length, 17)
      fragments.push(head, blob)
    }
    return Buffer.concat(fragments)
  }

  return {
    /** The ids stand in what the client sends, and are taken as bytes. */
    hear(base64: string) {
      const bytes = Buffer.from(base64, 'base64')
      pool = bytes.subarray(29, 45)
      pipeline = bytes.subarray(45, 61)
    },
    ofPool: (type: number, data: string) => message(type, Buffer.alloc(16), data, 1000),
    say: (said: readonly Said[], size = 1000) =>
      Buffer.concat(said.map(([type, data]) => message(types[type], pipeline, data, size))),
  }
}

type Writer = ReturnType<typeof createWriter>

interface Manners {
  /** How a body becomes an envelope. */
  readonly envelope?: (body: string, messageId: string) => string
  readonly commandResponse?: string
  readonly encode?: (xml: string) => { readonly bytes: Buffer | string; readonly headers: Record<string, string> }
}

const plainEnvelope = (body: string, messageId: string) =>
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="${shell}"><s:Header><a:RelatesTo>${messageId}</a:RelatesTo></s:Header><s:Body>${body}</s:Body></s:Envelope>`

const subcodeFault = (subcode: string) =>
  `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:${subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>${subcode}</s:Text></s:Reason></s:Fault>`

async function startStranger(turns: (writer: Writer) => readonly Turn[], manners: Manners = {}) {
  const { envelope = plainEnvelope, encode } = manners
  const writer = createWriter()
  const operations: string[] = []
  let said: Turn[] = []

  const turn = ({ streams = [], state: how }: Turn) =>
    `<rsp:ReceiveResponse>${how ? `<rsp:CommandState CommandId="C1" State="${shell}/CommandState/${how}"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>` : ''}` +
    `${streams.map((bytes) => `<rsp:Stream Name="stdout">\r\n  ${bytes.toString('base64').replace(/(.{76})/g, '$1\r\n')}\r\n</rsp:Stream>`).join(' ')}</rsp:ReceiveResponse>`

  /** The body that answers, or nothing where the connection breaks. */
  function answer(operation: string, request: string): string | undefined {
    if (operation === 'Create') {
      writer.hear(/creationXml[^>]*>([^<]+)/.exec(request)?.[1] ?? '')
      return `<rsp:Shell><rsp:IdleTimeOut>PT900.000S</rsp:IdleTimeOut><rsp:ShellId>S1</rsp:ShellId></rsp:Shell>`
    }
    if (operation === 'Command') {
      writer.hear(/Arguments>([^<]+)/.exec(request)?.[1] ?? '')
      said = [...turns(writer)]
      return manners.commandResponse ?? '<rsp:CommandResponse><rsp:CommandId>C1</rsp:CommandId></rsp:CommandResponse>'
    }
    if (operation === 'Receive') {
      if (!/DesiredStream CommandId/.test(request))
        return turn({ streams: [writer.ofPool(0x10002, capability), writer.ofPool(0x21005, opened)] })
      const next = said.shift() ?? { instead: 'TimedOut' }
      if (next.instead === 'cut') return undefined
      return next.instead ? subcodeFault(next.instead) : turn(next)
    }
    return `<rsp:${operation}Response/>`
  }

  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    const operation = /<a:Action[^>]*>[^<]*\/(\w+)</.exec(text)?.[1] ?? ''
    operations.push(operation)
    const body = answer(operation, text)
    if (body === undefined) {
      response.destroy()
      return
    }
    const xml = envelope(body, /MessageID>([^<]+)/.exec(text)?.[1] ?? '')
    const { bytes, headers } = encode?.(xml) ?? { bytes: xml, headers: {} }
    response.writeHead(body.includes('Fault>') ? 500 : 200, headers)
    response.end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = server.address()
  const transport = createOnPremisesTransport({
    address: `http://127.0.0.1:${typeof at === 'object' ? at?.port : ''}/PowerShell/`,
    credential: { user: 'CONTOSO\\desk', password: 'secret' },
    wait: async () => {},
  })
  return {
    transport,
    operations,
    close: async () => {
      await transport.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

describe('connector/onprem with a server that it does not know', () => {
  let cleanUp: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const clean of cleanUp) await clean()
    cleanUp = []
  })

  async function start(...about: Parameters<typeof startStranger>) {
    const server = await startStranger(...about)
    cleanUp.push(server.close)
    return server
  }

  const all: readonly Said[] = [['output', device('A')], ['output', device('B')], completed]
  const inOne = (writer: Writer): Turn[] => [{ streams: [writer.say(all)], state: 'Done' }]
  const read = async ({ transport }: Awaited<ReturnType<typeof start>>) =>
    (await rowsOf(transport, 'Get-MobileDevice', { ResultSize: 'Unlimited' })).map(({ DeviceId }) => DeviceId)
  const write = ({ transport }: Awaited<ReturnType<typeof start>>) =>
    rowsOf(transport, 'Set-CASMailbox', { Identity: 'ann' })

  it('reads rows from bytes that are cut anywhere, in any number of streams and answers', async () => {
    const ways: readonly ((writer: Writer) => Turn[])[] = [
      inOne,
      (writer) => [{ streams: all.map((one) => writer.say([one])), state: 'Done' }],
      (writer) => {
        const bytes = writer.say(all, 50)
        const cuts = [0, 3, 25, 200, bytes.length - 2, bytes.length]
        return [
          {},
          ...cuts
            .slice(1)
            .map((end, index) => ({ streams: [bytes.subarray(cuts[index], end)], state: 'Running' }) as const),
          { state: 'Done' },
        ]
      },
      (writer) => [{ instead: 'TimedOut' }, { streams: [writer.say(all), Buffer.alloc(0)] }, { instead: 'TimedOut' }],
      (writer) => [{ streams: [writer.say(all)] }, { instead: 'InternalError' }],
    ]
    for (const way of ways) assert.deepEqual(await read(await start(way)), ['A', 'B'])
  })

  it('reads objects that are larger than an envelope', async () => {
    const long = 'x'.repeat(1_500_000)
    const server = await start((writer) => {
      const bytes = writer.say([['output', device(long)], completed], 32_747)
      return [
        { streams: [bytes.subarray(0, 500_000)], state: 'Running' },
        { streams: [bytes.subarray(500_000, 1_000_000)] },
        { streams: [bytes.subarray(1_000_000)], state: 'Done' },
      ]
    })
    assert.deepEqual(await read(server), [long])
  })

  it('reads envelopes in other clothes', async () => {
    const other = (body: string, messageId: string) =>
      `\uFEFF<?xml version="1.0" encoding="utf-8"?>\r\n<!-- hello -->\r\n<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope">\r\n <Header>\r\n  <x:RelatesTo xmlns:x="http://schemas.xmlsoap.org/ws/2004/08/addressing">\r\n${messageId.toLowerCase()}\r\n</x:RelatesTo>\r\n </Header>\r\n <Body>${body.replaceAll('rsp:', 'n0:').replace(/<n0:\w+/, `$& xmlns:n0="${shell}"`)}</Body>\r\n</Envelope>\r\n`
    const silent = (body: string, messageId: string) =>
      plainEnvelope(body, messageId).replace(/<a:RelatesTo.*?RelatesTo>/, '')
    for (const envelope of [other, silent]) assert.deepEqual(await read(await start(inOne, { envelope })), ['A', 'B'])
  })

  it('reads bodies that are packed, in pieces, or end with the connection', async () => {
    const packed = (encoding: string) => (xml: string) => ({
      bytes: gzipSync(xml),
      headers: { 'Content-Encoding': encoding },
    })
    const closing = (xml: string) => ({ bytes: xml, headers: { Connection: 'close' } })
    for (const encode of [packed('gzip'), packed('GZIP'), packed('x-gzip'), closing])
      assert.deepEqual(await read(await start(inOne, { encode })), ['A', 'B'])
  })

  it('goes on under its own id of a command, where the server names none', async () => {
    const server = await start(inOne, { commandResponse: '<rsp:CommandResponse/>' })
    assert.deepEqual(await read(server), ['A', 'B'])
    assert.deepEqual(await read(server), ['A', 'B'])
    assert.equal(server.operations.filter((operation) => operation === 'Create').length, 1)
  })

  it('believes the end that a write has told, although nothing more can be heard', async () => {
    const server = await start((writer) => [
      { streams: [writer.say([completed])] },
      ...Array.from({ length: 9 }, () => ({ instead: 'cut' }) as const),
    ])
    assert.deepEqual(await write(server), [])
  })

  it('does not believe an end without a state', async () => {
    const server = await start((writer) => [{ streams: [writer.say([['output', device('A')]])], state: 'Done' }])
    assert.equal((await failure(write(server))).code, 'EXCHANGE_OUTCOME_UNKNOWN')
  })

  it('tells why a write failed, wherever the reason stands', async () => {
    const record = (name: string) =>
      `<Obj ${name} RefId="1"><MS><S N="ErrorCategory_Reason">ManagementObjectNotFoundException</S><Obj N="Exception" RefId="2"><TN RefId="0"><T>System.Management.Automation.RemoteException</T></TN><Props><S N="Message">[Server=EX1] ann is not there</S></Props></Obj><S N="FullyQualifiedErrorId">1082ECE3,Microsoft.Exchange.Management.SetCASMailbox</S></MS></Obj>`
    for (const said of [
      [['error', record('')], completed],
      [
        ['error', record('')],
        ['state', state(5)],
      ],
      [
        ['error', record('')],
        ['state', state(5, '<Nil N="ExceptionAsErrorRecord" />')],
      ],
      [['state', state(5, record('N="ExceptionAsErrorRecord"'))]],
    ] as const) {
      const server = await start((writer) => [{ streams: [writer.say(said)], state: 'Done' }])
      const { code, refusal } = await failure(write(server))
      assert.deepEqual([code, refusal?.kind, refusal?.message], ['EXCHANGE_REFUSED', 'notFound', 'ann is not there'])
    }
  })
})
