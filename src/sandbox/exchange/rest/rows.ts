import type { PropertyType, Table, Value } from '../values.ts'

/** Annotations stand before the value that they describe; text and enumerations have none. */
const annotations = (name: string, type: PropertyType) => {
  if (type === 'Guid') return `"${name}@data.type":"System.Guid","${name}@odata.type":"#Guid",`
  if (type === 'DateTime' || type === 'Int32' || type === 'UInt32') return `"${name}@data.type":"System.${type}",`
  return type === 'Strings' ? `"${name}@odata.type":"#Collection(String)",` : ''
}

/** ISO 8601 with seven digits and the offset written out, as .NET does. */
const dateText = (milliseconds: number) => new Date(milliseconds).toISOString().replace('Z', '0000+00:00')

function written(type: PropertyType, value: Value) {
  return JSON.stringify(type === 'DateTime' && typeof value === 'number' ? dateText(value) : value)
}

/** Pages of big fleets that were written before; they hold as long as the very same objects are shown. */
const ready = new WeakMap<object, Map<string, { readonly keys: readonly object[]; readonly bytes: Buffer }>>()

/** Rows of a table as the inside of a JSON array; `select` leaves out what was not asked for. */
export function writeRows(table: Table, from: number, to: number, select: ReadonlySet<string> | undefined): Buffer {
  const columns = select ? table.columns.filter(({ name }) => select.has(name)) : table.columns
  const keys = table.keys.slice(from, to)
  const first = keys[0]
  const shape = columns.map(({ name }) => name).join()
  const kept = first && table.stable ? ready.get(first)?.get(shape) : undefined
  if (kept?.keys.length === keys.length && keys.every((key, index) => key === kept.keys[index])) return kept.bytes

  const cells = columns.map((column) => ({
    ...column,
    before: `${annotations(column.name, column.type)}"${column.name}":`,
  }))
  const rows = keys.map((_, index) => {
    const inside = cells.map(({ before, type, at }) => before + written(type, at(from + index)))
    return `{${inside.join()}}`
  })
  const bytes = Buffer.from(rows.join())
  if (first && table.stable) {
    const shapes = ready.get(first) ?? new Map()
    ready.set(first, shapes.set(shape, { keys, bytes }))
  }
  return bytes
}
