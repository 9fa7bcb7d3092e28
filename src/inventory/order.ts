import { add, type Bits, count, createBits, numbersOf } from './bits.ts'
import type { SharedText } from './columns.ts'
import type { Fleet } from './fleet.ts'
import { soldAs } from './models.ts'

/** What devices can be put in order by. */
export const orders = ['name', 'model', 'os', 'state', 'client', 'last'] as const
export type Order = (typeof orders)[number]

const { compare } = new Intl.Collator('en', { numeric: true })

/**
 * So many of these devices, in this order, after so many. Of what they are ordered by only the numbers are sorted; only
 * those that are shown are put in order among themselves: by time, else `byName`.
 */
export function createOrder(
  { columns }: Fleet,
  byName: (bits: Bits, total: number, skip: number, take: number) => number[],
) {
  const { model, type, os, state, clientType, clientVersion, lastSync } = columns
  const placeOf = {
    model: places(model, soldAs),
    type: places(type, soldAs),
    os: places(os),
    state: places(state),
    clientType: places(clientType),
    clientVersion: places(clientVersion),
  }
  /** Devices with the same number belong together. */
  const keys: Record<Exclude<Order, 'name'>, (n: number) => number> = {
    model: (n) => placeOf.model(n) * 0x10000 + (placeOf.model(n) === 0 ? placeOf.type(n) : 0),
    os: placeOf.os,
    state: placeOf.state,
    client: (n) => placeOf.clientType(n) * 0x10000 + placeOf.clientVersion(n),
    last: lastSync.at,
  }

  return (bits: Bits, { by, down }: { by: Order; down: boolean }, skip: number, take: number): number[] => {
    if (by === 'name') {
      const total = count(bits)
      const left = Math.max(0, total - skip)
      return down
        ? byName(bits, total, Math.max(0, left - take), Math.min(left, take)).reverse()
        : byName(bits, total, skip, take)
    }
    const numbers = numbersOf(bits)
    if (skip >= numbers.length || take <= 0) return []
    const key = keys[by]
    const sign = down ? -1 : 1
    const values = new Float64Array(numbers.length)
    for (let at = 0; at < values.length; at += 1) values[at] = sign * key(numbers[at] ?? 0)
    const [numberAt, valueAt] = [(at: number) => numbers[at] ?? 0, (at: number) => values[at] ?? 0]
    const lowest = smallest(values, Math.min(skip + take, values.length))
    const [first = 0, last = 0] = [lowest.at(skip), lowest.at(-1)]
    /** Whatever may be on the page: all that belong together with its first, with its last, or between. */
    const near: number[] = []
    let left = skip
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at] ?? 0
      if (value < first) left -= 1
      else if (value <= last) near.push(at)
    }
    if (by === 'last') {
      const sorted = near.sort((one, other) => valueAt(one) - valueAt(other))
      return sorted.slice(left, left + take).map(numberAt)
    }
    const groups = new Map<number, Bits>()
    for (const at of near) {
      const group = groups.get(valueAt(at)) ?? createBits()
      groups.set(valueAt(at), group)
      add(group, numberAt(at))
    }
    const rows: number[] = []
    for (const [, group] of [...groups].sort(([one], [other]) => one - other)) {
      const here = count(group)
      const from = Math.min(left, here)
      rows.push(...byName(group, here, from, Math.min(here - from, take - rows.length)))
      left -= from
    }
    return rows
  }
}

/** The smallest of these, so many, in order. Of what is not among them hardly anything is ever sorted. */
function smallest(values: Float64Array, many: number): Float64Array {
  const kept = new Float64Array(2 * many)
  let size = 0
  let limit = Number.POSITIVE_INFINITY
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0
    if (value >= limit) continue
    kept[size++] = value
    if (size < kept.length) continue
    kept.sort()
    size = many
    limit = kept[many - 1] ?? 0
  }
  return kept.subarray(0, size).sort().subarray(0, many)
}

/** The place of each device's text among all texts of the column, as people order them; without a text it is 0. */
function places(column: SharedText, shown = (text: string) => text): (n: number) => number {
  let known = new Uint32Array(0)
  return (n) => {
    const { texts } = column
    if (known.length !== texts.length) {
      const codes = [...texts.keys()].sort((a, b) => compare(shown(texts[a] ?? ''), shown(texts[b] ?? '')))
      known = new Uint32Array(texts.length)
      for (const [place, code] of codes.entries()) known[code] = place
    }
    return known[column.code(n)] ?? 0
  }
}
