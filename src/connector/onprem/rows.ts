import type { Row } from '../transport.ts'
import { type Clixml, type ClixmlObject, isObject, numberOf, type Primitive, textOf } from './clixml.ts'

/** Objects within objects within a row; references can go in circles. */
const maxDepth = 8

const numbers = new Set(['By', 'SB', 'I16', 'U16', 'I32', 'U32', 'I64', 'U64', 'Sg', 'Db'])

/** An xs:duration in .NET's form, which the REST door shows too: `P90DT15M` is `90.00:15:00`. */
function timeSpan(duration: string) {
  const parts = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d+)?S)?)?$/.exec(duration)
  if (!parts) return duration
  const [, sign = '', days = '0', hours = '0', minutes = '0', seconds = '0', fraction = ''] = parts
  const two = (text: string) => text.padStart(2, '0')
  const rest = fraction && `.${fraction.slice(1).padEnd(7, '0')}`
  return `${sign}${days === '0' ? '' : `${days}.`}${two(hours)}:${two(minutes)}:${two(seconds)}${rest}`
}

function plainPrimitive({ tag, text }: Primitive): unknown {
  if (tag === 'TS') return timeSpan(text)
  if (tag === 'C') return String.fromCharCode(Number(text))
  if (!numbers.has(tag)) return text
  const number = Number(text)
  return Number.isFinite(number) && (Number.isSafeInteger(number) || !tag.endsWith('64')) ? number : text
}

/** An enum shows its name, whether or not it still carries its type. */
const isEnum = ({ types, value, text }: ClixmlObject) =>
  text !== undefined &&
  numberOf(value) !== undefined &&
  (types.some((type) => type.endsWith('System.Enum')) || Number.isNaN(Number(text)))

function plain(value: Clixml, depth: number): unknown {
  if (value === null || typeof value !== 'object') return value
  if (!isObject(value)) return plainPrimitive(value)
  if (depth >= maxDepth) return value.text ?? null
  if (value.items) return value.items.map((item) => plain(item, depth + 1))
  if (value.entries)
    return Object.fromEntries(value.entries.map(([key, item]) => [textOf(key) ?? '', plain(item, depth + 1)]))
  if (value.value !== undefined && !isEnum(value)) return plain(value.value, depth + 1)
  return value.text ?? propertiesOf(value, depth)
}

function propertiesOf(of: ClixmlObject, depth: number): Record<string, unknown> {
  const properties: Record<string, unknown> = isObject(of.value) ? propertiesOf(of.value, depth + 1) : {}
  for (const [name, value] of of.adapted) set(properties, name, plain(value, depth + 1))
  for (const [name, value] of of.extended) set(properties, spelling(of.adapted, name), plain(value, depth + 1))
  return properties
}

/** A name such as `__proto__` is a property like any other. */
const set = (properties: Record<string, unknown>, name: string, value: unknown) => {
  if (name === '__proto__') Object.defineProperty(properties, name, { value, enumerable: true })
  else properties[name] = value
}

/** How an adapted property of this name is spelled; names have no case in PowerShell, and the extended one wins. */
function spelling(adapted: ReadonlyMap<string, Clixml>, name: string) {
  if (adapted.has(name)) return name
  const wanted = name.toLowerCase()
  for (const key of adapted.keys()) if (key.length === name.length && key.toLowerCase() === wanted) return key
  return name
}

/** One object of a pipeline's output, as the REST door would show it; a bare value becomes the property `Value`. */
export const toRow = (value: Clixml): Row =>
  isObject(value) && (value.adapted.size > 0 || value.extended.size > 0 || isObject(value.value))
    ? propertiesOf(value, 0)
    : { Value: plain(value, 0) }
