import { add, type Bits, count, createBits, members } from './bits.ts'
import type { SharedText } from './columns.ts'
import type { Fleet } from './fleet.ts'
import { soldAs } from './models.ts'

/** What devices can be put in order by. */
export const orders = ['name', 'model', 'os', 'state', 'client', 'last'] as const
export type Order = (typeof orders)[number]

const hour = 60 * 60_000
const { compare } = new Intl.Collator('en', { numeric: true })

/**
 * So many of these devices, in this order, after so many. They are counted by what they are ordered by, and only those that
 * are shown are put in order among themselves: by time, else `byName`.
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
    const counts = new Map<number, number>()
    for (const n of members(bits)) counts.set(key(n), (counts.get(key(n)) ?? 0) + 1)
    const shown = new Map<number, { readonly group: Bits; readonly from: number; readonly to: number }>()
    let before = 0
    for (const [one, here] of [...counts].sort(([a], [b]) => sign * (a - b))) {
      const from = Math.max(0, skip - before)
      const to = Math.min(here, skip + take - before)
      if (from < to) shown.set(one, { group: createBits(), from, to })
      before += here
    }
    for (const n of members(bits)) {
      const found = shown.get(key(n))
      if (found !== undefined) add(found.group, n)
    }
    return [...shown].flatMap(([one, { group, from, to }]) =>
      by === 'last'
        ? [...members(group)].sort((a, b) => sign * (lastSync.at(a) - lastSync.at(b))).slice(from, to)
        : byName(group, counts.get(one) ?? 0, from, to - from),
    )
  }
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
