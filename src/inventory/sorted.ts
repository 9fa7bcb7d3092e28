import { type Bits, count, each } from './bits.ts'
import { numbers } from './columns.ts'

/** Texts in order, each with the number of what it names; finds all that begin with a text. */
export interface Sorted {
  add(text: string, n: number): void
  remove(text: string, n: number): void
  /** All, in order; where each number has one text, runs without any of these numbers may be left out. */
  walk(among: Bits): Iterable<Run>
  /** All that begin with this text, in no order. */
  starting(text: string): Iterable<Run>
  /** All that are this text. */
  equal(text: string, visit: (n: number) => void): void
}

/** Entries side by side. */
interface Block {
  readonly texts: string[]
  readonly ns: number[]
}

/** Those of a block from one place up to another: where many are visited, a call for each would cost more than the visit. */
export interface Run extends Readonly<Block> {
  readonly from: number
  readonly to: number
}

/** What the entries of these runs name. */
export function* numbersIn(runs: Iterable<Run>): Iterable<number> {
  for (const { ns, from, to } of runs) for (let at = from; at < to; at++) yield ns[at] ?? 0
}

/** The entries whose texts begin with the same two letters: in the order in which they came, or sorted and cut into blocks. */
interface Drawer {
  /** From 0 to 255. */
  readonly mark: number
  isSorted: boolean
  /** How often it was searched before that. */
  searched: number
  blocks: Block[]
}

const fullBlock = 1024
const freshBlock = 640
/** A drawer is searched from end to end so often before it is sorted, which takes as long as some five searches. */
const patience = 4
/** For so many it is worth while to see which drawers they are in. */
const few = 100_000

const isBefore = (a: string, n: number, b: string, m: number) => a < b || (a === b && n < m)
/** The first two letters as a number that sorts as they do. */
const keyOf = (text: string) => (text.charCodeAt(0) || 0) * 0x10000 + (text.charCodeAt(1) || 0)

/**
 * Keeps entries in drawers by their first letters. A drawer is sorted once it was searched some times and then kept so, in
 * blocks, where to add one moves only its neighbours: to fill it costs little, and nobody waits for the order of all.
 * Texts are ordered by their code units, equal ones by their numbers.
 */
