import type { Value as Parameter } from '../transport.ts'

/** Exchange 2010 has names and units of its own; all that came later is alike. */
export type Generation = '2010' | '2013'

/** A setting's value in Configuration Manager's words; `Unlimited` and `Blank` stand for no value. */
export type SettingValue = boolean | number | string | readonly string[]

/** How a form asks for a value. */
export type Input =
  | { readonly kind: 'toggle' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'number'; readonly low: number; readonly high: number }
  | { readonly kind: 'text'; readonly pattern: string }
  | { readonly kind: 'long' }

/** A type of setting: what people write, what Exchange shows and what it takes. */
export interface Kind {
  /** What it can be: `4 to 16, or Unlimited`. */
  readonly range: string
  readonly input: Input
  /** `undefined` when it is of the wrong type or out of range. */
  parse(text: string): SettingValue | undefined
  /** `undefined` when Exchange shows something unheard of. */
  read(shown: unknown, generation: Generation): SettingValue | undefined
  write(value: SettingValue, generation: Generation): Parameter
  show(value: SettingValue): string
}

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()

/** A yes or no under names; Exchange has it as a Boolean, `inverted` where its parameter says the contrary. */
function binary([no, yes]: readonly [string, string], inverted: boolean, input: Input): Kind {
  const isYes = (value: SettingValue) => same(String(value), yes)
  const named = (is: boolean) => (yes === 'true' ? is : is ? yes : no)
  return {
    range: `${yes} or ${no}`,
    input,
    parse(text) {
      const word = text.trim().replace(/^\$/, '')
      return same(word, yes) || same(word, no) ? named(isYes(word)) : undefined
    },
    read(shown) {
      const text = String(shown)
      return same(text, 'true') || same(text, 'false') ? named(same(text, 'true') !== inverted) : undefined
    },
    write: (value) => isYes(value) !== inverted,
    show: String,
  }
}

export const flag = binary(['false', 'true'], false, { kind: 'toggle' })
export const invertedFlag = binary(['false', 'true'], true, { kind: 'toggle' })

/** Two names for a Boolean of Exchange, that of `false` first. */
export const either = (no: string, yes: string) => binary([no, yes], false, { kind: 'choice', choices: [no, yes] })

/** An enumeration of Exchange. */
export function choice(...choices: readonly string[]): Kind {
  const parse = (text: string) => choices.find((one) => same(one, text.trim()))
  return {
    range: choices.join(', '),
    input: { kind: 'choice', choices },
    parse,
    read: (shown) => (typeof shown === 'string' ? parse(shown) : undefined),
    write: String,
    show: String,
  }
}

interface Measure {
  readonly low: number
  readonly high: number
  /** In the plural. */
  readonly unit?: string
  /** The word for no value, where there may be none. */
  readonly none?: 'Unlimited' | 'Blank'
  read(shown: unknown, generation: Generation): number | undefined
  write(value: number, generation: Generation): Parameter
}

const count = (number: number) => String(Math.round(number * 1000) / 1000)

/** A whole number within limits. What Exchange shows may lie between two units, and is then kept as it is. */
function measure({ low, high, unit, none, read, write }: Measure): Kind {
  const range = `${count(low)} to ${count(high)}${unit ? ` ${unit}` : ''}`
  const units = unit === undefined ? '' : `(?:\\s*${unit.replace(/s$/, '')}s?)?`
  const number = new RegExp(`^\\s*(\\d{1,10})${units}\\s*$`, 'i')
  return {
    range: none ? `${range}, or ${none}` : range,
    input: none ? { kind: 'text', pattern: `^\\s*(\\d{1,10}|${none})\\s*$` } : { kind: 'number', low, high },
    parse(text) {
      if (none !== undefined && same(text.trim(), none)) return none
      const typed = number.exec(text)?.[1]
      const value = typed === undefined ? Number.NaN : Number(typed)
      return value >= low && value <= high ? value : undefined
    },
    read(shown, generation) {
      if (none === 'Unlimited' && typeof shown === 'string' && same(shown.trim(), none)) return none
      if (none === 'Blank' && (shown === null || shown === '')) return none
      return read(shown, generation)
    },
    write(value, generation) {
      if (typeof value === 'number') return write(value, generation)
      return none === 'Blank' ? null : 'Unlimited'
    },
    show: (value) =>
      typeof value !== 'number'
        ? String(value)
        : [count(value), value === 1 ? unit?.replace(/s$/, '') : unit].filter(Boolean).join(' '),
  }
}

