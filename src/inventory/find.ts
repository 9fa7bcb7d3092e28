import { add, addWhere, type Bits, count, createScratch, has, intersect, members, subtract, unite } from './bits.ts'
import type { Visible } from './collections.ts'
import type { SharedText } from './columns.ts'
import type { Device, DeviceKey } from './device.ts'
import type { Fleet } from './fleet.ts'
import { createGroups } from './groups.ts'
import { soldAs } from './models.ts'
import { createOrder, type Order } from './order.ts'
import { dayOf } from './reader.ts'
import { numbersIn } from './sorted.ts'
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
  /** The devices of these collections, in this empty set. */
  readonly seen: (visible: Visible, bits: Bits) => Bits
  /** Takes out devices without contact for so long that they are shown only to those who ask for them, but these. */
  readonly hideInactive: (found: Bits, held: Iterable<DeviceKey>) => void
  readonly now: () => Date
}

const usualRows = 10
/** To sort a device takes as long as to walk past so many in the order of all. */
const walked = 300
/** So many are sorted for a page while there is no order of all. */
const sortable = 10_000
const msOfDay = 24 * 60 * 60_000

/** Finds devices as a helpdesk expects it: whoever has just this id or name first, then by owner, then by model. */
export function createFind({ fleet, terms, seen, hideInactive, now }: Parts) {
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
  const spans = createGroups(fleet, (n) => (lastSync.at(n) === 0 ? 0 : spanOf(lastSync.at(n))))
  const owned = createGroups(fleet, fleet.ownerOf)

  const scratch = createScratch()
  const emptySet = () => scratch.take(fleet.highest())

  function numbersUpTo(highest: number, passes: (number: number) => boolean): Bits {
    const bits = scratch.take(highest)
    for (let number = 0; number <= highest; number++) if (passes(number)) add(bits, number)
    return bits
  }

  /** Leaves the devices that this word begins something of; says which it names by their owner, and which by all of an id. */
  function narrow(found: Bits, word: string, isNumber: boolean, byOwner: Bits, byId: Bits): void {
    const people = scratch.take(fleet.owners.highest())
    terms.people.addStarting(word, people)
    const all = emptySet()
    owned.addHaving(all, people, found)
    terms.named(word, false, (n) => add(all, n))
    unite(byOwner, all)
    if (word.length >= fewestOfId) for (const n of numbersIn(terms.ids.starting(word))) add(all, n)
    terms.ids.equal(word, (n) => add(byId, n))
    if (isNumber) {
      terms.ids.equal(word.slice(-shownDigits), (n) => {
        if (phone.get(n)?.includes('*')) add(all, n)
      })
    }
    for (const { column, groups, wordsAt } of described) {
      const codes = numbersUpTo(column.texts.length - 1, (code) => wordsAt(code).some((text) => text.startsWith(word)))
      groups.addHaving(all, codes, found)
    }
    intersect(found, all)
  }

  function keepText(found: Bits, { column, groups }: typeof texts.os, passes: (text: string) => boolean): Bits {
    const codes = numbersUpTo(column.texts.length - 1, (code) => code > 0 && passes(fold(column.texts[code] ?? '')))
    const kept = emptySet()
    groups.addHaving(kept, codes, found)
    return kept
  }

  /** Leaves the devices whose last sync was before this time; one that is not known was not. */
  function keepSilent(found: Bits, time: number): Bits {
    const edge = spanOf(time)
    const [before, same] = [
      numbersUpTo(edge, (span) => span > 0 && span < edge),
      numbersUpTo(edge, (span) => span === edge),
    ]
    const [silent, near] = [emptySet(), emptySet()]
    spans.addHaving(silent, before, found)
    spans.addHaving(near, same, found)
    addWhere(silent, near, (n) => lastSync.at(n) < time)
    return silent
  }

  function keepClient(found: Bits, client: string): Bits {
    const kept = emptySet()
    addWhere(kept, found, (n) => fold(`${clientType.get(n)} ${clientVersion.get(n) ?? ''}`).startsWith(client))
    return kept
  }

  /** The devices of these collections for which everything but the text is true. */
  function filtered(query: Query, visible: Visible): Bits {
    const [state, connector, os, client] = [query.state, query.connector, query.os, query.client].map(
      (text) => text && fold(text),
    )
    let found = seen(visible, emptySet())
    if (state) found = keepText(found, texts.state, (text) => text.startsWith(state))
    if (connector) found = keepText(found, texts.connector, (text) => text === connector)
    if (os) found = keepText(found, texts.os, (text) => text.startsWith(os))
    if (client) found = keepClient(found, client)
    if (query.stale !== undefined) found = keepSilent(found, now().getTime() - query.stale * msOfDay)
    return found
  }

  /** So many of these, in the order of names, after so many. */
  function inOrder(bits: Bits, total: number, skip: number, take: number): number[] {
    if (!terms.isOrdered()) terms.orderLater()
    const isSorted = terms.isOrdered() ? total * walked <= fleet.size() : total <= sortable
    if (isSorted) return terms.sorted(members(bits)).slice(skip, skip + take)
    const rows: number[] = []
    let left = skip
    for (const { ns, from, to } of terms.inOrder(bits)) {
      for (let at = from; at < to; at++) {
        const n = ns[at] ?? 0
        if (has(bits, n) && left-- <= 0) rows.push(n)
      }
      if (rows.length >= take) break
    }
    return rows.slice(0, take)
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
    scratch.begin()
    const text = fold(query.text ?? '').trim()
    const found = filtered(query, visible)
    const exact = emptySet()
    terms.named(text, true, (n) => add(exact, n))
    intersect(exact, found)
    if (query.stale === undefined) hideInactive(found, query.held ?? [])

    const byOwner = emptySet()
    const byId = emptySet()
    const isNumber = telephoneNumber.test(text)
    const words = isNumber ? [digitsOf(text)] : wordsOf(text)
    if (text !== '' && words.length === 0) found.words.fill(0)
    for (const word of words) narrow(found, word, isNumber, byOwner, byId)
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
      for (const groups of [...Object.values(texts).map(({ groups }) => groups), spans, owned]) groups.touch(n)
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

/** The fourteen days that a time lies in, counted from one up; what lies further away belongs to the first or the last ones. */
const spanOf = (time: number) => Math.min(Math.max(1, Math.floor(dayOf(time) / 14)), lastSpan)
/** In the year 2246. */
const lastSpan = 7_200
