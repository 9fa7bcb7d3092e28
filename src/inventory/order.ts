import { add, type Bits, count, createBits, each } from './bits.ts'
import type { SharedText } from './columns.ts'
import type { Fleet } from './fleet.ts'
import { soldAs } from './models.ts'

/** What devices can be put in order by. */
export const orders = ['name', 'model', 'os', 'state', 'client', 'last'] as const
export type Order = (typeof orders)[number]

const hour = 60 * 60_000
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
    last: (n) => Math.floor(lastSync.at(n) / hour),
  }

  const byTime = (sign: number) => (one: number, other: number) => sign * (lastSync.at(one) - lastSync.at(other))

  return (bits: Bits, { by, down }: { by: Order; down: boolean }, skip: number, take: number): number[] => {
    if (by === 'name') {
      const total = count(bits)
      const left = Math.max(0, total - skip)
      return down
        ? byName(bits, total, Math.max(0, left - take), Math.min(left, take)).reverse()
        : byName(bits, total, skip, take)
    }
    const key = keys[by]
    const sign = down ? -1 : 1
    const numbers = new Uint32Array(count(bits))
    const values = new Float64Array(numbers.length)
    let filled = 0
    each(bits, (n) => {
      numbers[filled] = n
      values[filled] = sign * key(n)
      filled += 1
    })
    if (skip >= filled || take <= 0) return []
    const placed = values.slice()
    const first = valueAt(placed, skip)
    const last = valueAt(placed, Math.min(skip + take, filled) - 1)
    /** Whatever may be on the page: all that belong together with its first, with its last, or between. */
    const near: number[] = []
    let before = 0
    for (let at = 0; at < filled; at += 1) {
      const value = values[at] ?? 0
      if (value < first) before += 1
      else if (value <= last) near.push(at)
    }
    const numberAt = (at: number) => numbers[at] ?? 0
    let left = skip - before
    if (by === 'last') {
      const sorted = near.map(numberAt).sort(byTime(sign))
      return sorted.slice(left, left + take)
    }
    const groups = new Map<number, Bits>()
    for (const at of near) {
      const value = values[at] ?? 0
      const group = groups.get(value) ?? createBits()
      groups.set(value, group)
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

/** The value that stands at a place once these are sorted, found without sorting them all (Hoare, "Algorithm 65: Find"). */
function valueAt(values: Float64Array, place: number): number {
  const at = (n: number) => values[n] ?? 0
  let [low, high] = [0, values.length - 1]
  while (low < high) {
    const pivot = at((low + high) >>> 1)
    let [up, down] = [low, high]
    while (up <= down) {
      while (at(up) < pivot) up += 1
      while (at(down) > pivot) down -= 1
      if (up > down) break
      const value = at(up)
      values[up] = at(down)
      values[down] = value
      up += 1
      down -= 1
    }
    if (place <= down) high = down
    else if (place >= up) low = up
    else break
  }
  return at(place)
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
