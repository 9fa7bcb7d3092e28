/** An enumeration of .NET: serialized formats need its full name and its numbers, JSON only the name of the value. */
export interface Enumeration {
  readonly name: string
  readonly values: Readonly<Record<string, number>>
}

/** What a property holds. `Unlimited` is Exchange's "a value or no limit", which every door shows as text. */
export type PropertyType =
  | 'ADObjectId'
  | 'Boolean'
  | 'DateTime'
  | 'Guid'
  | 'Int32'
  | 'String'
  | 'Strings'
  | 'UInt32'
  | 'Unlimited'
  | Enumeration

/** A DateTime is milliseconds since 1970, a list stands for a MultiValuedProperty, everything else for itself. */
export type Value = string | number | boolean | null | readonly string[]

/** One property of objects of one kind: its type, and how to read it. */
export interface Column<T> {
  readonly type: PropertyType
  readonly of: (object: T) => Value
}

/** The properties that Exchange shows of objects of one kind, in its order. */
export type Columns<T> = Readonly<Record<string, Column<T>>>

const column =
  (type: PropertyType) =>
  <T>(of: (object: T) => Value | undefined): Column<T> => ({ type, of: (object) => of(object) ?? null })

export const text = column('String')
export const bool = column('Boolean')
export const int = column('Int32')
export const uint = column('UInt32')
export const date = column('DateTime')
export const guid = column('Guid')
export const id = column('ADObjectId')
export const texts = column('Strings')
export const unlimited = column('Unlimited')
export const member = (type: Enumeration) => column(type)

/** The answer of a cmdlet: objects, and what is shown of them. */
export interface Table {
  /** One immutable object per row: two tables of one cmdlet with the same keys have the same rows where `stable`. */
  readonly keys: readonly object[]
  readonly stable: boolean
  readonly columns: readonly {
    readonly name: string
    readonly type: PropertyType
    readonly at: (row: number) => Value
  }[]
}

export function table<T extends object>(columns: Columns<T>, rows: readonly T[], stable = false): Table {
  return {
    keys: rows,
    stable,
    columns: Object.entries(columns).map(([name, { type, of }]) => ({
      name,
      type,
      at(row) {
        const object = rows[row]
        return object === undefined ? null : of(object)
      },
    })),
  }
}
