import { instant, textOfInstant } from './instant.ts'

/**
 * One field of every device or owner, under the number of each. What was never set is absent. A million rows kept as
 * objects would fill the heap; as columns they need a few bytes a field, and a filter reads one column from end to end.
 */
export interface Column<T> {
  get(n: number): T | undefined
  set(n: number, value: T | undefined): void
  /** Whether it is this value that stands there. */
  same(n: number, value: T | undefined): boolean
}

type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array

/** Room for number `n` and some more. */
function grown<T extends Numbers>(all: Numbers, n: number, make: (length: number) => T): T {
  const more = make(Math.max(1024, Math.ceil(all.length * 1.5), n + 1))
  more.set(all)
  return more
}

/** Numbers; 0 where none was set. */
export function numbers(make: (length: number) => Numbers = (length) => new Uint32Array(length)) {
  let all = make(0)
  return {
    get: (n: number) => all[n] ?? 0,
    set(n: number, value: number) {
      if (n >= all.length) {
        if (value === 0) return
        all = grown(all, n, make)
      }
      all[n] = value
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

  function codeOf(text: string): number {
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
      const code = value === undefined ? 0 : codeOf(value)
      if (n >= all.length) {
        if (code === 0) return
        all = grown(all, n, make)
      }
      all[n] = code
    },
  }
}

/** Values that hardly repeat. */
export function ownValue<T>(same: (a: T, b: T) => boolean = (a, b) => a === b): Column<T> {
  const all: (T | undefined)[] = []
  return {
    get: (n) => all[n],
    same(n, value) {
      const known = all[n]
      return known === undefined || value === undefined ? known === value : same(known, value)
    },
    set(n, value) {
      while (all.length < n) all.push(undefined)
      all[n] = value
    },
  }
}

/** Values that most rows do not have. */
export function rareValue<T>(same: (a: T, b: T) => boolean = (a, b) => a === b): Column<T> {
  const all = new Map<number, T>()
  return {
    get: (n) => all.get(n),
    same(n, value) {
      const known = all.get(n)
      return known === undefined || value === undefined ? known === value : same(known, value)
    },
    set(n, value) {
      if (value === undefined) all.delete(n)
      else all.set(n, value)
    },
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
  }
}

type Members<T> = { readonly [Name in keyof T]-?: Column<NonNullable<T[Name]>> }

export interface RecordColumn<T> extends Column<T> {
  /** Writes a row where there is none. */
  fill(n: number, row: T): void
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
      for (const name of names) {
        const value = members[name].get(n)
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
    fill(n, row) {
      for (const { name, column } of columns) {
        const value = row[name]
        if (value !== undefined) column.set(n, value)
      }
    },
  }
}
