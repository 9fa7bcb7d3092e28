import { BotError } from '../errors.ts'
import { fold } from './words.ts'

/** What a rule may ask of a device and its owner. */
export const textFields = [
  'connector',
  'user',
  'mail',
  'type',
  'model',
  'os',
  'state',
  'client',
  'clientVersion',
  'ou',
  'kind',
] as const
const ageField = 'daysSinceSync'

export type TextField = (typeof textFields)[number]
export type Field = TextField | typeof ageField

/** A collection's rule as it was understood. */
export type Rule =
  | { readonly kind: 'and' | 'or'; readonly rules: readonly Rule[] }
  | { readonly kind: 'not'; readonly rule: Rule }
  | {
      readonly kind: 'text'
      readonly field: TextField
      readonly operator: TextOperator
      readonly values: readonly string[]
    }
  | { readonly kind: 'age'; readonly operator: AgeOperator; readonly days: number }

const textOperators = ['=', '!=', 'startsWith', 'contains', 'in'] as const
const ageOperators = ['=', '!=', '<', '<=', '>', '>='] as const
type TextOperator = (typeof textOperators)[number]
type AgeOperator = (typeof ageOperators)[number]

const example = 'os startsWith "iOS 15" and connector = "Contoso"'
const longest = 2000
const deepest = 30

interface Token {
  readonly kind: 'word' | 'text' | 'sign' | 'end'
  readonly text: string
  readonly at: number
}

/** Texts stand in quotes, also in those that keyboards make of them. */
const pattern = /\s*(?:["“”„]((?:[^"“”„\\]|\\.)*)["“”]|(!=|<=|>=|[=<>(),])|([^\s"“”„=!<>(),]+))/uy

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  const end = text.trimEnd().length
  pattern.lastIndex = 0
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex
    const found = pattern.exec(text)
    const at = from + (text.slice(from).search(/\S/) ?? 0)
    if (found === null)
      throw misread(at, String.fromCodePoint(text.codePointAt(at) ?? 32), 'a field, an operator or a text in quotes')
    const [, quoted, sign, word] = found
    if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replace(/\\(.)/gu, '$1'), at })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, at })
    else tokens.push({ kind: 'word', text: word ?? '', at })
  }
  return [...tokens, { kind: 'end', text: '', at: end }]
}

function misread(at: number, found: string, expected: string): BotError {
  const where = found === '' ? 'it ends' : `at character ${at + 1} it says “${found}”`
  return new BotError('RULE_UNREADABLE', `${where} where I expect ${expected}; write for example ${example}.`)
}

/** Reads a rule. Throws RULE_UNREADABLE, which names the place, what was expected there, and an example. */
export function parseRule(text: string): Rule {
  if (text.length > longest) throw misread(longest, text.slice(longest, longest + 1), `at most ${longest} characters`)
  const tokens = tokensOf(text)
  let next = 0

  const token = (): Token => tokens[next] ?? { kind: 'end', text: '', at: text.length }
  const expected = (what: string) => misread(token().at, token().text, what)
  const isAt = (...texts: readonly string[]) => token().kind !== 'text' && texts.includes(token().text.toLowerCase())
  function take(...texts: readonly string[]): boolean {
    const found = isAt(...texts)
    if (found) next += 1
    return found
  }
  /** One of these words or signs, in its own spelling. */
  function choose<T extends string>(choices: readonly T[], what: string): T {
    const choice = choices.find((one) => isAt(one.toLowerCase()))
    if (choice === undefined) throw expected(`${what} (${choices.join(', ')})`)
    next += 1
    return choice
  }

  function chain(kind: 'and' | 'or', part: (depth: number) => Rule, depth: number): Rule {
    const rules = [part(depth)]
    while (take(kind)) rules.push(part(depth))
    return rules.length === 1 && rules[0] !== undefined ? rules[0] : { kind, rules }
  }
  const any = (depth: number): Rule => chain('or', all, depth)
  const all = (depth: number): Rule => chain('and', one, depth)

  function one(depth: number): Rule {
    if (depth > deepest) throw expected('fewer parentheses and nots inside one another')
    if (take('not')) return { kind: 'not', rule: one(depth + 1) }
    if (!take('(')) return comparison()
    const rule = any(depth + 1)
    if (!take(')')) throw expected('“and”, “or” or a closing parenthesis')
    return rule
  }

  function comparison(): Rule {
    const field = choose([...textFields, ageField], 'a field')
    if (field === ageField) {
      const operator = choose(ageOperators, 'an operator')
      const days = Number(token().text)
      if (token().kind === 'end' || !Number.isInteger(days) || days < 0) throw expected('a number of days')
      next += 1
      return { kind: 'age', operator, days }
    }
    const operator = choose(textOperators, 'an operator')
    return { kind: 'text', field, operator, values: operator === 'in' ? list() : [value()] }
  }

  function value(): string {
    const { kind, text } = token()
    if ((kind !== 'text' && kind !== 'word') || text === '' || isAt('and', 'or', 'not', 'in'))
      throw expected('a text in quotes')
    next += 1
    return text
  }

  function list(): string[] {
    if (!take('(')) throw expected('a list such as ("iPhone", "iPad")')
    const values = [value()]
    while (take(',')) values.push(value())
    if (!take(')')) throw expected('a comma or a closing parenthesis')
    return values
  }

  const rule = any(0)
  if (token().kind !== 'end') throw expected('“and”, “or” or the end')
  return rule
}

