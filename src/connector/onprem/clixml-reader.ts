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

/** An open element. `draft` is the object that it describes, `types` the list of type names that it adds to. */
interface Frame {
  readonly tag: string
  readonly name: string | undefined
  readonly draft: Draft | undefined
  readonly types?: string[] | undefined
  key?: Clixml
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
  else draft.entries?.push([parent.key ?? null, value])
}

/**
 * Reads one serialized value. Children of an object come in any order ([MS-PSRP] 2.2.5.2.2). A reference to nothing reads
 * as `null`, an unknown element as an opaque primitive; whatever is not CLIXML is a ProtocolError.
 */
export function readClixml(xml: string): Clixml {
  const objects = new Map<string, Draft>()
  const typeNames = new Map<string, string[]>()
  const stack: Frame[] = []
  let text = ''
  let skipped = 0
  let result: Clixml | undefined

  const deliver = (value: Clixml, name: string | undefined) => {
    const parent = stack.at(-1)
    if (parent) place(value, name, parent)
    else result = value
  }

  const open = (tag: string, { N, RefId = '' }: Record<string, string>, parent: Frame | undefined): Frame => {
    const name = N === undefined ? undefined : plainText(N)
    const isPropertySet = tag === 'MS' && parent?.tag === 'MS'
    if (tag === 'Obj' || isPropertySet) {
      const draft: Draft = { types: [], adapted: new Map(), extended: new Map() }
      if (tag === 'Obj') objects.set(RefId, draft)
      return { tag, name, draft }
    }
    const draft = parent?.draft
    if (tag === 'TN') {
      const types: string[] = []
      typeNames.set(RefId, types)
      if (draft) draft.types = types
      return { tag, name, draft: undefined, types }
    }
    if (tag === 'Ref') deliver(objects.get(RefId) ?? null, name)
    else if (draft && tag === 'TNRef') draft.types = typeNames.get(RefId) ?? []
    else if (draft && tag === 'DCT') draft.entries ??= []
    else if (draft && containers.has(tag)) draft.items ??= []
    return { tag, name, draft, types: parent?.types }
  }

  const close = ({ tag, name, draft, types }: Frame, parent: Frame | undefined) => {
    if (tag === 'T') types?.push(plainText(text))
    else if (tag === 'ToString') {
      if (draft) draft.text = plainText(text)
    } else if (!structure.has(tag)) deliver(primitive(tag, text), name)
    else if (draft && draft !== parent?.draft) deliver(draft, name)
  }

  const parser = new SaxesParser({ xmlns: false, position: false })
  parser.on('error', (error) => {
    throw new ProtocolError(error.message)
  })
  parser.on('doctype', () => {
    throw new ProtocolError('A DOCTYPE is not accepted')
  })
  parser.on('opentag', ({ name: tag, attributes }) => {
    const parent = stack.at(-1)
    if (stack.length + skipped >= maxDepth) throw new ProtocolError('Nested too deeply')
    if (skipped > 0 || (parent && !structure.has(parent.tag))) {
      skipped += 1
      return
    }
    text = ''
    stack.push(open(tag, attributes, parent))
  })
  const take = (more: string) => {
    if (skipped === 0) text += more
  }
  parser.on('text', take)
  parser.on('cdata', take)
  parser.on('closetag', () => {
    if (skipped > 0) {
      skipped -= 1
      return
    }
    const frame = stack.pop()
    if (frame) close(frame, stack.at(-1))
  })
  parser.write(xml).close()
  if (result === undefined) throw new ProtocolError('No value')
  return result
}
