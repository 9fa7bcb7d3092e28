import { add, type Bits, has, members } from './bits.ts'
import { nameOf, userOf } from './device.ts'
import type { Fleet } from './fleet.ts'
import { createSorted, type Run, type Sorted } from './sorted.ts'
import { digitsOf, fold, wordsOf } from './words.ts'

/** Takes that in this list this text stands for this device or owner. */
type Take = (list: Sorted, text: string, n: number) => void

export type Terms = ReturnType<typeof createTerms>

/** The texts that devices and owners are found by and that hardly repeat; those that do stand in the fleet's columns. */
export function createTerms(fleet: Fleet) {
  /** Devices by name and the beginning of the Guid, the order in which they are shown: those with a number up to `ordered`. */
  const order = createSorted()
  let ordered = 0
  let isOrdering = false
  /** Devices by Guid, device id, IMEI and telephone number. */
  const ids = createSorted()
  /** Owners by user, mail address, UPN, and each word of the display name: twice their number, and one more by user. */
  const people = createSorted()
  /** Owners by Entra object id. */
  const accounts = createSorted()

  const { guid, deviceId, imei, phone, type } = fleet.columns
  const { mailbox, name, displayName, alias, upn, mail, entraId } = fleet.owners.columns

  const person = (o: number) => ({ alias: alias.get(o), upn: upn.get(o), name: name.get(o) ?? mailbox.get(o) ?? '' })
  const nameFolded = (n: number) => fold(nameOf({ type: type.get(n) ?? '' }, person(fleet.ownerOf(n))))
  /** Sorts by name; the Guid tells apart what has the same, in the same way everywhere. */
  const nameText = (n: number) => [nameFolded(n), guid.get(n)?.slice(0, 8)].join(' ')

  /** Each text once, but none that is empty; the first one may stand for a number of its own. */
  function takeAll(take: Take, list: Sorted, n: number, texts: readonly (string | undefined)[], first = n): void {
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at]
      if (text && texts.indexOf(text) === at) take(list, text, at === 0 ? first : n)
    }
  }

  function ofDevice(n: number, take: Take): void {
    if (!has(fleet.live, n)) return
    const [id, number, line] = [deviceId.get(n), imei.get(n), phone.get(n)]
    if (n <= ordered) take(order, nameText(n), n)
    takeAll(take, ids, n, [guid.get(n), id && fold(id), number && fold(number), line && digitsOf(line)])
  }

  function ofPerson(o: number, take: Take): void {
    if (!has(fleet.owners.live, o)) return
    const [address, login, account] = [mail.get(o), upn.get(o), entraId.get(o)]
    const words = wordsOf(displayName.get(o) ?? mailbox.get(o) ?? '')
    const texts = [fold(userOf(person(o))), address && fold(address), login && fold(login), ...words]
    takeAll(take, people, 2 * o, texts, 2 * o + 1)
    if (account) take(accounts, fold(account), o)
  }

  /** Takes the next thousand devices into the order; false when all are in it. */
  function orderMore(): boolean {
    if (ordered >= fleet.highest()) {
      ordered = Number.POSITIVE_INFINITY
      return false
    }
    for (const end = ordered + 1000; ordered < end; ) {
      ordered += 1
      if (has(fleet.live, ordered)) order.add(nameText(ordered), ordered)
    }
    return true
  }

  return {
    ids,
    people: {
      /** Adds those of whom something begins with this text. */
      addStarting(text: string, bits: Bits): void {
        for (const { ns, from, to } of people.starting(text))
          for (let at = from; at < to; at++) add(bits, (ns[at] ?? 0) >>> 1)
      },
      /** The same with what begins so. */
      *starting(text: string): Iterable<{ o: number; text: string }> {
        for (const { texts, ns, from, to } of people.starting(text))
          for (let at = from; at < to; at++) yield { o: (ns[at] ?? 0) >>> 1, text: texts[at] ?? '' }
      },
      equal: (text: string, visit: (o: number) => void) => people.equal(text, (entry) => visit(entry >>> 1)),
    },
    accounts,
    /** These devices in the order in which they are shown. */
    sorted(devices: Iterable<number>): number[] {
      const texts = Array.from(devices, (n) => ({ n, text: nameText(n) }))
      texts.sort((a, b) => (a.text < b.text || (a.text === b.text && a.n < b.n) ? -1 : 1))
      return texts.map(({ n }) => n)
    },

    /** Devices whose name begins with this text, or is just this. */
    named(text: string, exactly: boolean, visit: (n: number) => void): void {
      for (let at = text.indexOf('_'); at >= 0; at = text.indexOf('_', at + 1))
        people.equal(text.slice(0, at), (entry) => {
          if (entry % 2 === 0) return
          fleet.eachOf(entry >>> 1, (n) => {
            const rest = fold(type.get(n) ?? '')
            if (exactly ? rest === text.slice(at + 1) : rest.startsWith(text.slice(at + 1))) visit(n)
          })
        })
    },

    /** Whether all devices are in the order. */
    isOrdered: () => ordered === Number.POSITIVE_INFINITY,

    /** Puts all devices in the order, a thousand whenever there is nothing else to do. */
    orderLater(): void {
      if (isOrdering) return
      isOrdering = true
      const next = () => {
        if (orderMore()) setImmediate(next)
      }
      setImmediate(next)
    },

    /** Devices in the order in which they are shown, these at least. */
    inOrder(among: Bits): Iterable<Run> {
      while (orderMore());
      return order.walk(among)
    },

    /** Does something that changes what these devices and owners are found by, in a list that may grow by it. */
    changing(devices: number[], owners: number[], change: () => void): void {
      const collect = () => {
        const terms: [Sorted, string, number][] = []
        const take: Take = (...term) => terms.push(term)
        for (const n of new Set(devices)) ofDevice(n, take)
        for (const o of new Set(owners)) ofPerson(o, take)
        return terms
      }
      const before = collect()
      change()
      const now = collect()
      if (before.length === 0) {
        for (const [list, text, n] of now) list.add(text, n)
        return
      }
      const isIn = (terms: typeof now, [list, text, n]: (typeof now)[number]) =>
        terms.some((term) => term[0] === list && term[1] === text && term[2] === n)
      for (const term of before) if (!isIn(now, term)) term[0].remove(term[1], term[2])
      for (const term of now) if (!isIn(before, term)) term[0].add(term[1], term[2])
    },

    /** Takes in all that the fleet has, for the first time. */
    fill(): void {
      const take: Take = (list, text, n) => list.add(text, n)
      for (const n of members(fleet.live)) ofDevice(n, take)
      for (const o of members(fleet.owners.live)) ofPerson(o, take)
    },
  }
}
