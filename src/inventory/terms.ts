import { has, members } from './bits.ts'
import { nameOf, userOf } from './device.ts'
import type { Fleet } from './fleet.ts'
import { createSorted, type Sorted } from './sorted.ts'
import { digitsOf, fold, wordsOf } from './words.ts'

/** In this list, this text stands for this device or owner. */
type Term = readonly [list: Sorted, text: string, n: number]

export type Terms = ReturnType<typeof createTerms>

/** The texts that devices and owners are found by and that hardly repeat; those that do stand in the fleet's columns. */
export function createTerms(fleet: Fleet) {
  /** Devices by name and the beginning of the Guid: the order in which they are shown. */
  const names = createSorted()
  /** Devices by Guid, device id, IMEI and telephone number. */
  const ids = createSorted()
  /** Owners by user, mail address, UPN, and each word of the display name. */
  const people = createSorted()
  /** Owners by Entra object id. */
  const accounts = createSorted()

  const { guid, deviceId, imei, phone, type } = fleet.columns
  const { mailbox, name, displayName, alias, upn, mail, entraId } = fleet.owners.columns

  const person = (o: number) => ({ alias: alias.get(o), upn: upn.get(o), name: name.get(o) ?? mailbox.get(o) ?? '' })
  const nameFolded = (n: number) => fold(nameOf({ type: type.get(n) ?? '' }, person(fleet.ownerOf(n))))
  /** Sorts by name; the Guid tells apart what has the same, in the same way everywhere. */
  const nameText = (n: number) => [nameFolded(n), guid.get(n)?.slice(0, 8)].join(' ')

  function ofDevice(n: number): Term[] {
    const texts = [guid.get(n), fold(deviceId.get(n) ?? ''), fold(imei.get(n) ?? ''), digitsOf(phone.get(n) ?? '')]
    const terms = [...new Set(texts)].flatMap((text): Term[] => (text ? [[ids, text, n]] : []))
    return [[names, nameText(n), n], ...terms]
  }

  function ofPerson(o: number): Term[] {
    if (!has(fleet.owners.live, o)) return []
    const texts = [userOf(person(o)), mail.get(o) ?? '', upn.get(o) ?? ''].map(fold)
    const words = new Set([...texts, ...wordsOf(displayName.get(o) ?? mailbox.get(o) ?? '')])
    const account = fold(entraId.get(o) ?? '')
    return [
      ...[...words].flatMap((text): Term[] => (text ? [[people, text, o]] : [])),
      ...(account ? [[accounts, account, o] satisfies Term] : []),
    ]
  }

  return {
    names,
    ids,
    people,
    accounts,
    nameFolded,
    nameText,
    ofDevice,
    ofPerson,

    /** What an owner and the names of the owner's devices are found by. */
    ofOwner(o: number): Term[] {
      const terms = ofPerson(o)
      fleet.eachOf(o, (n) => terms.push([names, nameText(n), n]))
      return terms
    },

    /** Takes the terms of before out and the present ones in; most are the same. */
    replace(before: readonly Term[], now: readonly Term[]): void {
      const differs = (others: readonly Term[]) => (term: Term) =>
        !others.some((other) => other[0] === term[0] && other[1] === term[1] && other[2] === term[2])
      for (const [list, text, n] of before.filter(differs(now))) list.remove(text, n)
      for (const [list, text, n] of now.filter(differs(before))) list.add(text, n)
    },

    /** Begins anew with everything that the fleet has. */
    rebuild(): void {
      const lists = new Map(
        [names, ids, people, accounts].map((list) => [list, { texts: [] as string[], ns: [] as number[] }]),
      )
      const collect = ([list, text, n]: Term) => {
        lists.get(list)?.texts.push(text)
        lists.get(list)?.ns.push(n)
      }
      for (const n of members(fleet.live)) ofDevice(n).forEach(collect)
      for (const o of members(fleet.owners.live)) ofPerson(o).forEach(collect)
      for (const [list, { texts, ns }] of lists) list.fill(texts, ns)
    },
  }
}
