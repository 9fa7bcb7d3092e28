const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/**
 * Puts the parts of cards/parts/ where a template names them, as in `{ "$part": "facts" }`, since the templating language
 * has no includes. A part that is a list of elements stands in the list that names it.
 */
export function withParts(node: unknown, part: (name: string) => unknown): unknown {
  if (Array.isArray(node)) return node.flatMap((item) => withParts(item, part))
  if (!isObject(node)) return node
  if ('$part' in node) return withParts(part(String(node.$part)), part)
  return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, withParts(inner, part)]))
}
