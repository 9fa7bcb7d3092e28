import {
  add,
  addWhere,
  type Bits,
  copyOf,
  count,
  createBits,
  has,
  intersect,
  keepWhere,
  members,
  subtract,
  unite,
} from './bits.ts'
import type { Visible } from './collections.ts'
import type { SharedText } from './columns.ts'
import type { Device, DeviceKey } from './device.ts'
import type { Fleet } from './fleet.ts'
import { createGroups } from './groups.ts'
import { soldAs } from './models.ts'
import { createOrder, type Order } from './order.ts'
import { dayOf } from './reader.ts'
import type { Terms } from './terms.ts'
import { digitsOf, fold, wordsOf } from './words.ts'

/** What is looked for; everything that is given must be true. */
export interface Query {
  /** Words; each must begin something that the device or its owner is known by. */
  readonly text?: string | undefined
  /** How the access state begins: `quarantine`. */
  readonly state?: string | undefined
  readonly connector?: string | undefined
  /** How the operating system begins. */
  readonly os?: string | undefined
  /** How the client and its version begin: `EAS 14`. */
  readonly client?: string | undefined
  /** Days without a sync, at least. */
  readonly stale?: number | undefined
  /** Devices that are shown however long they are silent, such as those with an open request. */
  readonly held?: Iterable<DeviceKey>
  /** Instead of by how well they match and by name. */
  readonly sort?: { readonly by: Order; readonly down: boolean } | undefined
  /** From 1 up. */
  readonly page?: number | undefined
  /** So many on a page, ten where it is not said. */
  readonly rows?: number | undefined
}

export interface Page {
  readonly total: number
  readonly rows: readonly Device[]
  readonly page: number
  readonly pages: number
}

interface Parts {
  readonly fleet: Fleet
  readonly terms: Terms
  /** The devices of these collections, in a set of its own. */
  readonly seen: (visible: Visible) => Bits
  /** Devices without contact for so long that they are shown only to those who ask for them, but these. */
  readonly ignored: (held: Iterable<DeviceKey>) => Bits
  readonly now: () => Date
}

const usualRows = 10
/** So many are sorted for a page; of more, the order of all is walked through. */
const sortable = 1000
const msOfDay = 24 * 60 * 60_000

