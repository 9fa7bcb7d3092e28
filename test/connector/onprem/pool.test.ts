import assert from 'node:assert/strict'
import {
  type Clixml,
  type ClixmlObject,
  enumeration,
  int32,
  object,
  property,
  textOf,
  version,
} from '../../../src/connector/onprem/clixml.ts'
import { readClixml } from '../../../src/connector/onprem/clixml-reader.ts'
import { writeClixml } from '../../../src/connector/onprem/clixml-writer.ts'
import { createDefragmenter, createFragmenter } from '../../../src/connector/onprem/fragments.ts'
import { decodeMessage, encodeMessage, type MessageType } from '../../../src/connector/onprem/messages.ts'
import { createPool, type Pool } from '../../../src/connector/onprem/pool.ts'
import { ProtocolError } from '../../../src/connector/onprem/xml.ts'
import type { Value } from '../../../src/connector/transport.ts'

const id = '00112233-4455-6677-8899-aabbccddeeff'
const pipeline = '01234567-89AB-CDEF-0123-456789ABCDEF'
const limits = { messageBytes: 100_000, pipelineBytes: 10_000, pipelineObjects: 5 }
const get = { name: 'Get-MobileDevice', parameters: {} }

/** A server in as many lines as a pool needs one for. */
function createServer() {
  const fragment = createFragmenter()
  const say = (type: MessageType, body: Clixml | '', about: { pipeline?: string } = {}) =>
    Buffer.concat(
      fragment(encodeMessage(type, 'client', { pool: id, ...about }, body === '' ? '' : writeClixml(body)), 50),
    )
  return {
    say,
    capability: (text = '2.3') => say('SESSION_CAPABILITY', object({ protocolversion: version(text) })),
    poolState: (state: number, more = {}) =>
      say('RUNSPACEPOOL_STATE', object({ RunspaceState: int32(state), ...more })),
    state: (state: number, of = pipeline, more = {}) =>
      say('PIPELINE_STATE', object({ PipelineState: int32(state), ...more }), { pipeline: of }),
    output: (body: Clixml | '', of = pipeline) => say('PIPELINE_OUTPUT', body, { pipeline: of }),
  }
}

const messagesOf = (bytes: Buffer) => createDefragmenter(100_000).push(bytes).map(decodeMessage)

function opened(protocol = '2.3') {
  const server = createServer()
  const pool = createPool(id, limits)
  pool.open()
  pool.receive(server.capability(protocol))
  pool.receive(server.poolState(2))
  return { server, pool }
}

const bodyOf = (pool: Pool, parameters: Record<string, Value>) => {
  const [message] = messagesOf(Buffer.concat(pool.start(pipeline, { name: 'Set-CASMailbox', parameters }, 400)))
  return readClixml(message?.data ?? '')
}

const itemsOf = (value: Clixml | undefined) => (value as ClixmlObject).items ?? []

const commandOf = (body: Clixml) => {
  return itemsOf(property(property(body, 'PowerShell'), 'Cmds'))[0]
}

const argumentsOf = (body: Clixml) => itemsOf(property(commandOf(body), 'Args'))

