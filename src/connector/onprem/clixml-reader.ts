import { SaxesParser } from 'saxes'
import type { Clixml, ClixmlObject, Primitive } from './clixml.ts'
import { ProtocolError } from './xml.ts'

/** Deeper than any object that Exchange shows; a document from elsewhere must not exhaust the stack of its reader. */
const maxDepth = 200

/** An object while it is read; `refs` hand it out before it is complete, as .NET does. */
interface Draft extends ClixmlObject {
  types: readonly string[]
  text?: string
  value?: Clixml
  adapted: Map<string, Clixml>
  extended: Map<string, Clixml>
  items?: Clixml[]
  entries?: (readonly [Clixml, Clixml])[]
}

/** An open element that holds elements. `draft` is the object that it describes, `types` what it adds type names to. */
interface Frame {
  readonly tag: string
  readonly name: string | undefined
  readonly draft: Draft | undefined
  readonly types: string[] | undefined
  key: Clixml
}

const containers = new Set(['LST', 'IE', 'STK', 'QUE'])

/** Elements that hold elements; text between those is layout. */
const structure = new Set(['Obj', 'TN', 'TNRef', 'Props', 'MS', 'DCT', 'En', 'Ref', ...containers])

const escaped = new Set(['URI', 'XD', 'SBK'])

/** Undoes `_xHHHH_`; surrogates that stood apart join by themselves ([MS-PSRP] 2.2.5.3.2). */
const plainText = (text: string) =>
  text.includes('_')
    ? text.replace(/_x([0-9a-f]{4})_/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text

function primitive(tag: string, text: string): null | boolean | string | Primitive {
  if (tag === 'S') return plainText(text)
  if (tag === 'Nil') return null
  if (tag === 'B') return text.trim().toLowerCase() === 'true'
  return { tag, text: escaped.has(tag) ? plainText(text) : text }
}

/** Puts a value where its parent wants it. */
function place(value: Clixml, name: string | undefined, parent: Frame) {
  const { tag, draft } = parent
  if (!draft) throw new ProtocolError(`A value within <${tag}>`)
  if (tag === 'Props') draft.adapted.set(name ?? '', value)
  else if (tag === 'MS') draft.extended.set(name ?? '', value)
  else if (tag === 'Obj') draft.value = value
  else if (tag !== 'En') draft.items?.push(value)
  else if (name === 'Key') parent.key = value
  else draft.entries?.push([parent.key, value])
}

/**
 * Reads one serialized value. Children of an object come in any order ([MS-PSRP] 2.2.5.2.2). A reference to nothing reads
 * as `null`, an unknown element as an opaque primitive; whatever is not CLIXML is a ProtocolError.
 */
export function readClixml(xml: string): Clixml {
  const objects = new Map<string, Draft>()
  const typeNames = new Map<string, string[]>()
  const stack: Frame[] = []
  /** The element whose text is being taken, and how deep in it we are: what it holds is passed over. */
  let leaf = ''
  let leafName: string | undefined
  let leafDepth = 0
  let text = ''
  let result: Clixml | undefined

  const deliver = (value: Clixml, name: string | undefined) => {
    const parent = stack.at(-1)
    if (parent) place(value, name, parent)
    else result = value
  }

  const open = (tag: string, name: string | undefined, refId: string) => {
    const parent = stack.at(-1)
    let draft = parent?.draft
    let types: string[] | undefined
    if (tag === 'Obj' || (tag === 'MS' && parent?.tag === 'MS')) {
      draft = { types: [], adapted: new Map(), extended: new Map() }
      if (tag === 'Obj') objects.set(refId, draft)
    } else if (tag === 'TN') {
      types = []
      typeNames.set(refId, types)
      if (draft) draft.types = types
      draft = undefined
    } else if (tag === 'Ref') deliver(objects.get(refId) ?? null, name)
    else if (draft && tag === 'TNRef') draft.types = typeNames.get(refId) ?? []
    else if (draft && tag === 'DCT') draft.entries ??= []
    else if (draft && containers.has(tag)) draft.items ??= []
    stack.push({ tag, name, draft, types, key: null })
  }

  /** Objects and property sets are values of the frame around them. */
  const close = () => {
    const frame = stack.pop()
    if (frame?.draft && frame.draft !== stack.at(-1)?.draft) deliver(frame.draft, frame.name)
  }

  const closeLeaf = () => {
    const parent = stack.at(-1)
    if (leaf === 'T') parent?.types?.push(plainText(text))
    else if (leaf !== 'ToString') deliver(primitive(leaf, text), leafName)
    else if (parent?.draft) parent.draft.text = plainText(text)
  }

  const parser = new SaxesParser({ xmlns: false, position: false })
  parser.on('error', (error) => {
    throw new ProtocolError(error.message)
  })
  parser.on('doctype', () => {
    throw new ProtocolError('A DOCTYPE is not accepted')
  })
  parser.on('opentag', ({ name: tag, attributes }) => {
    if (stack.length + leafDepth >= maxDepth) throw new ProtocolError('Nested too deeply')
    if (leafDepth > 0) {
      leafDepth += 1
      return
    }
    const name = attributes.N === undefined ? undefined : plainText(attributes.N)
    if (structure.has(tag)) return open(tag, name, attributes.RefId ?? '')
    leaf = tag
    leafName = name
    leafDepth = 1
    text = ''
  })
  const take = (more: string) => {
    if (leafDepth === 1) text += more
  }
  parser.on('text', take)
  parser.on('cdata', take)
  parser.on('closetag', () => {
    if (leafDepth === 0) return close()
    leafDepth -= 1
    if (leafDepth === 0) closeLeaf()
  })
  parser.write(xml).close()
  if (result === undefined) throw new ProtocolError('No value')
  return result
}
