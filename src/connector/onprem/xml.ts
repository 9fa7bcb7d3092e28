import { SaxesParser } from 'saxes'

/** The other side sent what the protocol does not allow, or more than is taken in. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => entities[character] ?? character)

/** An element with its namespace; `attributes` by local name. */
export interface Element {
  readonly uri: string
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly Element[]
  readonly text: string
}

const maxDepth = 64

/** Reads a small document, such as a SOAP envelope, into a tree. */
export function readXml(xml: string): Element {
  type Draft = Element & { children: Draft[]; text: string }
  const stack: Draft[] = []
  let root: Draft | undefined
  const parser = new SaxesParser({ xmlns: true, position: false })
  parser.on('error', (error) => {
    throw new ProtocolError(error.message)
  })
  parser.on('doctype', () => {
    throw new ProtocolError('A DOCTYPE is not accepted')
  })
  parser.on('opentag', ({ uri, local, attributes }) => {
    if (stack.length >= maxDepth) throw new ProtocolError('Nested too deeply')
    const found = new Map(Object.values(attributes).map(({ local, value }) => [local, value]))
    const element: Draft = { uri, name: local, attributes: found, children: [], text: '' }
    stack.at(-1)?.children.push(element)
    root ??= element
    stack.push(element)
  })
  const take = (text: string) => {
    const element = stack.at(-1)
    if (element) element.text += text
  }
  parser.on('text', take)
  parser.on('cdata', take)
  parser.on('closetag', () => {
    stack.pop()
  })
  parser.write(xml).close()
  if (!root) throw new ProtocolError('No element')
  return root
}

/** The first element of this name within another one, at any depth. */
export function find(within: Element, uri: string, name: string): Element | undefined {
  for (const child of within.children) {
    const found = child.uri === uri && child.name === name ? child : find(child, uri, name)
    if (found) return found
  }
  return undefined
}