/** Finds devices as a helpdesk expects it: whoever has just this id or name first, then by owner, then by model. */
export function createFind({ fleet, terms, seen, ignored, now }: Parts) {
  const { type, model, os, phone, state, connector, clientType, clientVersion, lastSync } = fleet.columns
  const byText = (column: SharedText) => ({
    column,
    wordsAt: wordsByCode(column),
    groups: createGroups(fleet, column.code),
  })
  const texts = {
    type: byText(type),
    model: byText(model),
    os: byText(os),
    state: byText(state),
    connector: byText(connector),
  }
  const described = [texts.type, texts.model, texts.os]
  const days = createGroups(fleet, (n) => (lastSync.at(n) === 0 ? 0 : nearDay(lastSync.at(n))))
  const owned = createGroups(fleet, fleet.ownerOf)

  /** Leaves the devices that this word begins something of; says which it names by their owner, and which by all of an id. */
  function narrow(found: Bits, word: string, isNumber: boolean): { byOwner: Bits; byId: Bits } {
    const people = createBits()
    terms.people.starting(word, (o) => add(people, o))
    const byOwner = owned.having(people, found)
    terms.named(word, false, (n) => add(byOwner, n))
    const all = copyOf(byOwner)
    const byId = createBits()
    if (word.length >= fewestOfId) terms.ids.starting(word, (n) => add(all, n))
    terms.ids.equal(word, (n) => add(byId, n))
    if (isNumber) {
      terms.ids.equal(word.slice(-shownDigits), (n) => {
        if (phone.get(n)?.includes('*')) add(all, n)
      })
    }
    for (const { column, groups, wordsAt } of described) {
      const begins = (code: number) => wordsAt(code).some((text) => text.startsWith(word))
      unite(all, groups.having(numbersWhere(column.texts.length, begins), found))
    }
    intersect(found, all)
    return { byOwner, byId }
  }

  function keepText(found: Bits, { column, groups }: typeof texts.os, passes: (text: string) => boolean): void {
    const codes = numbersWhere(column.texts.length, (code) => code > 0 && passes(fold(column.texts[code] ?? '')))
    found.words = groups.having(codes, found).words
  }

  /** Leaves the devices whose last sync was before this time; one that is not known was not. */
  function keepSilent(found: Bits, time: number): void {
    const day = nearDay(time)
    const silent = days.having(
      numbersWhere(day, (one) => one > 0),
      found,
    )
    const edge = numbersWhere(day + 1, (one) => one === day)
    addWhere(silent, days.having(edge, found), (n) => lastSync.at(n) < time)
    found.words = silent.words
  }

  function filter(found: Bits, query: Query): void {
    const [wantedState, wantedConnector, wantedOs, wantedClient] = [
      query.state,
      query.connector,
      query.os,
      query.client,
    ].map((text) => text && fold(text))
    if (wantedState) keepText(found, texts.state, (text) => text.startsWith(wantedState))
    if (wantedConnector) keepText(found, texts.connector, (text) => text === wantedConnector)
    if (wantedOs) keepText(found, texts.os, (text) => text.startsWith(wantedOs))
    if (wantedClient)
      keepWhere(found, (n) => fold(`${clientType.get(n)} ${clientVersion.get(n) ?? ''}`).startsWith(wantedClient))
    if (query.stale !== undefined) keepSilent(found, now().getTime() - query.stale * msOfDay)
  }

  /** The devices whose name is just this. */
  function named(text: string): Bits {
    const bits = createBits()
    terms.named(text, true, (n) => add(bits, n))
    return bits
  }

  /** So many of these, in the order of names, after so many. */
  function inOrder(bits: Bits, total: number, skip: number, take: number): number[] {
    if (total <= sortable) return terms.sorted(members(bits)).slice(skip, skip + take)
    const rows: number[] = []
    let left = skip
    terms.inOrder((n) => {
      if (has(bits, n) && left-- <= 0) rows.push(n)
      return rows.length < take
    })
    return rows
  }

  const inGivenOrder = createOrder(fleet, inOrder)

  function paged(ranks: readonly Bits[], { sort, page = 1, rows: take = usualRows }: Query): Page {
    const counts = ranks.map(count)
    const total = counts.reduce((sum, one) => sum + one, 0)
    const rows: number[] = []
    let skip = (page - 1) * take
    for (const [at, rank] of ranks.entries()) {
      const here = counts[at] ?? 0
      const left = take - rows.length
      if (skip < here) rows.push(...(sort ? inGivenOrder(rank, sort, skip, left) : inOrder(rank, here, skip, left)))
      skip = Math.max(0, skip - here)
      if (rows.length === take) break
    }
    return {
      total,
      rows: rows.map(fleet.get).filter((device) => device !== undefined),
      page,
      pages: Math.max(1, Math.ceil(total / take)),
    }
  }

  function find(query: Query, visible: Visible): Page {
    const text = fold(query.text ?? '').trim()
    const found = seen(visible)
    filter(found, query)
    const exact = named(text)
    intersect(exact, found)
    if (query.stale === undefined) subtract(found, ignored(query.held ?? []))

    const byOwner = createBits()
    const byId = createBits()
    const isNumber = telephoneNumber.test(text)
    const words = isNumber ? [digitsOf(text)] : wordsOf(text)
    if (text !== '' && words.length === 0) found.words.fill(0)
    for (const word of words) {
      const hits = narrow(found, word, isNumber)
      unite(byOwner, hits.byOwner)
      unite(byId, hits.byId)
    }
    intersect(byId, found)
    unite(exact, byId)
    subtract(found, exact)
    intersect(byOwner, found)
    if (query.sort) unite(found, exact)
    else subtract(found, byOwner)
    return paged(query.sort ? [found] : [exact, byOwner, found], query)
  }

  return {
    find,
    /** To be called when a device has changed, come or gone. */
    touch(n: number): void {
      for (const groups of [...Object.values(texts).map(({ groups }) => groups), days, owned]) groups.touch(n)
    },
  }
}

/** Fewer letters are meant as the beginning of an id by nobody, and yet many ids begin with them. */
const fewestOfId = 3

/** A telephone number is one word, however it is written. */
const telephoneNumber = /^\+\d[\d\s()./-]*$/

/** Exchange shows the last digits of most numbers, with asterisks for the others. */
const shownDigits = 4

/** The words of each text of a column, and of what a model is sold as; found when they are first asked for. */
function wordsByCode(column: SharedText): (code: number) => readonly string[] {
  const words: string[][] = []
  return (code) => {
    for (let next = words.length; next <= code; next++) {
      const text = column.texts[next] ?? ''
      words.push(wordsOf(`${text} ${soldAs(text)}`))
    }
    return words[code] ?? []
  }
}

/** A day that can be counted to; what lies further away belongs to the first or the last one. */
const nearDay = (time: number) => Math.min(Math.max(1, dayOf(time)), farthestDay)
/** In the year 2243. */
const farthestDay = 100_000

/** The numbers below `end` that pass. */
function numbersWhere(end: number, passes: (number: number) => boolean): Bits {
  const bits = createBits(end)
  for (let number = 0; number < end; number++) if (passes(number)) add(bits, number)
  return bits
}
