import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Clixml,
  type ClixmlObject,
  enumeration,
  hashtable,
  int32,
  list,
  numberOf,
  object,
  primitiveTags,
  property,
  textOf,
} from '../../../src/connector/onprem/clixml.ts'
import { readClixml } from '../../../src/connector/onprem/clixml-reader.ts'
import { writeClixml } from '../../../src/connector/onprem/clixml-writer.ts'
import { ProtocolError } from '../../../src/connector/onprem/xml.ts'

const asObject = (value: Clixml) => value as ClixmlObject

/** Text of any UTF-16 code units, with escapes and what looks like one. */
const anyText = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('_x0041_', '_X0041_', '_x005F_x0041_', '_', '_x', 'a & b < c > "d"', ' padded ', '007', '§', '😀'),
)

const { value: anyClixml } = fc.letrec<{ value: Clixml }>((tie) => {
  const properties = fc.array(fc.tuple(anyText, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries))
  return {
    value: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'clixml' },
      fc.constant(null),
      fc.boolean(),
      anyText,
      fc.record(
        {
          tag: fc.constantFrom(...primitiveTags.filter((tag) => tag !== 'PR')),
          text: fc.string({ unit: 'grapheme-ascii' }),
        },
        { noNullPrototype: true },
      ),
      fc.record(
        {
          types: fc.array(anyText, { maxLength: 3 }),
          adapted: properties,
          extended: properties,
          text: anyText,
          value: tie('value'),
          items: fc.array(tie('value'), { maxLength: 3 }),
          entries: fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }),
        },
        { requiredKeys: ['types', 'adapted', 'extended'], noNullPrototype: true },
      ),
    ),
  }
})

