import { type Clixml, type ClixmlObject, isObject } from './clixml.ts'
import { escapeXml } from './xml.ts'

const hex = (character: string) => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`

/**
 * Escapes what XML cannot carry and what would read as an escape ([MS-PSRP] 2.2.5.3.2). Surrogates are escaped one by
 * one, as PowerShell does it.
 */
const escapeText = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  escapeXml(text.replace(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]|_(?=x)/gi, hex))

const escaped = new Set(['URI', 'XD', 'SBK'])

/** Serializes one value; reference ids are unique within it, and type names that return are referred to. */
export function writeClixml(root: Clixml): string {
  let objects = 0
  const typeNames = new Map<string, number>()

  const types = (names: readonly string[]) => {
    if (names.length === 0) return ''
    const key = JSON.stringify(names)
    const known = typeNames.get(key)
    if (known !== undefined) return `<TNRef RefId="${known}" />`
    typeNames.set(key, typeNames.size)
    return `<TN RefId="${typeNames.size - 1}">${names.map((name) => `<T>${escapeText(name)}</T>`).join('')}</TN>`
  }

  const properties = (tag: string, all: ReadonlyMap<string, Clixml>) =>
    all.size === 0 ? '' : `<${tag}>${[...all].map(([name, value]) => write(value, name)).join('')}</${tag}>`

  const write = (value: Clixml, name?: string): string => {
    const n = name === undefined ? '' : ` N="${escapeText(name)}"`
    if (value === null) return `<Nil${n} />`
    if (typeof value === 'boolean') return `<B${n}>${value}</B>`
    if (typeof value === 'string') return `<S${n}>${escapeText(value)}</S>`
    if (isObject(value)) return complex(value, n)
    const text = escaped.has(value.tag) ? escapeText(value.text) : escapeXml(value.text)
    return `<${value.tag}${n}>${text}</${value.tag}>`
  }

  const complex = (of: ClixmlObject, n: string) => {
    const start = `<Obj${n} RefId="${objects++}">${types(of.types)}`
    const text = of.text === undefined ? '' : `<ToString>${escapeText(of.text)}</ToString>`
    const value = of.value === undefined ? '' : write(of.value)
    const items = of.items ? `<LST>${of.items.map((item) => write(item)).join('')}</LST>` : ''
    const entries = of.entries
      ? `<DCT>${of.entries.map(([key, item]) => `<En>${write(key, 'Key')}${write(item, 'Value')}</En>`).join('')}</DCT>`
      : ''
    return `${start}${text}${value}${items}${entries}${properties('Props', of.adapted)}${properties('MS', of.extended)}</Obj>`
  }

  return write(root)
}
