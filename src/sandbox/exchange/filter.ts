import { CmdletError } from './errors.ts'
import type { Column, Columns, PropertyType, Value } from './values.ts'

type Test<T> = (object: T) => boolean
type Literal = string | null

const refuse = (why: string, filter: string, at: number): never => {
  const text = `Cannot bind parameter 'Filter' to the target. Exception setting "Filter": "${why} "${filter}" at position ${at + 1}."`
  throw new CmdletError('argument', text, { type: 'System.Management.Automation.ParameterBindingException' })
}

const token = /\s*(?:(\()|(\))|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|-([a-z]+)\b|([^\s()'"]+))/iy

interface Token {
  readonly at: number
  readonly kind: 'open' | 'close' | 'operator' | 'quoted' | 'word'
  readonly text: string
}

function tokenize(filter: string): readonly Token[] {
  const tokens: Token[] = []
  token.lastIndex = 0
  while (filter.slice(token.lastIndex).trim() !== '') {
    const at = token.lastIndex
    const found = token.exec(filter)
    if (!found) return refuse('The filter has an unmatched quotation mark.', filter, at)
    const [, open, close, single, double, operator, word] = found
    if (open) tokens.push({ at, kind: 'open', text: open })
    else if (close) tokens.push({ at, kind: 'close', text: close })
    else if (operator) tokens.push({ at, kind: 'operator', text: operator.toLowerCase() })
    else if (word) tokens.push({ at, kind: 'word', text: word })
    else tokens.push({ at, kind: 'quoted', text: single?.replaceAll("''", "'") ?? double?.replaceAll('""', '"') ?? '' })
  }
  return tokens
}

/**
 * Reads an OPATH filter over the properties of these columns (filter-properties and recipient-filters of the Exchange
 * PowerShell documentation): comparisons joined by -and, -or, -not and parentheses.
 */
export function parseFilter<T>(filter: string, columns: Columns<T>): Test<T> {
  const byName = new Map(Object.entries(columns).map(([name, column]) => [name.toLowerCase(), column]))
  const tokens = tokenize(filter)
  let next = 0
  const fail = (why: string) => refuse(why, filter, tokens[next]?.at ?? filter.length)
  const take = (kind: Token['kind'], text?: string) => {
    const found = tokens[next]
    if (found?.kind !== kind || (text !== undefined && found.text !== text)) return undefined
    next += 1
    return found
  }

  function either(): Test<T> {
    let test = both()
    while (take('operator', 'or')) {
      const [left, right] = [test, both()]
      test = (object) => left(object) || right(object)
    }
    return test
  }

  function both(): Test<T> {
    let test = one()
    while (take('operator', 'and')) {
      const [left, right] = [test, one()]
      test = (object) => left(object) && right(object)
    }
    return test
  }

  function one(): Test<T> {
    if (take('operator', 'not')) {
      const test = one()
      return (object) => !test(object)
    }
    if (!take('open')) return comparison()
    const test = either()
    return take('close') ? test : fail('A closing parenthesis is missing.')
  }

  function comparison(): Test<T> {
    const name = take('word')?.text ?? fail('A property name was expected.')
    const column = byName.get(name.toLowerCase())
    if (!column) {
      next -= 1
      return fail(
        `"${name}" is not a recognized filterable property. For a complete list of filterable properties see the command help.`,
      )
    }
    const operator = take('operator')?.text ?? fail('An operator was expected.')
    const operand = take('quoted') ?? take('word')
    if (!operand) return fail('A value was expected.')
    const literal =
      operand.kind === 'word' && operand.text.toLowerCase() === '$null' ? null : operand.text.replace(/^\$/, '')
    return (
      compare(column, operator, literal) ??
      fail(`The operator or value of "${name} -${operator} '${operand.text}'" is not valid.`)
    )
  }

  const test = either()
  return next < tokens.length ? fail('The filter goes on where it should end.') : test
}

/** How values of a type are ordered: as numbers, or as text without regard to case. `undefined`: not a value of the type. */
function comparable(type: PropertyType, value: Value | Literal): string | number | null | undefined {
  if (value === null) return null
  if (type === 'DateTime') {
    const time = typeof value === 'number' ? value : Date.parse(String(value))
    return Number.isNaN(time) ? undefined : time
  }
  if (type === 'Int32' || type === 'UInt32') return Number.isNaN(Number(value)) ? undefined : Number(value)
  if (
    typeof type === 'object' &&
    !Object.keys(type.values).some((name) => name.toLowerCase() === String(value).toLowerCase())
  )
    return undefined
  return String(value).toLowerCase()
}

function compare<T>({ type, of }: Column<T>, operator: string, literal: Literal): Test<T> | undefined {
  if (operator === 'like' || operator === 'notlike') {
    const like = pattern(literal)
    if (!like) return undefined
    return operator === 'like' ? (object) => anyOf(of(object), like) : (object) => !anyOf(of(object), like)
  }
  const wanted = comparable(type, literal)
  if (wanted === undefined) return undefined
  const holds = comparisons[operator]
  if (!holds) return undefined
  if (type === 'Strings') {
    const has: Test<T> = (object) => anyOf(of(object), (text) => text === wanted)
    const empty: Test<T> = (object) => of(object)?.toString() === ''
    const test = wanted === null ? empty : has
    if (operator === 'eq') return test
    return operator === 'ne' ? (object) => !test(object) : undefined
  }
  return (object) => holds(comparable(type, of(object)) ?? null, wanted)
}

type Operand = string | number | null

const ordered = (holds: (sign: number) => boolean) => (left: Operand, right: Operand) =>
  left !== null && right !== null && holds(left < right ? -1 : left > right ? 1 : 0)

const comparisons: Readonly<Record<string, (left: Operand, right: Operand) => boolean>> = {
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  lt: ordered((sign) => sign < 0),
  le: ordered((sign) => sign <= 0),
  gt: ordered((sign) => sign > 0),
  ge: ordered((sign) => sign >= 0),
}

const anyOf = (value: Value, test: (text: string) => boolean) =>
  value !== null && (typeof value === 'object' ? value : [String(value)]).some((text) => test(text.toLowerCase()))

/** Exchange Online takes a wildcard at the end only. */
function pattern(literal: Literal) {
  const text = literal?.toLowerCase() ?? '*'
  const stem = text.replace(/\*$/, '')
  if (stem.includes('*')) return undefined
  return text === stem ? (value: string) => value === stem : (value: string) => value.startsWith(stem)
}
