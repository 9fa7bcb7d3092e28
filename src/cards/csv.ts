import { setImmediate } from 'node:timers/promises'
import type { TableFile } from './card.ts'

/** After so many rows others get a turn. */
const portion = 500

/** What a spreadsheet would take for a formula ("CSV Injection", OWASP), also in its full-width form. */
const formula = /^[=+\-@＝＋－＠\t\r\n]/
const controls = /\p{Cc}+/gu
const special = /[",;]/

/** One cell: a text that a spreadsheet shows and never runs. */
export function cellOf(text: string): string {
  const shown = (formula.test(text) ? `'${text}` : text).replace(controls, ' ')
  return special.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown
}

const lineOf = (cells: readonly string[]) => `${cells.map(cellOf).join(',')}\r\n`

/** The table as comma-separated values (RFC 4180), piece by piece; the mark at its head tells Excel that it is UTF-8. */
export async function* csvOf({ columns, rows }: TableFile): AsyncIterable<string> {
  let piece = `\uFEFF${lineOf(columns)}`
  let count = 0
  for (const row of rows()) {
    piece += lineOf(row)
    count += 1
    if (count % portion !== 0) continue
    yield piece
    piece = ''
    await setImmediate()
  }
  yield piece
}
