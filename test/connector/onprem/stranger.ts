import { createServer } from 'node:http'

const shell = 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell'

/** What is said in one answer to a Receive of a command: bytes, stream by stream, and whether the command is done. */
export interface Turn {
  readonly streams?: readonly Buffer[]
  readonly state?: 'Running' | 'Done'
  readonly instead?: 'cut' | 'TimedOut' | 'InternalError'
}

/** Messages of one pipeline, by type. */
const types = { output: 0x41004, error: 0x41005, state: 0x41006, warning: 0x41009 } as const
export type Said = readonly [type: keyof typeof types, data: string]

const capability =
  '<Obj RefId="0"><MS><Version N="SerializationVersion">1.1.0.1</Version><Version N="PSVersion">2.0</Version><Version N="protocolversion">2.3</Version></MS></Obj>'
const opened = '<Obj RefId="0"><MS><I32 N="RunspaceState">2</I32></MS></Obj>'
export const state = (number: number, more = '') =>
  `<Obj RefId="0"><MS><I32 N="PipelineState">${number}</I32>${more}</MS></Obj>`
export const completed: Said = ['state', state(4)]

/** One object with these properties, elements as they stand. */
export const object = (properties: string) =>
  `<Obj RefId="0"><TN RefId="0"><T>Deserialized.Something</T></TN><Props>${properties}</Props></Obj>`

/** An error record with this reason and this text. */
export const record = (reason: string, text: string, name = '') =>
  `<Obj ${name} RefId="1"><MS><S N="ErrorCategory_Reason">${reason}</S><Obj N="Exception" RefId="2"><TN RefId="0"><T>System.Management.Automation.RemoteException</T></TN><Props><S N="Message">${text}</S></Props></Obj><S N="FullyQualifiedErrorId">1082ECE3,Microsoft.Exchange.Management.Something</S></MS></Obj>`

/** The bytes of one shell. */
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

export type Writer = ReturnType<typeof createWriter>

export interface Manners {
  /** How a body becomes an envelope. */
  readonly envelope?: (body: string, messageId: string) => string
  readonly commandResponse?: string
  /** Whether a shell ever opens. */
  readonly opens?: boolean
  readonly encode?: (xml: string) => { readonly bytes: Buffer | string; readonly headers: Record<string, string> }
}

export const plainEnvelope = (body: string, messageId: string) =>
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="${shell}"><s:Header><a:RelatesTo>${messageId}</a:RelatesTo></s:Header><s:Body>${body}</s:Body></s:Envelope>`

const subcodeFault = (subcode: string) =>
  `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:${subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>${subcode}</s:Text></s:Reason></s:Fault>`

/**
 * A server that the product has no hand in: it writes its bytes itself, with shapes of its own choice. `turns` answers a
 * pipeline, which is given as it was sent.
 */
export async function startStranger(
  turns: (writer: Writer, pipeline: string) => readonly Turn[],
  manners: Manners = {},
) {
  const { envelope = plainEnvelope, encode } = manners
  const shells: { readonly writer: Writer; said: Turn[] }[] = []
  const operations: string[] = []

  const turn = ({ streams = [], state: how }: Turn) =>
    `<rsp:ReceiveResponse>${how ? `<rsp:CommandState CommandId="C1" State="${shell}/CommandState/${how}"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>` : ''}` +
    `${streams.map((bytes) => `<rsp:Stream Name="stdout">\r\n  ${bytes.toString('base64').replace(/(.{76})/g, '$1\r\n')}\r\n</rsp:Stream>`).join(' ')}</rsp:ReceiveResponse>`

  /** The body that answers, or nothing where the connection breaks. */
  function answer(operation: string, request: string): string | undefined {
    if (operation === 'Create') {
      const writer = createWriter()
      writer.hear(/creationXml[^>]*>([^<]+)/.exec(request)?.[1] ?? '')
      const id = shells.push({ writer, said: [] }) - 1
      return `<rsp:Shell><rsp:IdleTimeOut>PT900.000S</rsp:IdleTimeOut><rsp:ShellId>${id}</rsp:ShellId></rsp:Shell>`
    }
    const one = shells[Number(/Name="ShellId">([^<]+)/.exec(request)?.[1])]
    if (!one) return subcodeFault('InvalidSelectors')
    const { writer } = one
    if (operation === 'Command') {
      const fragment = /Arguments>([^<]+)/.exec(request)?.[1] ?? ''
      writer.hear(fragment)
      one.said = [...turns(writer, Buffer.from(fragment, 'base64').toString('utf8'))]
      return manners.commandResponse ?? '<rsp:CommandResponse><rsp:CommandId>C1</rsp:CommandId></rsp:CommandResponse>'
    }
    if (operation === 'Receive') {
      if (manners.opens === false) return subcodeFault('TimedOut')
      if (!/DesiredStream CommandId/.test(request))
        return turn({ streams: [writer.ofPool(0x10002, capability), writer.ofPool(0x21005, opened)] })
      const next = one.said.shift() ?? { instead: 'TimedOut' }
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
  return {
    address: `http://127.0.0.1:${typeof at === 'object' ? at?.port : ''}/PowerShell/`,
    operations,
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
