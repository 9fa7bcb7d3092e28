import assert from 'node:assert/strict'
import { readClixml } from '../../../src/connector/onprem/clixml-reader.ts'
import { toRow } from '../../../src/connector/onprem/rows.ts'

const row = (properties: string, extended = '') =>
  toRow(readClixml(`<Obj RefId="0"><TN RefId="0"><T>X</T></TN><Props>${properties}</Props><MS>${extended}</MS></Obj>`))

describe('connector/onprem/rows', () => {
  it('shows primitives as the REST door does', () => {
    const properties: readonly (readonly [xml: string, value: unknown])[] = [
      ['<S N="P">a § b</S>', 'a § b'],
      ['<B N="P">true</B>', true],
      ['<Nil N="P" />', null],
      ['<I32 N="P">-5</I32>', -5],
      ['<By N="P">255</By>', 255],
      ['<U32 N="P">480</U32>', 480],
      ['<I64 N="P">42</I64>', 42],
      ['<I64 N="P">9007199254740993</I64>', '9007199254740993'],
      ['<Db N="P">1.5</Db>', 1.5],
      ['<Sg N="P">-INF</Sg>', '-INF'],
      ['<D N="P">12.50</D>', '12.50'],
      ['<C N="P">97</C>', 'a'],
      ['<DT N="P">2026-11-23T07:08:09.1234567Z</DT>', '2026-11-23T07:08:09.1234567Z'],
      ['<DT N="P">2026-11-23T07:08:09.12+01:00</DT>', '2026-11-23T07:08:09.12+01:00'],
      ['<TS N="P">P90DT15M1.5S</TS>', '90.00:15:01.5000000'],
      ['<TS N="P">PT15M</TS>', '00:15:00'],
      ['<TS N="P">-PT1H</TS>', '-01:00:00'],
      ['<G N="P">792e5b37-4505-47ef-b7d2-8711bb7affa8</G>', '792e5b37-4505-47ef-b7d2-8711bb7affa8'],
      ['<Version N="P">15.2.2562.17</Version>', '15.2.2562.17'],
      ['<I32 N="P">many</I32>', 'many'],
    ]
    for (const [xml, P] of properties) assert.deepEqual(row(xml), { P }, xml)
  })

  it('shows an enum by its name, whether it comes as an object or as text', () => {
    const type = '<TN RefId="1"><T>DeviceAccessState</T><T>System.Enum</T></TN>'
    for (const xml of [
      `<Obj N="P" RefId="1">${type}<ToString>Allowed</ToString><I32>1</I32></Obj>`,
      '<Obj N="P" RefId="1"><I32>1</I32><ToString>Allowed</ToString></Obj>',
      '<S N="P">Allowed</S>',
    ])
      assert.deepEqual(row(xml), { P: 'Allowed' })
  })

  it('shows identities and sizes as text, lists as arrays, and a date with notes as a date', () => {
    assert.deepEqual(
      row(
        '<Obj N="Identity" RefId="1"><ToString>contoso.com/Users/Ann</ToString><Props><S N="Name">Ann</S></Props></Obj>' +
          '<Obj N="Ids" RefId="2"><ToString>A B</ToString><LST><S>A</S><Obj RefId="3"><ToString>B</ToString></Obj></LST></Obj>' +
          '<Obj N="None" RefId="4"><LST /></Obj>' +
          '<Obj N="When" RefId="5"><DT>2026-11-23T07:08:09Z</DT><ToString>23.11.2026</ToString><MS><S N="Hint">x</S></MS></Obj>' +
          '<Obj N="Count" RefId="6"><I32>5</I32><MS><S N="Hint">x</S></MS></Obj>' +
          '<Obj N="Table" RefId="7"><DCT><En><S N="Key">a</S><I32 N="Value">1</I32></En></DCT></Obj>' +
          '<Obj N="Note" RefId="8"><MS><S N="a">b</S></MS></Obj>',
      ),
      {
        Identity: 'contoso.com/Users/Ann',
        Ids: ['A', 'B'],
        None: [],
        When: '2026-11-23T07:08:09Z',
        Count: 5,
        Table: { a: 1 },
        Note: { a: 'b' },
      },
    )
  })

  it('keeps the spelling of Exchange and lets the extended property of the same name win', () => {
    assert.deepEqual(row('<S N="DeviceID">a</S><S N="Name">n</S>', '<S N="deviceid">b</S>'), {
      DeviceID: 'b',
      Name: 'n',
    })
  })

  it('looks through an object that wraps another', () => {
    const wrapped = '<Obj RefId="0"><Obj RefId="1"><Props><S N="A">a</S></Props></Obj><MS><S N="B">b</S></MS></Obj>'
    assert.deepEqual(toRow(readClixml(wrapped)), { A: 'a', B: 'b' })
  })

  it('ends where references go in circles', () => {
    const circle = readClixml(
      '<Obj RefId="0"><MS><Ref N="Self" RefId="0" /><Obj N="L" RefId="1"><LST><Ref RefId="1"/></LST></Obj></MS></Obj>',
    )
    assert.doesNotThrow(() => JSON.stringify(toRow(circle)))
  })

  it('takes a name such as __proto__ for a property like any other', () => {
    const shown = row('<S N="__proto__">x</S>')
    assert.deepEqual(Object.entries(shown), [['__proto__', 'x']])
    assert.equal(Object.getPrototypeOf(shown), Object.prototype)
  })

  it('shows a bare value under the name Value', () => {
    assert.deepEqual(toRow('text'), { Value: 'text' })
    assert.deepEqual(toRow(null), { Value: null })
    assert.deepEqual(toRow(readClixml('<Obj RefId="0"><LST><S>a</S></LST></Obj>')), { Value: ['a'] })
  })
})
