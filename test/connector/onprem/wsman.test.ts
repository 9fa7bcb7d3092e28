import assert from 'node:assert/strict'
import fc from 'fast-check'
import * as wsman from '../../../src/connector/onprem/wsman.ts'
import { find, ProtocolError, readXml } from '../../../src/connector/onprem/xml.ts'

const { a, f, p, rsp, s, w } = wsman.namespaces
const messageId = '778bd9ef-3453-4870-950d-3305845271d5'
const addressing = {
  to: 'https://ex1.contoso.com/PowerShell/?a=1&b=2',
  messageId,
  sessionId: '8f0f2560-bf0d-4fb3-8652-50d4dacdc2d8',
  maxEnvelope: 153_600,
  operationSeconds: 60,
}

/** An answer whose prefixes are not ours. */
const answer = (body: string, relatesTo: string | null = `uuid:${messageId.toUpperCase()}`) =>
  `<?xml version="1.0"?><E:Envelope xmlns:E="${s}" xmlns:q="${a}" xmlns:r="${rsp}" xmlns:z="${w}" xmlns:y="${f}"><E:Header>` +
  `${relatesTo === null ? '' : `<q:RelatesTo>${relatesTo}</q:RelatesTo>`}</E:Header><E:Body>${body}</E:Body></E:Envelope>`

const read = (body: string) => wsman.readAnswer(answer(body), messageId)

const fault = (detail: string, subcode = 'z:InternalError') =>
  answer(
    `<E:Fault><E:Code><E:Value>E:Receiver</E:Value><E:Subcode><E:Value>${subcode}</E:Value></E:Subcode></E:Code>` +
      `<E:Reason><E:Text>reason</E:Text></E:Reason><E:Detail>${detail}</E:Detail></E:Fault>`,
  )

const faultOf = (xml: string) => {
  try {
    wsman.readAnswer(xml, messageId)
  } catch (error) {
    if (error instanceof wsman.WsmanFault) return [error.code, error.message]
    throw error
  }
  return 'no fault'
}

