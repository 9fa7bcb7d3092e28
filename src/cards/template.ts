import { Template } from 'adaptivecards-templating'

interface Scope {
  readonly $root: unknown
  readonly $data: unknown
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/**
 * Makes a template of Microsoft's templating language ready to be filled with data. Their engine takes about a microsecond
 * for each expression, and somebody waits for the card: what merely names a value is read directly. The engine gets the rest,
 * with the data of its place for a root.
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
  if (Array.isArray(node)) {
    const items = node.map(fillerOf)
    return (scope) => items.flatMap((item) => item(scope) ?? [])
  }
  const { $data, $when, ...rest } = node
  const whole = fillObject(rest)
  const guarded = $when === undefined ? whole : onlyWhen($when, whole)
  return $data === undefined ? guarded : forEach(fillerOf($data), guarded)
}

function fillObject(node: object): Fill {
  const entries = Object.entries(node).map(([key, inner]) => [key, fillerOf(inner)] as const)
  return (scope) => {
    const filled: Record<string, unknown> = {}
    for (const [key, fill] of entries) filled[key] = fill(scope)
    return filled
  }
}

/** Without a value where the condition does not hold, which a list leaves out. */
function onlyWhen($when: unknown, fill: Fill): Fill {
  const [, asked] = String($when).match(/^\$\{exists\((.*)\)\}$/) ?? []
  if (asked !== undefined && name.test(asked)) {
    const value = valueAt(asked)
    return (scope) => ((value(scope) ?? undefined) === undefined ? undefined : fill(scope))
  }
  const condition = new Template({ $when, holds: true })
  return (scope) => (condition.expand({ $root: scope.$data }) === null ? undefined : fill(scope))
}

function forEach(data: Fill, fill: Fill): Fill {
  return (scope) => {
    const $data = data(scope)
    return Array.isArray($data)
      ? $data.flatMap((item) => fill({ $root: scope.$root, $data: item }) ?? [])
      : fill({ $root: scope.$root, $data })
  }
}

const name = /^(\$root\.)?[a-z]\w*(\.[a-z]\w*)*$/i

function fillText(text: string): Fill {
  const [first = '', ...others] = text.split(/\$\{([^}]*)\}/)
  const names = others.filter((_, index) => index % 2 === 0)
  const between = others.filter((_, index) => index % 2 === 1)
  if (!names.every((one) => name.test(one))) {
    const engine = new Template(text)
    return (scope) => engine.expand({ $root: scope.$data })
  }
  const values = names.map(valueAt)
  const [only] = values
  if (only !== undefined && text === `\${${names[0]}}`) return only
  return (scope) => values.reduce((line, value, index) => `${line}${value(scope) ?? ''}${between[index]}`, first)
}

function valueAt(path: string): Fill {
  const keys = path.replace('$root.', '').split('.')
  const from = path.startsWith('$root.') ? '$root' : '$data'
  return (scope) => keys.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), scope[from])
}
