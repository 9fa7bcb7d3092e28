import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { TableFile } from '../../src/cards/card.ts'
import { cellOf, csvOf } from '../../src/cards/csv.ts'

async function textOf(rows: readonly (readonly string[])[]): Promise<string> {
  const file: TableFile = { name: 'x.csv', from: { verb: 'report', data: {} }, columns: ['One'], rows: () => rows }
  let text = ''
  for await (const piece of csvOf(file)) text += piece
  return text
}

describe('csv', () => {
  for (const start of ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
    it(`makes a cell that begins with ${JSON.stringify(start)} harmless`, () => {
      assert.match(cellOf(`${start}cmd|'/C calc'!A0`), /^'/)
    })

  it('leaves other cells as they are, and quotes what would end them', () => {
    assert.equal(cellOf('adele_iPhone'), 'adele_iPhone')
    assert.equal(cellOf('Vance, Adele "Ade"'), '"Vance, Adele ""Ade"""')
    assert.equal(cellOf('one\r\ntwo'), 'one two')
    assert.equal(cellOf('-1,"2'), '"\'-1,""2"')
  })

  it('never gives a spreadsheet a formula, whatever a phone calls itself', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/^"?[=+\-@\t\r\n]/.test(cellOf(text))))
  })

  it('writes all rows of a long table, its head first, for Excel as UTF-8', async () => {
    const text = await textOf(Array.from({ length: 1201 }, (_, n) => [`row ${n}`]))
    const lines = text.split('\r\n')
    assert.deepEqual([lines[0], lines[1], lines[1201], lines.length], ['\uFEFFOne', 'row 0', 'row 1200', 1203])
  })
})