/** The fields that a rule asks for. */
export function fieldsOf(rule: Rule): ReadonlySet<Field> {
  switch (rule.kind) {
    case 'and':
    case 'or':
      return new Set(rule.rules.flatMap((part) => [...fieldsOf(part)]))
    case 'not':
      return fieldsOf(rule.rule)
    case 'text':
      return new Set([rule.field])
    case 'age':
      return new Set([ageField])
  }
}

/** How a rule reads what it judges. */
export interface Reader<S> {
  readonly text: Readonly<Record<TextField, (subject: S) => string | undefined>>
  /** Whole days since the last sync; `undefined` where that is not known. */
  days(subject: S): number | undefined
}

/** Makes a rule a test. Text is compared without case and accents; what is not known is equal to nothing. */
export function testOf<S>(rule: Rule, reader: Reader<S>): (subject: S) => boolean {
  switch (rule.kind) {
    case 'and':
    case 'or': {
      const tests = rule.rules.map((part) => testOf(part, reader))
      return rule.kind === 'and'
        ? (subject) => tests.every((test) => test(subject))
        : (subject) => tests.some((test) => test(subject))
    }
    case 'not': {
      const test = testOf(rule.rule, reader)
      return (subject) => !test(subject)
    }
    case 'text': {
      const read = reader.text[rule.field]
      const test = remembering(textTest(rule.field, rule.operator, rule.values.map(fold)))
      return (subject) => {
        const text = read(subject)
        return text === undefined ? rule.operator === '!=' : test(text)
      }
    }
    case 'age': {
      const compare = ageTests[rule.operator]
      return (subject) => {
        const days = reader.days(subject)
        return days !== undefined && compare(days, rule.days)
      }
    }
  }
}

const ageTests: Record<AgeOperator, (days: number, than: number) => boolean> = {
  '=': (days, than) => days === than,
  '!=': (days, than) => days !== than,
  '<': (days, than) => days < than,
  '<=': (days, than) => days <= than,
  '>': (days, than) => days > than,
  '>=': (days, than) => days >= than,
}

function textTest(field: TextField, operator: TextOperator, values: readonly string[]): (text: string) => boolean {
  switch (operator) {
    case '=':
    case 'in':
      return (text) => values.includes(text)
    case '!=':
      return (text) => !values.includes(text)
    case 'contains':
      return (text) => values.some((value) => text.includes(value))
    case 'startsWith':
      // The units of a path are compared whole: `contoso.com/Users` does not begin `contoso.com/Users2`.
      if (field === 'ou') return (text) => values.some((value) => `${text}/`.startsWith(value.replace(/\/?$/, '/')))
      return (text) => values.some((value) => text.startsWith(value))
  }
}

const remembered = 10_000

/** Texts repeat: what was found of one is kept for the next. */
function remembering(test: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const result = test(fold(text))
    if (known.size < remembered) known.set(text, result)
    return result
  }
}
