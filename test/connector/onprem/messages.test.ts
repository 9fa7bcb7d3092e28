import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createDefragmenter, createFragmenter } from '../../../src/connector/onprem/fragments.ts'
import {
  decodeMessage,
  encodeMessage,
  type MessageType,
  messageTypes,
  noPipeline,
} from '../../../src/connector/onprem/messages.ts'
import { ProtocolError } from '../../../src/connector/onprem/xml.ts'

const pool = '00112233-4455-6677-8899-aabbccddeeff'
const pipeline = '01234567-89ab-cdef-0123-456789abcdef'
const limit = 1_000_000

const anyMessage = fc.record(
  {
    type: fc.constantFrom(...Object.keys(messageTypes)) as fc.Arbitrary<MessageType>,
    pool: fc.uuid(),
    pipeline: fc.uuid(),
    data: fc.string({ unit: 'grapheme' }),
  },
  { noNullPrototype: true },
)

/** Cuts bytes where the numbers say. */
function cut(bytes: Buffer, lengths: readonly number[]) {
  const pieces: Buffer[] = []
  let at = 0
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return [...pieces, bytes.subarray(at)]
}

describe('connector/onprem/messages', () => {
  it('writes numbers little-endian and GUIDs in the byte order of .NET', () => {
    const bytes = encodeMessage('SESSION_CAPABILITY', 'server', { pool }, '<S/>')
    assert.equal(
      bytes.toString('hex'),
      `0200000002000100${'33221100554477668899aabbccddeeff'}${'00'.repeat(16)}3c532f3e`,
    )
  })

  it('reads what it writes', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        assert.deepEqual(decodeMessage(encodeMessage(message.type, 'client', message, message.data)), message)
      }),
    )
  })

  it('drops the byte order mark that Windows writes before the data', () => {
    const bytes = encodeMessage('PIPELINE_OUTPUT', 'client', { pool, pipeline }, '\ufeff<S>x</S>')
    assert.equal(decodeMessage(bytes).data, '<S>x</S>')
  })

  it('keeps the number of a type that it does not know, and no pipeline as zeros', () => {
    const bytes = encodeMessage('USER_EVENT', 'client', { pool }, '')
    bytes.writeUInt32LE(0x00041234, 4)
    assert.deepEqual(decodeMessage(bytes), { type: '00041234', pool, pipeline: noPipeline, data: '' })
  })

  it('refuses what is too short or not UTF-8', () => {
    const bytes = encodeMessage('USER_EVENT', 'client', { pool }, 'x')
    bytes[40] = 0xff
    assert.throws(() => decodeMessage(bytes), ProtocolError)
    assert.throws(() => decodeMessage(bytes.subarray(0, 39)), ProtocolError)
  })
})

describe('connector/onprem/fragments', () => {
  it('writes a fragment as the protocol lays it out, and never the same object id again', () => {
    const fragment = createFragmenter()
    assert.equal(
      fragment(Buffer.from('a'), 100)[0]?.toString('hex'),
      '0000000000000001000000000000000003' + '0000000161',
    )
    assert.deepEqual(
      fragment(Buffer.from('abc'), 23).map((bytes) => bytes.toString('hex')),
      ['0000000000000002000000000000000001000000026162', '00000000000000020000000000000001020000000163'],
    )
  })

  it('joins fragments of 22 bytes that cut characters in the middle', () => {
    const message = encodeMessage('PIPELINE_OUTPUT', 'client', { pool, pipeline }, '<S>é§😀</S>')
    const fragments = createFragmenter()(message, 22)
    assert.equal(fragments.length, message.length)
    const defragmenter = createDefragmenter(limit)
    const messages = fragments.flatMap((bytes) => defragmenter.push(bytes))
    assert.deepEqual(
      messages.map((bytes) => decodeMessage(bytes).data),
      ['<S>é§😀</S>'],
    )
    assert.equal(defragmenter.pending(), false)
  })

  it('joins any messages, cut into fragments of any size and handed over in any pieces', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 200 }))
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 })),
        fc.integer({ min: 22, max: 400 }),
        lengths,
        (all, size, cuts) => {
          const fragment = createFragmenter()
          const defragmenter = createDefragmenter(limit)
          const stream = Buffer.concat(all.flatMap((message) => fragment(message, size)))
          const joined = cut(stream, cuts).flatMap((bytes) => defragmenter.push(bytes))
          assert.deepEqual(
            joined,
            all.map((message) => Buffer.from(message)),
          )
          assert.equal(defragmenter.pending(), false)
        },
      ),
    )
  })

  it('joins messages whose fragments come interleaved', () => {
    const fragment = createFragmenter()
    const [a1, a2] = fragment(Buffer.from('aa'), 22)
    const [b1, b2] = fragment(Buffer.from('bb'), 22)
    const defragmenter = createDefragmenter(limit)
    const messages = [a1, b1, b2, a2].flatMap((bytes) => defragmenter.push(bytes ?? Buffer.alloc(0)))
    assert.deepEqual(messages.map(String), ['bb', 'aa'])
  })

  it('says that the end of a message is still to come', () => {
    const [first] = createFragmenter()(Buffer.from('aa'), 22)
    const defragmenter = createDefragmenter(limit)
    assert.deepEqual(defragmenter.push(first ?? Buffer.alloc(0)), [])
    assert.equal(defragmenter.pending(), true)
  })

  it('refuses fragments out of order, twice, or without a beginning', () => {
    const [a1, a2, a3] = createFragmenter()(Buffer.from('aaa'), 22)
    for (const order of [[a1, a3], [a1, a2, a2], [a2], [a1, a1]]) {
      const defragmenter = createDefragmenter(limit)
      assert.throws(() => order.map((bytes) => defragmenter.push(bytes ?? Buffer.alloc(0))), ProtocolError)
    }
  })

  it('refuses messages that are larger than the limit, and does not wait for them', () => {
    const fragments = createFragmenter()(Buffer.alloc(100), 40)
    const defragmenter = createDefragmenter(50)
    assert.throws(() => fragments.map((bytes) => defragmenter.push(bytes)), ProtocolError)
    const claim = Buffer.from(`${'00'.repeat(16)}03ffffffff`, 'hex')
    assert.throws(() => createDefragmenter(50).push(claim), ProtocolError)
  })

  it('notices after a lost answer that something is missing, and goes on when nothing is', () => {
    const fragment = createFragmenter()
    const [one, two, three] = ['1', '2', '3'].map((text) => Buffer.concat(fragment(Buffer.from(text), 99)))
    const whole = createDefragmenter(limit)
    whole.push(one ?? Buffer.alloc(0))
    whole.afterLoss()
    assert.deepEqual(whole.push(two ?? Buffer.alloc(0)).map(String), ['2'])
    const torn = createDefragmenter(limit)
    torn.push(one ?? Buffer.alloc(0))
    torn.afterLoss()
    assert.throws(() => torn.push(three ?? Buffer.alloc(0)), ProtocolError)
  })

  it('answers any bytes with messages or a named error', () => {
    const valid = Buffer.concat(createFragmenter()(Buffer.from('some message'), 25))
    const damaged = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
      .map((changes) => {
        const bytes = Buffer.from(valid)
        for (const [at, value] of changes) bytes[at] = value
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          for (const message of createDefragmenter(10_000).push(bytes)) decodeMessage(message)
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })
})
