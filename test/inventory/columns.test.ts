import assert from 'node:assert/strict'
import { sharedText } from '../../src/inventory/columns.ts'

describe('inventory: columns', () => {
  const texts = Array.from({ length: 70_000 }, (_, at) => `text ${at}`)
  const numbers = texts.map((_, at) => at + 1)

  it('keep more different texts than two bytes can count, set singly or from a table', () => {
    const [single, filled] = [sharedText(), sharedText()]
    for (const n of numbers) single.set(n, texts[n - 1])
    filled.fill(Uint32Array.of(70_001), { values: ['text 0'], at: [1] })
    filled.fill(Uint32Array.from(numbers), { values: texts, at: numbers })
    for (const column of [single, filled]) assert.deepEqual(numbers.map(column.get), texts)
    assert.equal(filled.get(70_001), 'text 0')
  })
})
