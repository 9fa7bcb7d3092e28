const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Longest texts by where they stand, in characters: a list of ten rows stays under 25 KB in any script. */
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
    return value.filter((item) => isShown(item, shared)).map((item) => harmless(item, shared, most))
  if (!isObject(value)) return value
  const shown: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value))
    if (isShown(inner, shared))
      shown[key] =
        key === 'press' ? inner : harmless(inner, shared, key === 'rows' ? inRow : key === 'text' ? inText : most)
  return shown
}

/** A moment stands where clients expand functions and read Markdown, so that it has to be one. */
const isShown = (value: unknown, shared: boolean) =>
  !isObject(value) || (!(shared && value.private === true) && (typeof value.at !== 'string' || moment.test(value.at)))

const moment = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z$/
/** Control and format characters and lone surrogates, but for the joiners that emoji and some scripts are written with. */
const acting = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const brace = /\{(?=\{)/g

function textOf(value: string, most: number): string {
  const safe = value.replace(moment, '$1Z').replace(acting, ' ').replace(brace, '{\u2060')
  const letters = safe.length > most ? [...safe] : []
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : safe
}

/** For the places that clients read as Markdown whatever one does: without what means something in it. */
export const plain = (value: unknown) =>
  [
    ...String(value)
      .replace(/[[\]()<>*~`#|\\!]|:\/\/|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  ]
    .slice(0, 500)
    .join('')
