const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Longest texts by where they stand, in characters: a list of ten rows stays far under 25 KB in any script. */
const inRow = 60
const inFact = 400
const inText = 2000

/**
 * Data as it may be drawn: what is private is dropped where others read along, and every text loses what could act in a
 * card: control and bidirectional characters, and the braces of the date functions that clients expand. Markdown is no
 * concern here, since templates show such text in a TextRun, which does not read it.
 */
export function harmless(value: unknown, shared: boolean, most = inFact): unknown {
  if (typeof value === 'string') return textOf(value, most)
  if (Array.isArray(value))
    return value
      .filter((item) => !(shared && isObject(item) && item.private === true))
      .map((item) => harmless(item, shared, most))
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, inner]) => {
    if (key === 'press') return [key, inner]
    const limit = key === 'rows' ? inRow : key === 'text' ? inText : most
    return [key, harmless(inner, shared, limit)]
  })
  return Object.fromEntries(entries)
}

const moment = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$/
const acting = /[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu

function textOf(value: string, most: number): string {
  const safe = value.replace(moment, '$1Z').replace(acting, ' ').replaceAll('{{', '{\u2060{')
  const letters = safe.length > most ? [...safe] : []
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : safe
}

/** For the places that clients read as Markdown whatever one does: without the characters that mean something in it. */
export const plain = (value: unknown) =>
  String(value ?? '')
    .replace(/[[\]()<>*_~`#|\\]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 500)
