/**
 * Values as PowerShell serializes them ([MS-PSRP] 2.2.5). `S`, `B` and `Nil` are the string, boolean and `null` of
 * JavaScript; every other primitive keeps its element name, because its .NET type matters, and its text unchanged.
 */
export type Clixml = null | boolean | string | Primitive | ClixmlObject

/** The elements of primitive types but `S`, `B` and `Nil` ([MS-PSRP] 2.2.5.1), and the opaque progress record `PR`. */
export const primitiveTags = [
  ...['C', 'By', 'SB', 'I16', 'U16', 'I32', 'U32', 'I64', 'U64', 'Sg', 'Db', 'D', 'DT', 'TS', 'BA', 'G', 'URI'],
  ...['Version', 'XD', 'SBK', 'SS', 'PR'],
] as const

export interface Primitive {
  readonly tag: string
  readonly text: string
}

/** A complex object ([MS-PSRP] 2.2.5.2). */
export interface ClixmlObject {
  /** .NET class names, the object's own first. */
  readonly types: readonly string[]
  /** What .NET's ToString says: the name of an enum's value, an identity, a size. */
  readonly text?: string
  /** The primitive that an enum or an extended primitive stands for, or the object that this one wraps. */
  readonly value?: Clixml
  readonly adapted: ReadonlyMap<string, Clixml>
  readonly extended: ReadonlyMap<string, Clixml>
  readonly items?: readonly Clixml[]
  readonly entries?: readonly (readonly [key: Clixml, value: Clixml])[]
}

export const isObject = (value: Clixml | undefined): value is ClixmlObject =>
  typeof value === 'object' && value !== null && 'types' in value

const nothing: ReadonlyMap<string, Clixml> = new Map()

/** An object with these extended properties, the form in which PowerShell remoting writes its own messages. */
export const object = (extended: Readonly<Record<string, Clixml>>, more: Partial<ClixmlObject> = {}): ClixmlObject => ({
  types: [],
  adapted: nothing,
  extended: new Map(Object.entries(extended)),
  ...more,
})

export const int32 = (number: number): Primitive => ({ tag: 'I32', text: String(number) })

export const version = (text: string): Primitive => ({ tag: 'Version', text })

/** A value of a .NET enum. */
export const enumeration = (type: string, name: string, number: number): ClixmlObject =>
  object({}, { types: [type, 'System.Enum', 'System.ValueType', 'System.Object'], text: name, value: int32(number) })

export const list = (items: readonly Clixml[], types = ['System.Object[]', 'System.Array', 'System.Object']) =>
  object({}, { types, items })

/** What a person writes as `@{Name=value}`. */
export const hashtable = (values: Readonly<Record<string, Clixml>>): ClixmlObject =>
  object({}, { types: ['System.Collections.Hashtable', 'System.Object'], entries: Object.entries(values) })

const named = (properties: ReadonlyMap<string, Clixml>, wanted: string) => {
  for (const [name, value] of properties) if (name.toLowerCase() === wanted) return value
  return undefined
}

/** One property of an object; extended ones win, and names have no case in PowerShell. */
export function property(of: Clixml | undefined, name: string): Clixml | undefined {
  if (!isObject(of)) return undefined
  const exact = of.extended.get(name)
  if (exact !== undefined) return exact
  const wanted = name.toLowerCase()
  return named(of.extended, wanted) ?? named(of.adapted, wanted) ?? property(of.value, name)
}

/** The text of a value, in whichever of its forms it came. */
export function textOf(value: Clixml | undefined): string | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value !== 'object') return String(value)
  if (!isObject(value)) return value.text
  return value.text ?? textOf(value.value)
}

/** The number of a value: of an integer, or of an enum. */
export function numberOf(value: Clixml | undefined): number | undefined {
  if (value === null || value === undefined || typeof value !== 'object') return undefined
  if (isObject(value)) return numberOf(value.value)
  return /^-?\d+$/.test(value.text) ? Number(value.text) : undefined
}