describe('connector/onprem/wsman', () => {
  it('writes every header that a server wants, escaped', () => {
    const xml = readXml(wsman.writeEnvelope(wsman.receive('C<1>'), { ...addressing, shellId: 'S"1' }))
    const text = (uri: string, name: string) => find(xml, uri, name)?.text
    assert.equal(text(a, 'To'), addressing.to)
    assert.equal(text(a, 'Action'), `${rsp}/Receive`)
    assert.equal(text(a, 'MessageID'), `uuid:${messageId.toUpperCase()}`)
    assert.equal(text(w, 'ResourceURI'), 'http://schemas.microsoft.com/powershell/Microsoft.Exchange')
    assert.equal(text(w, 'MaxEnvelopeSize'), '153600')
    assert.equal(text(w, 'OperationTimeout'), 'PT60S')
    assert.equal(text(p, 'SessionId'), `uuid:${addressing.sessionId.toUpperCase()}`)
    assert.equal(text(w, 'Selector'), 'S"1')
    assert.equal(find(xml, w, 'Option')?.attributes.get('Name'), 'WSMAN_CMDSHELL_OPTION_KEEPALIVE')
    assert.equal(find(xml, rsp, 'DesiredStream')?.attributes.get('CommandId'), 'C<1>')
    for (const [uri, name] of [
      [a, 'Action'],
      [w, 'ResourceURI'],
      [w, 'OptionSet'],
    ] as const)
      assert.equal(find(xml, uri, name)?.attributes.get('mustUnderstand'), 'true', name)
  })

  it('asks for a shell with its id, its version and the opening of the pool', () => {
    const xml = readXml(wsman.writeEnvelope(wsman.create('abcd', 'PT900S', Buffer.from('hello')), addressing))
    assert.equal(find(xml, w, 'SelectorSet'), undefined)
    assert.equal(find(xml, rsp, 'Shell')?.attributes.get('ShellId'), 'ABCD')
    assert.equal(find(xml, w, 'Option')?.attributes.get('MustComply'), 'true')
    assert.equal(find(xml, 'http://schemas.microsoft.com/powershell', 'creationXml')?.text, 'aGVsbG8=')
  })

  it('leaves the name of a command empty and misspells the signal as Windows does', () => {
    const xml = readXml(wsman.writeEnvelope(wsman.command('c1', Buffer.from('x')), addressing))
    assert.equal(find(xml, rsp, 'Command')?.text, '')
    assert.equal(find(xml, rsp, 'Arguments')?.text, 'eA==')
    assert.match(wsman.signal('c1', 'stop').body, /<rsp:Code>powershell\/signal\/crtl_c</)
    assert.match(wsman.signal('c1', 'terminate').body, /windows\/shell\/signal\/Terminate</)
    assert.match(wsman.send('c1', Buffer.from('x')).body, /<rsp:Stream Name="stdin" CommandId="c1">eA==</)
  })

  it('reads the shell and the seconds that it may be idle', () => {
    const shell = '<z:SelectorSet><z:Selector Name="ShellId">S1</z:Selector></z:SelectorSet>'
    const idle = (text: string) =>
      read(`${shell}<r:Shell><r:ShellId>S2</r:ShellId><r:IdleTimeOut>${text}</r:IdleTimeOut></r:Shell>`)
    assert.deepEqual(wsman.readCreated(idle('PT7200.000S'), 'x'), { shellId: 'S1', idleSeconds: 7200 })
    assert.deepEqual(wsman.readCreated(idle('P0DT0H15M0S'), 'x'), { shellId: 'S1', idleSeconds: 900 })
    assert.deepEqual(wsman.readCreated(idle('soon'), 'x'), { shellId: 'S1', idleSeconds: undefined })
    assert.equal(wsman.readCreated(read('<r:Shell><r:ShellId>S2</r:ShellId></r:Shell>'), 'x').shellId, 'S2')
    assert.equal(wsman.readCreated(read(''), 'x').shellId, 'X')
  })

  it('reads streams and whether the command is done', () => {
    const received = (state: string) =>
      wsman.readReceived(
        read(
          `<r:ReceiveResponse><r:Stream Name="stdout" CommandId="C">YWI=</r:Stream><r:Stream Name="stdout">Yw==</r:Stream>` +
            `<r:CommandState State="${rsp}/CommandState/${state}"/></r:ReceiveResponse>`,
        ),
      )
    assert.deepEqual(received('Running'), { chunks: [Buffer.from('ab'), Buffer.from('c')], done: false })
    assert.equal(received('Done').done, true)
    assert.deepEqual(wsman.readReceived(read('<r:ReceiveResponse/>')), { chunks: [], done: false })
    assert.throws(() => wsman.readReceived(read('')), ProtocolError)
  })

  it('reads the id that the server gave a command', () => {
    assert.equal(
      wsman.readCommandId(read('<r:CommandResponse><r:CommandId> C9 </r:CommandId></r:CommandResponse>'), 'c1'),
      'C9',
    )
    assert.equal(wsman.readCommandId(read('<r:CommandResponse/>'), 'c1'), 'C1')
    assert.throws(() => wsman.readCommandId(read('<r:SendResponse/>'), 'c1'), ProtocolError)
  })

  it('refuses the answer to another request, and what is no SOAP', () => {
    assert.throws(
      () => wsman.readAnswer(answer('', 'uuid:00000000-0000-0000-0000-000000000000'), messageId),
      ProtocolError,
    )
    assert.throws(() => wsman.readAnswer('<html><body>Service Unavailable</body></html>', messageId), ProtocolError)
    assert.throws(() => wsman.readAnswer('', messageId), ProtocolError)
    assert.throws(() => wsman.readAnswer(`<!DOCTYPE x []>${answer('')}`, messageId), ProtocolError)
  })

  it('reads the code and the innermost text of a fault', () => {
    assert.deepEqual(
      faultOf(fault('<y:WSManFault Code="5"><y:Message>Access is denied. </y:Message></y:WSManFault>')),
      ['5', 'Access is denied.'],
    )
    const nested =
      '<y:Message><y:ProviderFault><y:WSManFault Code="1"><y:Message>inner</y:Message></y:WSManFault></y:ProviderFault></y:Message>'
    assert.deepEqual(faultOf(fault(`<y:WSManFault Code="2150858843">${nested}</y:WSManFault>`)), [
      '2150858843',
      'inner',
    ])
    assert.deepEqual(faultOf(fault('')), [undefined, 'reason'])
    assert.deepEqual(faultOf(fault('', 'z:TimedOut')), [wsman.faults.timedOut, 'reason'])
    assert.deepEqual(faultOf(fault('', 'z:InvalidSelectors')), [wsman.faults.notFound, 'reason'])
    assert.deepEqual(faultOf(fault('', 'AccessDenied')), [wsman.faults.accessDenied, 'reason'])
  })

  it('answers any damaged envelope with an element or a named error', () => {
    const sample = answer('<r:ReceiveResponse><r:Stream Name="stdout">YWI=</r:Stream></r:ReceiveResponse>')
    const damaged = fc
      .array(fc.tuple(fc.nat(sample.length), fc.nat(9), fc.string()), { minLength: 1, maxLength: 3 })
      .map((all) => all.reduce((xml, [at, drop, insert]) => xml.slice(0, at) + insert + xml.slice(at + drop), sample))
    fc.assert(
      fc.property(damaged, (xml) => {
        try {
          wsman.readReceived(wsman.readAnswer(xml, messageId))
        } catch (error) {
          assert.ok(error instanceof ProtocolError || error instanceof wsman.WsmanFault, String(error))
        }
      }),
      { numRuns: 500 },
    )
  })
})