describe('connector/onprem/clixml', () => {
  it('reads back whatever it writes', () => {
    fc.assert(fc.property(anyClixml, (value) => assert.deepEqual(readClixml(writeClixml(value)), value)))
  })

  it('reads every primitive type', () => {
    assert.equal(readClixml('<S> 007 </S>'), ' 007 ')
    assert.equal(readClixml('<S />'), '')
    assert.equal(readClixml('<B>True</B>'), true)
    assert.equal(readClixml('<B>false</B>'), false)
    assert.equal(readClixml('<Nil />'), null)
    for (const tag of primitiveTags) assert.deepEqual(readClixml(`<${tag}>1</${tag}>`), { tag, text: '1' })
  })

  it('undoes escapes after entities, in either case, and joins surrogates', () => {
    assert.equal(readClixml('<S>Line_x000D__x000a_end_x0026_amp; &#95;x0041_</S>'), 'Line\r\nend&amp; A')
    assert.equal(readClixml('<S>_xD83D__xDE00_</S>'), '😀')
    assert.equal(readClixml('<S>_x005F_x0041_ _x41_ _xZZZZ_</S>'), '_x0041_ _x41_ _xZZZZ_')
    const named = readClixml('<Obj RefId="0"><MS><S N="a_x0022_b">v</S></MS></Obj>')
    assert.equal(property(named, 'a"b'), 'v')
  })

  it('writes what XML cannot carry as escapes', () => {
    assert.equal(writeClixml('a\nb\u0085_x\u{1F600}'), '<S>a_x000A_b_x0085__x005F_x_xD83D__xDE00_</S>')
    assert.equal(writeClixml('§ <&> "'), '<S>§ &lt;&amp;&gt; &quot;</S>')
  })

  it('reads the children of an object in any order', () => {
    const type = '<TN RefId="0"><T>Level</T><T>System.Enum</T></TN>'
    for (const children of [
      `${type}<ToString>Allowed</ToString><I32>1</I32>`,
      `<I32>1</I32><ToString>Allowed</ToString>${type}`,
    ]) {
      const value = asObject(readClixml(`<Obj RefId="0">${children}</Obj>`))
      assert.deepEqual([value.types[0], textOf(value), numberOf(value)], ['Level', 'Allowed', 1])
    }
  })

  it('takes type names and objects from where they are referred to, within one document', () => {
    const shared = '<Obj N="A" RefId="1"><TN RefId="7"><T>Thing</T></TN><ToString>x</ToString></Obj>'
    const value = readClixml(
      `<Obj RefId="0"><MS>${shared}<Ref N="B" RefId="1" /><Obj N="C" RefId="2"><TNRef RefId="7" /></Obj></MS></Obj>`,
    )
    assert.equal(property(value, 'B'), property(value, 'A'))
    assert.deepEqual(asObject(property(value, 'C') ?? null).types, ['Thing'])
  })

  it('reads a reference to nothing as null and leaves the rest alone', () => {
    const value = readClixml('<Obj RefId="0"><MS><Ref N="A" RefId="9" /><S N="B">b</S></MS></Obj>')
    assert.equal(property(value, 'A'), null)
    assert.equal(property(value, 'B'), 'b')
  })

  it('reads an object that refers to itself', () => {
    const value = readClixml('<Obj RefId="0"><MS><Ref N="Self" RefId="0" /></MS></Obj>')
    assert.equal(property(value, 'Self'), value)
  })

  it('reads every container, also inside of an object that wraps another', () => {
    for (const tag of ['LST', 'IE', 'STK', 'QUE'])
      assert.deepEqual(asObject(readClixml(`<Obj RefId="0"><${tag}><S>a</S><Nil/></${tag}></Obj>`)).items, ['a', null])
    const table =
      '<DCT><En><S N="Key">k</S><I32 N="Value">1</I32></En><En><I32 N="Key">2</I32><Nil N="Value"/></En></DCT>'
    assert.deepEqual(asObject(readClixml(`<Obj RefId="0">${table}</Obj>`)).entries, [
      ['k', int32(1)],
      [int32(2), null],
    ])
    const wrapped = readClixml(
      '<Obj RefId="0"><Obj RefId="1"><Props><S N="A">a</S></Props></Obj><MS><S N="B">b</S></MS></Obj>',
    )
    assert.deepEqual([property(wrapped, 'A'), property(wrapped, 'B')], ['a', 'b'])
  })

  it('finds properties without regard to case, extended ones first', () => {
    const value = readClixml(
      '<Obj RefId="0"><Props><S N="DeviceID">a</S><S N="X">x</S></Props><MS><S N="deviceId">b</S></MS></Obj>',
    )
    assert.equal(property(value, 'DEVICEID'), 'b')
    assert.equal(property(value, 'x'), 'x')
    assert.equal(property(value, 'y'), undefined)
  })

  it('passes over a progress record and over elements that it does not know', () => {
    const value = readClixml(
      '<Obj RefId="0"><MS><PR N="P"><AV>a</AV></PR><New N="Q"><Obj/></New><S N="R">r</S></MS></Obj>',
    )
    assert.equal(property(value, 'R'), 'r')
  })

  it('ignores layout between elements and reads CDATA', () => {
    assert.deepEqual(
      readClixml('<Obj RefId="0">\n  <LST>\n <S><![CDATA[<a>]]></S>\n</LST>\n</Obj>'),
      object({}, { items: ['<a>'] }),
    )
  })

  it('gives each object an id of its own and repeats no type names', () => {
    const level = (name: string, number: number) => enumeration('Level', name, number)
    const xml = writeClixml(
      object({ A: level('None', 0), B: level('All', 1), C: list(['x']), D: hashtable({ Add: 'y' }) }),
    )
    assert.deepEqual(
      [...xml.matchAll(/<Obj[^>]* RefId="(\d+)"/g)].map(([, id]) => id),
      ['0', '1', '2', '3', '4'],
    )
    assert.equal(xml.match(/<T>Level<\/T>/g)?.length, 1)
    assert.match(xml, /<Obj N="B" RefId="2"><TNRef RefId="0" \/><ToString>All<\/ToString><I32>1<\/I32><\/Obj>/)
    assert.match(xml, /<DCT><En><S N="Key">Add<\/S><S N="Value">y<\/S><\/En><\/DCT>/)
  })

  it('refuses a DOCTYPE, what is no XML, nothing at all and what is nested without end', () => {
    const deep = '<Obj><LST>'.repeat(5000)
    for (const xml of [
      '<!DOCTYPE a [<!ENTITY b "c">]><S>&b;</S>',
      '<S>',
      'text',
      '',
      '<TN/>',
      '<S/><S/>',
      '<TN><S/></TN>',
      deep,
    ])
      assert.throws(() => readClixml(xml), ProtocolError, xml.slice(0, 40))
  })

  it('answers any damaged document with a value or a named error', () => {
    const sample = writeClixml(
      object({ A: enumeration('Level', 'None', 0), B: list(['x', null]), C: hashtable({ Add: 'y' }) }),
    )
    const damage = fc.record({
      at: fc.nat(sample.length),
      drop: fc.nat(20),
      insert: fc.oneof(
        fc.string(),
        fc.constantFrom('<Obj>', '</Obj>', '<Ref RefId="0"/>', '<TNRef/>', '&#0;', '<En>', '<T>'),
      ),
    })
    const damaged = fc
      .array(damage, { minLength: 1, maxLength: 4 })
      .map((all) => all.reduce((xml, { at, drop, insert }) => xml.slice(0, at) + insert + xml.slice(at + drop), sample))
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string({ unit: 'binary' })), (xml) => {
        try {
          readClixml(xml)
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })
})