export function createSorted(): Sorted {
  const drawers = new Map<number, Drawer>()
  /** The mark of the drawer that each number was last put into. */
  const marks = numbers((length) => new Uint8Array(length))
  /** In order; to be made anew after a new one. */
  let keys: number[] | undefined

  const orderedKeys = () => {
    keys ??= [...drawers.keys()].sort((a, b) => a - b)
    return keys
  }

  function sort(drawer: Drawer): Drawer {
    const [all] = drawer.blocks
    if (drawer.isSorted || all === undefined) return drawer
    const order = sortedPlaces(all)
    drawer.blocks = []
    for (let at = 0; at < order.length; at += freshBlock)
      drawer.blocks.push(blockOf(all, order.slice(at, at + freshBlock)))
    drawer.isSorted = true
    return drawer
  }

  /** The last block that does not begin after this entry. */
  function blockFor({ blocks }: Drawer, text: string, n: number): number {
    let low = 0
    let high = blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      const block = blocks[middle]
      if (isBefore(text, n, block?.texts[0] ?? '', block?.ns[0] ?? 0)) high = middle - 1
      else low = middle
    }
    return low
  }

  /** The place of this entry in a block, or where it would be. */
  function placeIn({ texts, ns }: Block, text: string, n: number): number {
    let low = 0
    let high = texts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(texts[middle] ?? '', ns[middle] ?? 0, text, n)) low = middle + 1
      else high = middle
    }
    return low
  }

  /**
   * The first place in a block, from this one on, after those that begin with this text. Texts lie apart in memory and mostly
   * few begin so: they are looked at in steps that double.
   */
  function endIn({ texts }: Block, text: string, from: number): number {
    let low = from
    let step = 1
    while (texts[low + step - 1]?.startsWith(text)) {
      low += step
      step *= 2
    }
    let high = Math.min(low + step - 1, texts.length)
    while (low < high) {
      const middle = (low + high) >>> 1
      if (texts[middle]?.startsWith(text)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** What begins with this text in its drawer; in a sorted one, what is just that comes first. */
  function* search(drawer: Drawer | undefined, text: string): Iterable<Run> {
    if (drawer === undefined) return
    const [all] = drawer.blocks
    if (!drawer.isSorted && all !== undefined && ++drawer.searched <= patience) {
      const places: number[] = []
      for (let at = 0; at < all.texts.length; at++) if (all.texts[at]?.startsWith(text)) places.push(at)
      yield whole(blockOf(all, places))
      return
    }
    const { blocks } = sort(drawer)
    const first = blockFor(drawer, text, -1)
    for (let at = first; at < blocks.length; at++) {
      const block = blocks[at]
      if (block === undefined) return
      const from = at === first ? placeIn(block, text, -1) : 0
      const to = block.texts.at(-1)?.startsWith(text) ? block.texts.length : endIn(block, text, from)
      yield { ...block, from, to }
      if (to < block.texts.length) return
    }
  }

  return {
    add(text, n) {
      const key = keyOf(text)
      const drawer = drawers.get(key)
      if (drawer === undefined) {
        const mark = drawers.size % 256
        drawers.set(key, { mark, isSorted: false, searched: 0, blocks: [{ texts: [text], ns: [n] }] })
        marks.set(n, mark)
        keys = undefined
        return
      }
      marks.set(n, drawer.mark)
      const at = drawer.isSorted ? blockFor(drawer, text, n) : 0
      const block = drawer.blocks[at]
      if (block === undefined) return
      if (!drawer.isSorted) {
        block.texts.push(text)
        block.ns.push(n)
        return
      }
      const place = placeIn(block, text, n)
      block.texts.splice(place, 0, text)
      block.ns.splice(place, 0, n)
      if (block.texts.length > fullBlock) {
        const half = fullBlock / 2
        drawer.blocks.splice(at + 1, 0, { texts: block.texts.splice(half), ns: block.ns.splice(half) })
      }
    },

    remove(text, n) {
      const key = keyOf(text)
      const drawer = drawers.get(key)
      if (drawer === undefined) return
      const at = blockFor(sort(drawer), text, n)
      const block = drawer.blocks[at]
      if (block === undefined) return
      const place = placeIn(block, text, n)
      if (block.texts[place] !== text || block.ns[place] !== n) return
      block.texts.splice(place, 1)
      block.ns.splice(place, 1)
      if (block.texts.length === 0) drawer.blocks.splice(at, 1)
      if (drawer.blocks.length > 0) return
      drawers.delete(key)
      keys = undefined
    },

    *walk(among) {
      const wanted = new Uint8Array(256)
      const isFew = count(among) <= few
      if (isFew)
        each(among, (n) => {
          wanted[marks.get(n)] = 1
        })
      for (const key of orderedKeys()) {
        const drawer = drawers.get(key)
        if (drawer === undefined || (isFew && wanted[drawer.mark] === 0)) continue
        for (const block of sort(drawer).blocks) yield whole(block)
      }
    },

    *starting(text) {
      const [first, end] = [keyOf(text), text.length === 1 ? keyOf(text) + 0xffff : keyOf(text)]
      if (text.length > 2) yield* search(drawers.get(first), text)
      else if (text !== '')
        for (const key of orderedKeys())
          if (key >= first && key <= end) for (const block of drawers.get(key)?.blocks ?? []) yield whole(block)
    },

    equal(text, visit) {
      const drawer = drawers.get(keyOf(text))
      for (const { texts, ns, from, to } of search(drawer, text))
        for (let place = from; place < to; place++) {
          if (texts[place] === text) visit(ns[place] ?? 0)
          else if (drawer?.isSorted) return
        }
    },
  }
}

/** What stands at these places. */
const blockOf = ({ texts, ns }: Block, places: readonly number[]): Block => ({
  texts: shared(places.map((place) => texts[place] ?? '')),
  ns: places.map((place) => ns[place] ?? 0),
})

const whole = (block: Block): Run => ({ ...block, from: 0, to: block.texts.length })

/** The places of texts in their order. */
function sortedPlaces({ texts, ns }: Block): number[] {
  const places = Array.from(texts.keys())
  return places.sort((a, b) => (isBefore(texts[a] ?? '', ns[a] ?? 0, texts[b] ?? '', ns[b] ?? 0) ? -1 : 1))
}

/** Keeps texts that are equal once, in a list where they are neighbours. */
function shared(texts: string[]): string[] {
  for (let at = 1; at < texts.length; at++) if (texts[at] === texts[at - 1]) texts[at] = texts[at - 1] ?? ''
  return texts
}
