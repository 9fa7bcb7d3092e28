import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { createOnPremisesTransport } from '../../../src/connector/onprem/onpremises.ts'
import { failure, rowsOf } from '../contract.ts'
import {
  completed,
  type Manners,
  object,
  plainEnvelope,
  record,
  type Said,
  startStranger,
  state,
  type Turn,
  type Writer,
} from './stranger.ts'

const device = (id: string) => object(`<S N="DeviceId">${id}</S>`)

describe('connector/onprem with a server that it does not know', () => {
  let cleanUp: (() => Promise<void>)[] = []
  let waits: number[] = []

  afterEach(async () => {
    for (const clean of cleanUp) await clean()
    cleanUp = []
    waits = []
  })

  async function start(turns: Parameters<typeof startStranger>[0], manners: Manners = {}, openingMs = 60_000) {
    const server = await startStranger(turns, manners)
    const transport = createOnPremisesTransport({
      address: server.address,
      credential: { user: 'CONTOSO\\desk', password: 'secret' },
      wait: async (milliseconds) => void waits.push(milliseconds),
      openingMs,
    })
    cleanUp.push(() => transport.close(), server.close)
    return { ...server, transport }
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

  it('does not ask without a pause a server that has nothing to say', async () => {
    const server = await start((writer) => [{}, { state: 'Running' }, {}, ...inOne(writer)])
    assert.deepEqual(await read(server), ['A', 'B'])
    assert.equal(waits.length, 3)
    assert.ok(waits.every((milliseconds) => milliseconds > 0))
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
      `\uFEFF<?xml version="1.0" encoding="utf-8"?>\r\n<!-- hello -->\r\n<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope">\r\n <Header>\r\n  <x:RelatesTo xmlns:x="http://schemas.xmlsoap.org/ws/2004/08/addressing">\r\n${messageId.toLowerCase()}\r\n</x:RelatesTo>\r\n </Header>\r\n <Body>${body.replaceAll('rsp:', 'n0:').replace(/<n0:\w+/, `$& xmlns:n0="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"`)}</Body>\r\n</Envelope>\r\n`
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

  it('gives up a session that never opens, and leaves none behind', async () => {
    const server = await start(inOne, { opens: false }, 300)
    assert.equal((await failure(read(server))).code, 'EXCHANGE_UNREACHABLE')
    const count = (operation: string) => server.operations.filter((one) => one === operation).length
    assert.equal(count('Delete'), count('Create'))
    assert.equal(count('Command'), 0)
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
    const why = (name = '') => record('ManagementObjectNotFoundException', '[Server=EX1] ann is not there', name)
    for (const said of [
      [['error', why()], completed],
      [
        ['error', why()],
        ['state', state(5)],
      ],
      [
        ['error', why()],
        ['state', state(5, '<Nil N="ExceptionAsErrorRecord" />')],
      ],
      [['state', state(5, why('N="ExceptionAsErrorRecord"'))]],
    ] as const) {
      const server = await start((writer) => [{ streams: [writer.say(said)], state: 'Done' }])
      const { code, refusal } = await failure(write(server))
      assert.deepEqual([code, refusal?.kind, refusal?.message], ['EXCHANGE_REFUSED', 'notFound', 'ann is not there'])
    }
  })
})
