import { z } from 'zod'

/** Says what is wrong with an argument; `range`: it is of the right type, but out of bounds. */
type Refuse = (why: string, range?: 'range') => never

/** A parameter: how Exchange reads what arrives. */
const parameter = <T>(read: (input: unknown, refuse: Refuse) => T) =>
  z.unknown().transform((input, context) =>
    read(input, (message, range) => {
      context.issues.push({ code: 'custom', input, message, params: { range: range !== undefined } })
      return z.NEVER
    }),
  )

const unfit = (input: unknown, type: string, why = '') =>
  `Cannot convert value "${String(input)}" to type "${type}".${why && ` Error: "${why}"`}`

export const text = parameter((input, refuse) =>
  typeof input === 'string' || typeof input === 'number' ? String(input) : refuse(unfit(input, 'System.String')),
)

/** Text that `null` clears. */
export const clearable = parameter((input, refuse) =>
  input === null || typeof input === 'string' ? (input ?? '') : refuse(unfit(input, 'System.String')),
)

/** Text of at most so many characters; `null` clears it. */
export const insert = (longest: number) =>
  clearable.superRefine((value, context) => {
    if (value.length <= longest) return
    const message = `The length of the property is too long. The maximum length is ${longest} and the length of the value provided is ${value.length}.`
    context.addIssue({ code: 'custom', message, params: { range: true } })
  })

export const bool = parameter((input, refuse) =>
  typeof input === 'boolean'
    ? input
    : refuse(
        unfit(
          typeof input === 'string' ? 'System.String' : input,
          'System.Boolean',
          'Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0.',
        ),
      ),
)

/** A switch: given or not. */
export const flag = bool

export const identity = parameter((input, refuse) =>
  typeof input === 'string' && input.trim() !== ''
    ? input
    : refuse(`Cannot bind argument to parameter because it is ${input === '' ? 'an empty string' : 'null'}.`),
)

/** On a `Get-` cmdlet `null` or an empty text stands for every object, as if it were not given. */
export const anyIdentity = parameter((input, refuse) =>
  input === null || typeof input === 'string' ? (input?.trim() ?? '') : refuse(unfit(input, 'System.String')),
)

export function member<T extends string>(type: {
  readonly name: string
  readonly values: Readonly<Record<T, number>>
}) {
  const names: T[] = []
  for (const name in type.values) names.push(name)
  return parameter((input, refuse): T => {
    const why = `Unable to match the identifier name ${input} to a valid enumerator name. Specify one of the following enumerator names and try again: ${names.join(', ')}`
    return (
      names.find((name) => name.toLowerCase() === String(input).toLowerCase()) ?? refuse(unfit(input, type.name, why))
    )
  })
}

const readInteger = (input: unknown) =>
  typeof input === 'number' || (typeof input === 'string' && /^\s*-?\d+\s*$/.test(input)) ? Number(input) : Number.NaN

const outside = (input: unknown, low: unknown, high: unknown) =>
  `The value "${input}" isn't within the valid range of ${low} through ${high}.`

const within = (value: number, low: number, high: number, refuse: Refuse) =>
  value < low || value > high ? refuse(outside(value, low, high), 'range') : value

export const int = (low: number, high: number) =>
  parameter((input, refuse) => {
    const value = readInteger(input)
    return Number.isInteger(value) ? within(value, low, high, refuse) : refuse(unfit(input, 'System.Int32'))
  })

/** A number that may be left blank. */
export const blankOrInt = (low: number, high: number) =>
  parameter((input, refuse) => {
    const value = readInteger(input)
    if (input === null) return null
    return Number.isInteger(value) ? within(value, low, high, refuse) : refuse(unfit(input, 'System.Int32'))
  })

const isUnlimited = (input: unknown) => typeof input === 'string' && input.toLowerCase() === 'unlimited'
const unlimitedType = (inner: string) => `Microsoft.Exchange.Data.Unlimited\`1[${inner}]`

export const unlimitedInt = (low: number, high: number) =>
  parameter((input, refuse): number | string => {
    const value = readInteger(input)
    if (isUnlimited(input)) return 'Unlimited'
    return Number.isInteger(value)
      ? within(value, low, high, refuse)
      : refuse(unfit(input, unlimitedType('System.Int32')))
  })

const units: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }

/** Bytes, also as `4KB`, and as a `Get-` shows it: `4 KB (4,096 bytes)`. */
export const unlimitedSize = (high: number) =>
  parameter((input, refuse): number | string => {
    if (isUnlimited(input)) return 'Unlimited'
    const [, number, unit = ''] =
      String(input).match(/^\s*(-?\d+(?:\.\d+)?)\s*([KMG]?B)?(?: \([\d,]+ bytes\))?\s*$/i) ?? []
    if (number === undefined) return refuse(unfit(input, unlimitedType('Microsoft.Exchange.Data.ByteQuantifiedSize')))
    return within(Math.round(Number(number) * (units[unit.toUpperCase()] ?? 1)), 0, high, refuse)
  })

const day = 86_400

/** Seconds of a .NET time span: `[d.]hh:mm[:ss]`, or days alone. */
function readTimeSpan(input: unknown) {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = String(input).match(
    /^\s*(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?\s*$/,
  ) ?? [undefined, readInteger(input)]
  return Number(days) * day + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

/** As .NET writes it: `15.00:00:00`, `00:15:00`. */
function timeSpan(seconds: number) {
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0')
  const days = Math.floor(seconds / day)
  return `${days ? `${days}.` : ''}${two((seconds % day) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`
}

export const unlimitedTimeSpan = (low: number, high: number) =>
  parameter((input, refuse) => {
    if (isUnlimited(input)) return 'Unlimited'
    const seconds = readTimeSpan(input)
    if (Number.isNaN(seconds)) return refuse(unfit(input, unlimitedType('Microsoft.Exchange.Data.EnhancedTimeSpan')))
    return seconds < low || seconds > high
      ? refuse(outside(input, timeSpan(low), timeSpan(high)), 'range')
      : timeSpan(seconds)
  })

/** `null` when everything is wanted. */
export const resultSize = parameter((input, refuse) => {
  if (isUnlimited(input)) return null
  const value = readInteger(input)
  return value >= 0 ? value : refuse(unfit(input, unlimitedType('System.UInt32')))
})

function asList(input: unknown): readonly string[] | undefined {
  if (typeof input === 'string') return [input]
  return Array.isArray(input) && input.every((one) => typeof one === 'string') ? input : undefined
}

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()

/**
 * A multi-valued property: a list overwrites, `null` clears, a hash table of `add` and `remove` changes. It becomes the
 * function from what the property was to what it will be.
 */
export const multiValued = parameter((input, refuse): ((old: readonly string[]) => readonly string[]) => {
  const list = input === null ? [] : asList(input)
  if (list) return () => list
  const parts = Object.entries(input ?? {}).filter(([key]) => !key.startsWith('@'))
  const readable = ([key, value]: [string, unknown]) =>
    ['add', 'remove'].includes(key.toLowerCase()) && (value === null || asList(value) !== undefined)
  if (typeof input !== 'object' || parts.length === 0 || !parts.every(readable))
    return refuse(unfit(input, 'Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]'))
  const part = (name: string) => parts.flatMap(([key, value]) => (same(key, name) ? (asList(value) ?? []) : []))
  return (old) => {
    const kept = old.filter((one) => !part('remove').some((gone) => same(one, gone)))
    return [...kept, ...part('add').filter((one) => !kept.some((there) => same(one, there)))]
  }
})
