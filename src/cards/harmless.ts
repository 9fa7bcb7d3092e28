const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Longest texts, in characters, by where they stand. */
export interface Limits {
  readonly row: number
  readonly text: number
  readonly other: number
}

/**
 * Data as it may be drawn: what is private is dropped where others read along, and every text is cut to a length and loses
 * what could act in a card: control and bidirectional characters, and the braces of the date functions that clients expand.
 * Markdown is no concern here, since templates show such text in a TextRun, which does not read it.
 */
export const harmless = (data: object, shared: boolean, limits: Limits) =>
  shownOf({ ...data }, shared, limits, limits.other)

function shownOf(value: unknown, shared: boolean, limits: Limits, most: number): unknown {
  if (typeof value === 'string') return textOf(value, most)
  if (Array.isArray(value))
    return value.filter((item) => isShown(item, shared)).map((item) => shownOf(item, shared, limits, most))
  if (!isObject(value)) return value
  const shown: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const inner = value[key]
    const limit = key === 'rows' ? limits.row : key === 'text' ? limits.text : most
    if (key === 'press') shown[key] = inner
    else if (key === 'at') shown[key] = String(inner).replace(fraction, '')
    else if (isShown(inner, shared)) shown[key] = shownOf(inner, shared, limits, limit)
  }
  return shown
}

/** A moment stands where clients expand functions and read Markdown, so that it has to be one. */
const isShown = (value: unknown, shared: boolean) =>
  !isObject(value) || (!(shared && value.private === true) && (typeof value.at !== 'string' || moment.test(value.at)))

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
/** Clients do not take a moment with fractions of a second. */
const fraction = /\.\d+/
const clean = /^[\x20-\x7e]*$/
/** Control and format characters and lone surrogates, but for the joiners that emoji and some scripts are written with. */
const acting = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const brace = /\{(?=\{)/g

function textOf(value: string, most: number): string {
  const seemly = clean.test(value) ? value : value.replace(acting, ' ')
  const safe = seemly.includes('{{') ? seemly.replace(brace, '{\u2060') : seemly
  const letters = safe.length > most ? [...safe] : []
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : safe
}

/** For the places that clients read as Markdown whatever one does: without what means something in it. */
export const plain = (value: unknown) =>
  [
    ...String(value)
      .replace(/[[\]()<>*~`#|\\!]|:\/\/|\bwww\.|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  ]
    .slice(0, 500)
    .join('')
