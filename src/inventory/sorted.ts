/** Texts in order, each with the number of what it names; finds all that begin with a text. */
export interface Sorted {
  add(text: string, n: number): void
  remove(text: string, n: number): void
  /** Replaces everything; far cheaper than adding one by one. */
  fill(texts: readonly string[], ns: readonly number[]): void
  /** From the first entry that is not before `from`, in order, until `visit` returns false. */
  walk(from: string, visit: (n: number, text: string) => boolean): void
  /** All that begin with this text, in order. */
  starting(text: string, visit: (n: number, text: string) => void): void
  /** All that are this text. */
  equal(text: string, visit: (n: number) => void): void
}

interface Block {
  readonly texts: string[]
  readonly ns: number[]
}

const fullBlock = 1024
const freshBlock = 640
/** So few are sorted as texts. */
const fewTexts = 24

const before = (a: string, n: number, b: string, m: number) => a < b || (a === b && n < m)

/**
 * Keeps the entries in blocks, so that to add one moves only its neighbours. Texts are ordered by code units, equal ones
 * by number.
 */
export function createSorted(): Sorted {
  let blocks: Block[] = []

  /** The last block that does not begin after this entry. */
  function blockOf(text: string, n: number): number {
    let low = 0
    let high = blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      const { texts, ns } = blocks[middle] ?? { texts: [], ns: [] }
      if (before(text, n, texts[0] ?? '', ns[0] ?? 0)) high = middle - 1
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
      if (before(texts[middle] ?? '', ns[middle] ?? 0, text, n)) low = middle + 1
      else high = middle
    }
    return low
  }

  function walk(from: string, visit: (n: number, text: string) => boolean): void {
    for (let at = blockOf(from, -1); at < blocks.length; at++) {
      const block = blocks[at]
      if (block === undefined) return
      const { texts, ns } = block
      for (let place = placeIn(block, from, -1); place < texts.length; place++)
        if (!visit(ns[place] ?? 0, texts[place] ?? '')) return
    }
  }

  return {
    walk,

    add(text, n) {
      const at = blockOf(text, n)
      const block = blocks[at]
      if (block === undefined) {
        blocks.push({ texts: [text], ns: [n] })
        return
      }
      const place = placeIn(block, text, n)
      block.texts.splice(place, 0, text)
      block.ns.splice(place, 0, n)
      if (block.texts.length > fullBlock) {
        const half = fullBlock / 2
        blocks.splice(at + 1, 0, { texts: block.texts.splice(half), ns: block.ns.splice(half) })
      }
    },

    remove(text, n) {
      const at = blockOf(text, n)
      const block = blocks[at]
      if (block === undefined) return
      const place = placeIn(block, text, n)
      if (block.texts[place] !== text || block.ns[place] !== n) return
      block.texts.splice(place, 1)
      block.ns.splice(place, 1)
      if (block.texts.length === 0) blocks.splice(at, 1)
    },

    fill(texts, ns) {
      const order = orderOf(texts, ns)
      blocks = []
      for (let at = 0; at < order.length; at += freshBlock) {
        const part = order.slice(at, at + freshBlock)
        blocks.push({
          texts: Array.from(part, (entry) => texts[entry] ?? ''),
          ns: Array.from(part, (entry) => ns[entry] ?? 0),
        })
      }
    },

    equal(text, visit) {
      walk(text, (n, found) => {
        if (found === text) visit(n)
        return found === text
      })
    },

    starting(text, visit) {
      for (let at = blockOf(text, -1); at < blocks.length; at++) {
        const block = blocks[at]
        if (block === undefined) return
        const { texts, ns } = block
        const all = texts.at(-1)?.startsWith(text)
        for (let place = placeIn(block, text, -1); place < texts.length; place++) {
          if (!all && !texts[place]?.startsWith(text)) return
          visit(ns[place] ?? 0, texts[place] ?? '')
        }
      }
    },
  }
}

/**
 * The places of the texts in their order. Two letters at a time are packed with the place into one number, since numbers
 * sort many times faster than texts do; what is still equal then is sorted by the letters that follow.
 */
function orderOf(texts: readonly string[], ns: readonly number[]): Uint32Array {
  const order = Uint32Array.from(texts.keys())
  const compare = (a: number, b: number) => (before(texts[a] ?? '', ns[a] ?? 0, texts[b] ?? '', ns[b] ?? 0) ? -1 : 1)

  function sort(from: number, to: number, letter: number): void {
    const packed = new Uint32Array(2 * (to - from))
    for (let at = from; at < to; at++) {
      const place = order[at] ?? 0
      const text = texts[place] ?? ''
      packed[2 * (at - from)] = place
      packed[2 * (at - from) + 1] = (text.charCodeAt(letter) << 16) | (text.charCodeAt(letter + 1) | 0)
    }
    new BigUint64Array(packed.buffer).sort()
    for (let at = from; at < to; at++) order[at] = packed[2 * (at - from)] ?? 0
    for (let start = from, end = from + 1; start < to; start = end++) {
      const letters = packed[2 * (start - from) + 1]
      while (end < to && packed[2 * (end - from) + 1] === letters) end++
      if (end - start > fewTexts && letters !== 0) sort(start, end, letter + 2)
      else if (end - start > 1) order.set(Array.from(order.subarray(start, end)).sort(compare), start)
    }
  }
  sort(0, order.length, 0)
  return order
}
