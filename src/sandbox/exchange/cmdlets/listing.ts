import { CmdletError } from '../errors.ts'
import { parseFilter } from '../filter.ts'
import { type Columns, table, type Value } from '../values.ts'
import type { Answer } from './cmdlet.ts'

/** How a list was asked for. */
interface Wish {
  readonly Filter?: string | undefined
  readonly SortBy?: string | undefined
  /** `null`: everything. */
  readonly ResultSize?: number | null | undefined
}

const standardSize = 1000

/** Exchange's two ways to say that there is more; the first one where nobody asked for a size. */
const byDefault =
  'By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the number of items returned. To return all items, specify "-ResultSize Unlimited". Be aware that, depending on the actual number of items, returning all items can take a long time and consume a large amount of memory. Also, we don\'t recommend storing the results in a variable. Instead, pipe the results to another task or script to perform batch changes.'
const byWish =
  'There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter.'

/** Those of the objects that were asked for, in the order asked for, and no more than asked for. */
export function list<T extends object>(
  objects: Iterable<T>,
  columns: Columns<T>,
  wish: Wish,
  options: { readonly filterable?: Columns<T>; readonly stable?: boolean } = {},
): Answer {
  const test = wish.Filter ? parseFilter(wish.Filter, options.filterable ?? columns) : undefined
  const chosen = test ? [...objects].filter(test) : [...objects]
  if (wish.SortBy) chosen.sort(byColumn(columns, wish.SortBy))
  const size = wish.ResultSize === undefined ? standardSize : wish.ResultSize
  const more = size !== null && chosen.length > size
  return {
    table: table(columns, more ? chosen.slice(0, size) : chosen, options.stable),
    warnings: more ? [wish.ResultSize === undefined ? byDefault : byWish] : [],
  }
}

function byColumn<T>(columns: Columns<T>, name: string) {
  const column = Object.entries(columns).find(([property]) => property.toLowerCase() === name.toLowerCase())?.[1]
  if (!column)
    throw new CmdletError(
      'argument',
      `Cannot bind parameter 'SortBy' to the target. "${name}" isn't a sortable property.`,
    )
  const key = (value: Value) => (typeof value === 'number' ? value : (value ?? '').toString().toLowerCase())
  return (one: T, other: T) => {
    const [left, right] = [key(column.of(one)), key(column.of(other))]
    return left < right ? -1 : left > right ? 1 : 0
  }
}