describe('connector/onprem/pool', () => {
  it('opens with its version and one runspace, to nobody who could be asked', () => {
    const [capability, init] = messagesOf(createPool(id, limits).open())
    assert.deepEqual([capability?.type, init?.type, capability?.pool], ['SESSION_CAPABILITY', 'INIT_RUNSPACEPOOL', id])
    assert.equal(textOf(property(readClixml(capability?.data ?? ''), 'protocolversion')), '2.3')
    const body = readClixml(init?.data ?? '')
    assert.equal(textOf(property(body, 'MaxRunspaces')), '1')
    assert.equal(property(property(body, 'HostInfo'), '_isHostNull'), true)
    assert.equal(property(body, 'ApplicationArguments'), null)
  })

  it('is opened once the server has named its version and said so, however the bytes are cut', () => {
    const server = createServer()
    const pool = createPool(id, limits)
    const bytes = Buffer.concat([
      server.capability('2.2'),
      server.say('APPLICATION_PRIVATE_DATA', object({ ApplicationPrivateData: null })),
      server.poolState(2),
    ])
    const events = [...bytes].flatMap((byte) => pool.receive(Uint8Array.of(byte)))
    assert.deepEqual(events, [{ kind: 'opened' }])
    assert.equal(pool.minor(), 2)
  })

  it('is not opened by a state before the version, and refuses another major version', () => {
    const server = createServer()
    assert.deepEqual(createPool(id, limits).receive(server.poolState(2)), [])
    assert.throws(() => createPool(id, limits).receive(createServer().capability('3.0')), ProtocolError)
    assert.throws(() => createPool(id, limits).receive(createServer().capability('new')), ProtocolError)
  })

  it('says that it is gone when the server closes or breaks it, and runs nothing any more', () => {
    for (const state of [3, 5]) {
      const { server, pool } = opened()
      const [event] = pool.receive(server.poolState(state, { ExceptionAsErrorRecord: object({}, { text: 'why' }) }))
      assert.equal(event?.kind, 'gone')
      assert.equal(event?.kind === 'gone' && textOf(event.error), 'why')
      assert.throws(() => pool.start(pipeline, get, 400), ProtocolError)
    }
  })

  it('sends a cmdlet as a command with typed parameters, never as a script', () => {
    const { pool } = opened()
    const body = bodyOf(pool, {
      Identity: 'Hx§Outlook§1',
      Confirm: false,
      ResultSize: 1000,
      Big: 5_000_000_000,
      Policy: null,
      List: ['a', 'b'],
      Ids: { add: ['a'], remove: ['b'] },
      OnlyAdd: { add: ['a'] },
    })
    assert.equal(property(commandOf(body), 'Cmd'), 'Set-CASMailbox')
    assert.equal(property(commandOf(body), 'IsScript'), false)
    assert.equal(property(body, 'NoInput'), true)
    const values = Object.fromEntries(argumentsOf(body).map((one) => [property(one, 'N'), property(one, 'V')]))
    assert.deepEqual(
      [values.Identity, values.Confirm, values.ResultSize, values.Big, values.Policy],
      ['Hx§Outlook§1', false, int32(1000), { tag: 'I64', text: '5000000000' }, null],
    )
    assert.deepEqual(itemsOf(values.List), ['a', 'b'])
    const entries = (value: Clixml | undefined) => (value as ClixmlObject).entries ?? []
    assert.deepEqual(
      entries(values.Ids).map(([key, value]) => [key, itemsOf(value)]),
      [
        ['Add', ['a']],
        ['Remove', ['b']],
      ],
    )
    assert.deepEqual(
      entries(values.OnlyAdd).map(([key]) => key),
      ['Add'],
    )
  })

  it('leaves out the fields that an older server does not know', () => {
    const names = (protocol: string) => {
      const command = commandOf(bodyOf(opened(protocol).pool, {}))
      return ['UseLocalScope', 'MergeError', 'MergeInformation'].map((name) => property(command, name) !== undefined)
    }
    assert.deepEqual(names('2.3'), [true, true, true])
    assert.deepEqual(names('2.2'), [true, true, false])
    assert.deepEqual(names('2.1'), [true, false, false])
  })

  it('cuts a cmdlet into fragments of the size that is asked for', () => {
    const { pool } = opened()
    const fragments = pool.start(pipeline, get, 300)
    assert.ok(fragments.length > 3)
    assert.ok(fragments.every(({ length }) => length <= 300))
  })

  it('hands on output, errors and warnings in order, and passes over the other streams', () => {
    const { server, pool } = opened()
    pool.start(pipeline, get, 400)
    const about = { pipeline }
    const record = object({ InformationalRecord_Message: 'careful' }, { text: 'x' })
    const events = pool.receive(
      Buffer.concat([
        server.output('one'),
        server.say('PROGRESS_RECORD', object({ Activity: 'a' }), about),
        server.say('WARNING_RECORD', record, about),
        server.say('VERBOSE_RECORD', record, about),
        server.say('ERROR_RECORD', object({ FullyQualifiedErrorId: 'Bad' }), about),
        server.output(''),
        server.state(2),
        server.state(4),
      ]),
    )
    assert.deepEqual(
      events.map((event) => event.kind),
      ['output', 'warning', 'error', 'output', 'ended'],
    )
    assert.deepEqual(events[0], { kind: 'output', value: 'one' })
    assert.deepEqual(events[1], { kind: 'warning', text: 'careful' })
    assert.deepEqual(events[3], { kind: 'output', value: null })
    assert.deepEqual(events[4], { kind: 'ended', state: 'completed', error: undefined })
  })

  it('tells the three ends of a pipeline apart and runs the next one', () => {
    const { server, pool } = opened()
    for (const [number, state] of [
      [3, 'stopped'],
      [4, 'completed'],
      [5, 'failed'],
    ] as const) {
      pool.start(pipeline, get, 400)
      const [event] = pool.receive(
        server.state(number, pipeline, { ExceptionAsErrorRecord: object({}, { text: 'why' }) }),
      )
      assert.equal(event?.kind === 'ended' && event.state, state)
      assert.equal(event?.kind === 'ended' && textOf(event.error), 'why')
    }
  })

  it('does not take the end or the output of another pipeline for those of its own', () => {
    const { server, pool } = opened()
    pool.start(pipeline, get, 400)
    const other = '99999999-89AB-CDEF-0123-456789ABCDEF'
    assert.deepEqual(pool.receive(server.output('x', other)), [])
    assert.deepEqual(pool.receive(server.state(4, other)), [])
    assert.throws(() => pool.start(other, get, 400), ProtocolError)
  })

  it('ignores what comes after the end of a pipeline', () => {
    const { server, pool } = opened()
    pool.start(pipeline, get, 400)
    assert.equal(pool.receive(Buffer.concat([server.state(4), server.output('late')])).length, 1)
  })

  it('tells of a question of the host and passes over calls that want no answer', () => {
    const { server, pool } = opened()
    pool.start(pipeline, get, 400)
    const call = (ci: number) =>
      server.say(
        'PIPELINE_HOST_CALL',
        object({ ci: int32(ci), mi: enumeration('RemoteHostMethodId', 'PromptForChoice', 26) }),
        { pipeline },
      )
    assert.deepEqual(pool.receive(call(-100)), [])
    assert.deepEqual(pool.receive(call(0)), [{ kind: 'question', method: 'PromptForChoice' }])
  })

  it('gives up a pipeline that brings more objects or bytes than are taken in', () => {
    const many = opened()
    many.pool.start(pipeline, get, 400)
    const receive = () => many.pool.receive(many.server.output('x'))
    for (let count = 0; count < limits.pipelineObjects; count++) receive()
    assert.throws(receive, ProtocolError)
    const large = opened()
    large.pool.start(pipeline, get, 400)
    assert.throws(() => large.pool.receive(large.server.output('x'.repeat(limits.pipelineBytes))), ProtocolError)
  })
})
