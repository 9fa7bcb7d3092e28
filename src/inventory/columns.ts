import { instant, textOfInstant } from './instant.ts'
import { type Field, noField, type Table } from './table.ts'

/**
 * One field of every device or owner, under the number of each. What was never set is absent. A million rows kept as
 * objects would fill the heap; as columns they need a few bytes a field, and a filter reads one column from end to end.
 */
export interface Column<T> {
  get(n: number): T | undefined
  set(n: number, value: T | undefined): void
  /** Whether it is this value that stands there. */
  same(n: number, value: T | undefined): boolean
  /** Sets the field of a table: what a row has, or that it has nothing, under its number; a row with number 0 is left out. */
  fill(ns: Uint32Array, field: Field<T | undefined> | undefined): void
}

/** Sets a table's field one row after the other. */
export const fillEach =
  <T>(set: (n: number, value: T | undefined) => void): Column<T>['fill'] =>
  (ns, { values, at } = noField) => {
    for (let row = 0; row < ns.length; row++) {
      const [n, place] = [ns[row], at[row]]
      if (n) set(n, place ? values[place - 1] : undefined)
    }
  }

type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array

/** Room for number `n` and some more. */
function grown<T extends Numbers>(all: Numbers, n: number, make: (length: number) => T): T {
  const more = make(Math.max(1024, Math.ceil(all.length * 1.5), n + 1))
  more.set(all)
  return more
}

/** Sets one of all these numbers, and gives them, or larger ones where there was no room. */
function withNumber<T extends Numbers>(all: T, n: number, value: number, make: (length: number) => T): T {
  const roomy = n < all.length || value === 0 ? all : grown(all, n, make)
  if (n < roomy.length) roomy[n] = value
  return roomy
}

/** The same with a table's field, in which a code stands for each value, and 0 for none. */
function withField<T extends Numbers>(
  all: T,
  ns: Uint32Array,
  at: readonly number[],
  codes: readonly number[],
  make: (length: number) => T,
): T {
  let roomy = all
  for (let row = 0; row < ns.length; row++) {
    const [n, place] = [ns[row], at[row]]
    if (n) roomy = withNumber(roomy, n, place ? (codes[place - 1] ?? 0) : 0, make)
  }
  return roomy
}

/** Numbers; 0 where none was set. */
export function numbers(make: (length: number) => Numbers = (length) => new Uint32Array(length)) {
  let all = make(0)
  return {
    get: (n: number) => all[n] ?? 0,
    set(n: number, value: number) {
      all = withNumber(all, n, value, make)
    },
    /** Sets a table's field, in which this number stands for a value. */
    fill<T>(ns: Uint32Array, { values, at }: Field<T> = noField, numberOf: (value: T) => number) {
      all = withField(all, ns, at, values.map(numberOf), make)
    },
  }
}

export interface SharedText extends Column<string> {
  /** Every text that was ever set, under its code; code 0 is no text. */
  readonly texts: readonly (string | undefined)[]
  code(n: number): number
}

/** Text that repeats: it is kept once, and each row has its code. */
export function sharedText(): SharedText {
  const texts: (string | undefined)[] = [undefined]
  const codes = new Map<string, number>()
  let make = (length: number): Uint16Array | Uint32Array => new Uint16Array(length)
  let all = make(0)

  let last = 0

  function codeOf(text: string | undefined): number {
    if (text === undefined) return 0
    if (texts[last] === text) return last
    last = codes.get(text) ?? texts.length
    if (last < texts.length) return last
    codes.set(text, texts.push(text) - 1)
    if (texts.length === 0x10001) {
      make = (length) => new Uint32Array(length)
      all = Uint32Array.from(all)
    }
    return last
  }

  return {
    texts,
    code: (n) => all[n] ?? 0,
    get: (n) => texts[all[n] ?? 0],
    same: (n, value) => texts[all[n] ?? 0] === value,
    set(n, value) {
      const code = codeOf(value)
      all = withNumber(all, n, code, make)
    },
    fill(ns, { values, at } = noField) {
      // First, as one more text can make all the codes wider.
      const codes = values.map(codeOf)
      all = withField(all, ns, at, codes, make)
    },
  }
}

/** Values that hardly repeat. */
export function ownValue<T>(same: (a: T, b: T) => boolean = (a, b) => a === b): Column<T> {
  const all: (T | undefined)[] = []
  function set(n: number, value: T | undefined): void {
    while (all.length < n) all.push(undefined)
    all[n] = value
  }
  return {
    get: (n) => all[n],
    same(n, value) {
      const known = all[n]
      return known === undefined || value === undefined ? known === value : same(known, value)
    },
    set,
    fill: fillEach(set),
  }
}

/** Values that most rows do not have. */
export function rareValue<T>(same: (a: T, b: T) => boolean = (a, b) => a === b): Column<T> {
  const all = new Map<number, T>()
  function set(n: number, value: T | undefined): void {
    if (value === undefined) all.delete(n)
    else all.set(n, value)
  }
  return {
    get: (n) => all.get(n),
    same(n, value) {
      const known = all.get(n)
      return known === undefined || value === undefined ? known === value : same(known, value)
    },
    set,
    fill: fillEach(set),
  }
}

export interface Time extends Column<string> {
  /** Milliseconds since 1970; 0 where there is none. */
  at(n: number): number
}

/** Points in time. */
export function time(): Time {
  const all = numbers((length) => new Float64Array(length))
  return {
    at: all.get,
    get(n) {
      const at = all.get(n)
      return at === 0 ? undefined : textOfInstant(at)
    },
    same: (n, value) => all.get(n) === instant(value),
    set: (n, value) => all.set(n, instant(value)),
    fill: (ns, field) => all.fill(ns, field, instant),
  }
}

export function flag(): Column<boolean> {
  const all = numbers((length) => new Uint8Array(length))
  const code = (value: boolean | undefined) => (value === undefined ? 0 : value ? 2 : 1)
  return {
    get(n) {
      const at = all.get(n)
      return at === 0 ? undefined : at === 2
    },
    same: (n, value) => all.get(n) === code(value),
    set: (n, value) => all.set(n, code(value)),
    fill: (ns, field) => all.fill(ns, field, code),
  }
}

type Members<T> = { readonly [Name in keyof T]-?: Column<NonNullable<T[Name]>> }

export interface RecordColumn<T> extends Column<T> {
  /** Sets each field of a table. */
  fillAll(ns: Uint32Array, table: Table<T>): void
}

/** Rows of several columns; a row is absent where one of the fields that it needs is. */
export function record<T extends object>(members: Members<T>, needed: readonly (keyof T)[]): RecordColumn<T> {
  const names: (keyof T)[] = []
  for (const name in members) names.push(name)
  const isWhole = (row: Partial<T>): row is T => needed.every((name) => row[name] !== undefined)
  const columns = names.map((name): { name: keyof T; column: Column<T[keyof T]> } => ({ name, column: members[name] }))
  return {
    get(n) {
      const row: Partial<T> = {}
      for (const { name, column } of columns) {
        const value = column.get(n)
        if (value !== undefined) row[name] = value
      }
      return isWhole(row) ? row : undefined
    },
    same(n, row) {
      for (const { name, column } of columns) if (!column.same(n, row?.[name])) return false
      return true
    },
    set(n, row) {
      for (const { name, column } of columns) column.set(n, row?.[name])
    },
    fill(ns, { values, at } = noField) {
      for (const { name, column } of columns) column.fill(ns, { values: values.map((row) => row?.[name]), at })
    },
    fillAll(ns, table) {
      for (const { name, column } of columns) column.fill(ns, table[name])
    },
  }
}
