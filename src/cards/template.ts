import { createRequire } from 'node:module'

interface Scope {
  readonly $root: unknown
  readonly $data: unknown
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/**
 * Makes a template of Microsoft's templating language ready to be filled with data. Their engine takes about a microsecond
 * for each expression, and somebody waits for the card: what names a value, or asks a simple question of one, is read
 * directly. The engine gets the rest, with the data of its place for a root.
 */
export function prepare(template: unknown): (data: unknown) => unknown {
  const fill = fillerOf(template)
  return (data) => fill({ $root: data, $data: data })
}

type Fill = (scope: Scope) => unknown

function fillerOf(node: unknown): Fill {
  if (!JSON.stringify(node).includes('$')) return () => node
  if (typeof node === 'string') return fillText(node)
  if (!isObject(node)) return () => node
  if (Array.isArray(node)) return fillList(node)
  const { $data, $when, ...rest } = node
  const whole = fillObject(rest)
  const guarded = $when === undefined ? whole : onlyWhen($when, whole)
  return $data === undefined ? guarded : forEach(fillerOf($data), guarded)
}

function fillObject(node: object): Fill {
  const members = Object.entries(node).map(([key, inner]) => ({ key, fill: fillerOf(inner) }))
  return (scope) => {
    const filled: Record<string, unknown> = {}
    for (const { key, fill } of members) filled[key] = fill(scope)
    return filled
  }
}

/** What an item is filled to may be several. */
function fillList(nodes: readonly unknown[]): Fill {
  const fills = nodes.map(fillerOf)
  return (scope) => {
    const filled: unknown[] = []
    for (const fill of fills) {
      const item = fill(scope)
      if (Array.isArray(item)) filled.push(...item)
      else if (item !== undefined && item !== null) filled.push(item)
    }
    return filled
  }
}

/** Without a value where the condition does not hold, which a list leaves out. */
function onlyWhen($when: unknown, fill: Fill): Fill {
  const holds = fillerOf($when)
  return (scope) => (holds(scope) === false ? undefined : fill(scope))
}

function forEach(data: Fill, fill: Fill): Fill {
  return (scope) => {
    const $data = data(scope)
    return Array.isArray($data)
      ? $data.flatMap((item) => fill({ $root: scope.$root, $data: item }) ?? [])
      : fill({ $root: scope.$root, $data })
  }
}

function fillText(text: string): Fill {
  const [first = '', ...others] = text.split(/\$\{([^}]*)\}/)
  const values = others.filter((_, index) => index % 2 === 0).map(directly)
  const between = others.filter((_, index) => index % 2 === 1)
  if (values.includes(undefined)) return engineFor(text)
  const [only] = values
  if (only !== undefined && first === '' && others.length === 2 && between[0] === '') return only
  return (scope) => values.reduce((line, value, index) => `${line}${value?.(scope) ?? ''}${between[index]}`, first)
}

const path = String.raw`((?:\$root\.)?[a-z]\w*(?:\.[a-z]\w*)*)`
const word = "'([^']*)'"
const whole = (form: string) => new RegExp(`^${form}$`, 'i')
const isThere = (value: unknown) => value !== undefined && value !== null

/** What can be said about a value without the engine. */
const direct: readonly { form: RegExp; says: (value: unknown, word: string) => unknown }[] = [
  { form: whole(path), says: (value) => value },
  { form: whole(`exists\\(${path}\\)`), says: isThere },
  { form: whole(`!exists\\(${path}\\)`), says: (value) => !isThere(value) },
  { form: whole(`count\\(${path}\\) > 0`), says: (value) => Array.isArray(value) && value.length > 0 },
  {
    form: whole(`join\\(${path}, ${word}\\)`),
    says: (value, word) => (Array.isArray(value) ? value.join(word) : undefined),
  },
  { form: whole(`${path} == ${word}`), says: (value, word) => value === word },
  { form: whole(`${path} != ${word}`), says: (value, word) => value !== word },
  { form: whole(`if\\(exists\\(${path}\\), \\1, ${word}\\)`), says: (value, word) => value ?? word },
]

function directly(expression: string): Fill | undefined {
  for (const { form, says } of direct) {
    const [, at, word = ''] = form.exec(expression) ?? []
    if (at === undefined) continue
    const value = valueAt(at)
    return (scope) => says(value(scope), word)
  }
  return undefined
}

const require = createRequire(import.meta.url)

/** The engine takes longer to load than all else of a card: it is loaded, and reads a text, when that is first needed. */
function engineFor(text: string): Fill {
  let template: import('adaptivecards-templating').Template | undefined
  return ({ $data }) => {
    const { Template }: typeof import('adaptivecards-templating') = require('adaptivecards-templating')
    template ??= new Template(text)
    return template.expand({ $root: $data })
  }
}

function valueAt(path: string): Fill {
  const keys = path.replace('$root.', '').split('.')
  const from = path.startsWith('$root.') ? '$root' : '$data'
  return (scope) => {
    let value = scope[from]
    for (const key of keys) value = isObject(value) ? value[key] : undefined
    return value
  }
}