const readNumber = (shown: unknown) =>
  typeof shown === 'number' || (typeof shown === 'string' && /^\s*\d+\s*$/.test(shown)) ? Number(shown) : undefined

/** An Int32 of Exchange, or its `Unlimited<Int32>`, which every door takes as text. */
export const number = (low: number, high: number, none?: 'Unlimited' | 'Blank') =>
  measure({
    low,
    high,
    ...(none && { none }),
    read: readNumber,
    write: (value) => (none === 'Unlimited' ? String(value) : value),
  })

const seconds = { minutes: 60, hours: 3600, days: 86_400 } as const

/** A span of time, which Exchange has as `[d.]hh:mm:ss`. */
export const span = (unit: keyof typeof seconds, low: number, high: number) =>
  measure({
    low,
    high,
    unit,
    none: 'Unlimited',
    read(shown) {
      const [, days = 0, hours, minutes, rest = 0] =
        /^\s*(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*$/.exec(String(shown)) ?? []
      if (hours === undefined || minutes === undefined) return undefined
      const total = Number(days) * seconds.days + Number(hours) * 3600 + Number(minutes) * 60 + Number(rest)
      return total / seconds[unit]
    },
    write(value) {
      const total = Math.round(value * seconds[unit])
      const two = (part: number) => String(Math.floor(part)).padStart(2, '0')
      const days = Math.floor(total / seconds.days)
      const time = [(total % seconds.days) / 3600, (total % 3600) / 60, total % 60].map(two).join(':')
      return days > 0 ? `${days}.${time}` : time
    },
  })

const bytes: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }

/**
 * A size in KB, which Exchange takes without a unit in bytes: PowerShell itself makes 4096 of a literal `4KB`, so the text would
 * not do. Exchange 2010 counts some sizes in KB (Set-ActiveSyncMailboxPolicy, MaxEmailBodyTruncationSize).
 */
export const kilobytes = (high: number, { in2010 }: { in2010: 'bytes' | 'KB' }) => {
  const scale = (generation: Generation) => (generation === '2010' && in2010 === 'KB' ? 1 : 1024)
  return measure({
    low: 0,
    high,
    unit: 'KB',
    none: 'Unlimited',
    read(shown, generation) {
      const [, number, unit = '', exact] =
        /^\s*(\d+(?:\.\d+)?)\s*([KMG]?B)?(?:\s*\(([\d.,\s]+) bytes\))?\s*$/i.exec(String(shown)) ?? []
      if (number === undefined) return undefined
      if (exact !== undefined) return Number(exact.replace(/\D/g, '')) / 1024
      return unit === ''
        ? Number(number) / scale(generation)
        : (Number(number) * (bytes[unit.toUpperCase()] ?? 1)) / 1024
    },
    write: (value, generation) => String(Math.round(value * scale(generation))),
  })
}

const none = 'none'

/** A list of names; it is written whole. */
export const list = (most: number): Kind => ({
  range: `up to ${most} names with commas between them, or ${none}`,
  input: { kind: 'long' },
  parse(text) {
    const names = text.split(/[,;\n]/).flatMap((name) => name.replaceAll(/["“”]/g, '').trim() || [])
    if (names.length === 1 && names[0] === none) return []
    return names.length > 0 && names.length <= most && names.every((name) => name.length <= 256) ? names : undefined
  },
  read(shown) {
    if (shown === null || shown === '') return []
    if (typeof shown === 'string') return [shown]
    return Array.isArray(shown) && shown.every((name) => typeof name === 'string') ? shown : undefined
  },
  write: (value) => (isList(value) && value.length > 0 ? value : null),
  show: (value) => (isList(value) && value.length > 0 ? value.join(', ') : none),
})

const isList = (value: SettingValue): value is readonly string[] => Array.isArray(value)

/** Whether two values are the same to Exchange: the order of a list means nothing. */
export function isEqual(one: SettingValue, other: SettingValue): boolean {
  if (!isList(one) || !isList(other)) return one === other
  const sorted = (names: readonly string[]) => names.map((name) => name.toLowerCase()).sort()
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
}
