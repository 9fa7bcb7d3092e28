import assert from 'node:assert/strict'
import fc from 'fast-check'
import { z } from 'zod'
import { tableOf } from '../../src/inventory/table.ts'

const RowSchema = z.object({
  key: z.string(),
  isNew: z.boolean().optional(),
  note: z.string().optional(),
  ids: z.array(z.string()).optional(),
  times: z.object({ first: z.string().optional() }),
})
const table = tableOf<z.infer<typeof RowSchema>>(RowSchema.shape)

const text = fc.oneof(fc.constantFrom('', 'a', '0', 'constructor', '__proto__'), fc.string({ unit: 'grapheme' }))
const row = fc.record(
  {
    key: text,
    isNew: fc.boolean(),
    note: text,
    ids: fc.array(text),
    times: fc.record({ first: text }, { requiredKeys: [], noNullPrototype: true }),
  },
  { requiredKeys: ['key', 'times'], noNullPrototype: true },
)

const stored = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const isTable = (value: unknown) => table.schema.safeParse(stored(value)).success

describe('inventory: rows as a table', () => {
  it('are read as they were written, whatever they have and wherever none is', () => {
    fc.assert(
      fc.property(fc.array(fc.option(row, { nil: undefined })), (rows) => {
        const read = table.unpack(table.schema.parse(stored(table.pack(rows))))
        assert.deepEqual(read, rows.some((one) => one !== undefined) ? rows : [])
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
  })

  it('keep each value once, and nothing of a field that none of them has', () => {
    const rows = ['a', 'b', 'a'].map((key) => ({ key, ids: ['1'], times: {} }))
    assert.deepEqual(table.pack(rows), {
      key: { values: ['a', 'b'], at: [1, 2, 1] },
      ids: { values: [['1']], at: [1, 1, 1] },
      times: { values: [{}], at: [1, 1, 1] },
    })
  })

  const whole = { key: { values: ['a', 'b'], at: [1, 0, 2] }, times: { values: [{}], at: [1, 0, 1] } }
  const damaged: Record<string, unknown> = {
    'no table': [whole],
    'no field': { ...whole, note: 'a' },
    'a field without values': { ...whole, note: { at: [0, 0, 0] } },
    'a field that says of no row what it has': { ...whole, note: { values: ['a'] } },
    'a value of another kind': { ...whole, note: { values: [1], at: [1, 0, 1] } },
    'no value': { ...whole, note: { values: [null], at: [1, 0, 1] } },
    'a place after the last value': { ...whole, note: { values: ['a'], at: [1, 0, 2] } },
    'a place before the first': { ...whole, note: { values: ['a'], at: [1, 0, -1] } },
    'a place between two values': { ...whole, note: { values: ['a', 'b'], at: [1, 0, 1.5] } },
    'a place that is no number': { ...whole, note: { values: ['a'], at: [1, 0, '1'] } },
    'a field that is shorter than the others': { ...whole, note: { values: ['a'], at: [1, 0] } },
    'a field that is longer': { ...whole, note: { values: ['a'], at: [1, 0, 1, 0] } },
    'a needed field that is not there': { key: whole.key },
    'a key that is not there': { times: whole.times },
    'a row without what it needs': { ...whole, times: { values: [{}], at: [1, 0, 0] } },
    'something needed where no row is': { ...whole, times: { values: [{}], at: [1, 1, 1] } },
    'something else where no row is': { ...whole, note: { values: ['a'], at: [0, 1, 0] } },
  }
  for (const [what, value] of Object.entries(damaged))
    it(`are refused with ${what}`, () => {
      assert.ok(isTable({ ...whole, note: { values: ['a'], at: [1, 0, 1] } }))
      assert.ok(!isTable(value))
    })
})
