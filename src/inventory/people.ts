import { distance } from 'fastest-levenshtein'
import { add, type Bits, createBits, has, intersect, members } from './bits.ts'
import type { Visible } from './collections.ts'
import type { Owner } from './device.ts'
import type { Fleet } from './fleet.ts'
import type { Terms } from './terms.ts'
import { fold, wordsOf } from './words.ts'

interface Parts {
  readonly fleet: Fleet
  readonly terms: Terms
  /** The devices of these collections, in a set of its own. */
  readonly seen: (visible: Visible) => Bits
}

const mostPeople = 25
const mostGuesses = 3
/** So many texts are compared with a word that may be misspelt. */
const mostCompared = 40_000

/** Finds owners of devices that one may see. */
export function createPeople({ fleet, terms, seen }: Parts) {
  const { owners } = fleet

  function isSeen(o: number, bits: Bits): boolean {
    let found = false
    fleet.eachOf(o, (n) => {
      found ||= has(bits, n)
    })
    return found
  }

  /** Owners of whom, for each of these words, something is just that or begins with it. */
  function called(words: readonly string[], exactly: boolean): Bits {
    const [all = createBits(), ...others] = words.map((word) => {
      const bits = createBits()
      if (exactly) terms.people.equal(word, (o) => add(bits, o))
      else terms.people.addStarting(word, bits)
      return bits
    })
    for (const other of others) intersect(all, other)
    return all
  }

  function withAccount(id: string): Bits {
    const bits = createBits()
    terms.accounts.equal(fold(id), (o) => add(bits, o))
    return bits
  }

  function firstSeen(bits: Bits, sees: Bits, passes: (owner: Owner) => boolean = () => true): Owner[] {
    const found: Owner[] = []
    for (const o of members(bits)) {
      if (!isSeen(o, sees)) continue
      const owner = owners.get(o)
      if (passes(owner)) found.push(owner)
      if (found.length === mostPeople) break
    }
    return found.sort((a, b) => (a.displayName < b.displayName ? -1 : 1))
  }

  /** How far owners are from a word that may be misspelt; absent when too far. */
  function distancesTo(word: string): Map<number, number> {
    const limit = word.length < 5 ? 1 : 2
    const found = new Map<number, number>()
    let left = mostCompared
    for (const start of startsNear(word)) {
      if (left <= 0) break
      for (const { o, text } of terms.people.starting(start)) {
        if (left-- <= 0) break
        const far = distance(word, text.replace(/@.*/, ''))
        if (far <= limit) found.set(o, Math.min(far, found.get(o) ?? far))
      }
    }
    return found
  }

  return {
    /** Owners of just this display name, address, user or Entra object id; without one, those whose words begin so. At most 25. */
    people(text: string, visible: Visible): Owner[] {
      const sees = seen(visible)
      const words = wordsOf(text)
      const wanted = fold(text).trim()
      const account = firstSeen(withAccount(wanted), sees)
      if (account.length > 0) return account
      const exact = firstSeen(called(words, true), sees, ({ displayName, mail, upn, alias, name }) =>
        [displayName, mail, upn, alias, name].some((one) => one !== undefined && fold(one) === wanted),
      )
      return exact.length > 0 ? exact : firstSeen(called(words, false), sees)
    },

    /** The owner with this Entra object id. */
    person(id: string): Owner | undefined {
      const [o] = members(withAccount(id))
      return o === undefined ? undefined : owners.get(o)
    },

    /** Display names of those who may have been meant by a misspelt text, the nearest first; the cost is bounded. */
    suggest(text: string, visible: Visible): string[] {
      const sees = seen(visible)
      const words = wordsOf(text).filter((word) => word.length >= 3)
      const distances = words.map(distancesTo)
      const far = new Map<number, number>()
      for (const o of distances.flatMap((one) => [...one.keys()]))
        far.set(o, far.get(o) ?? distances.reduce((sum, one) => sum + (one.get(o) ?? 3), 0))
      const names = new Set<string>()
      for (const [o] of [...far].sort(([, a], [, b]) => a - b)) {
        if (names.size === mostGuesses) break
        if (isSeen(o, sees)) names.add(owners.get(o).displayName)
      }
      return [...names]
    },
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyz'

/** What a word may begin with when one of its first letters is wrong, missing, too many or swapped; the likeliest first. */
function startsNear(word: string): Iterable<string> {
  const [a = '', b = '', c = '', d = ''] = word
  const any = [...letters]
  return new Set([
    a + b + c,
    b + a + c,
    a + c + b,
    a + b + d,
    a + c + d,
    b + c + d,
    ...any.flatMap((x) => [a + b + x, a + x + b, a + x + c, x + a + b, x + b + c]),
  ])
}
