type Child = Node | string | undefined | false
type Attributes = Record<string, string | boolean | undefined | ((event: Event) => void)>

/** An element with attributes, listeners (`onclick` and the like) and children. */
export const h = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.filter((child) => child !== undefined && child !== false))
  return element
}

const svg = 'http://www.w3.org/2000/svg'

/** A drawing of icons.svg; it says nothing to a screen reader. */
export const icon = (name: string) => {
  const drawing = document.createElementNS(svg, 'svg')
  const use = document.createElementNS(svg, 'use')
  use.setAttribute('href', `/page/icons.svg#${name}`)
  drawing.setAttribute('class', 'icon')
  drawing.setAttribute('aria-hidden', 'true')
  drawing.append(use)
  return drawing
}

export const byId = (id: string) => {
  const element = document.getElementById(id)
  if (!element) throw new Error(`The page has no #${id}.`)
  return element
}

/** The round picture of a person, or of the bot. */
export const avatar = ({ id, name }: { id: string; name: string }) => {
  if (id.startsWith('28:')) return h('span', { class: 'avatar bot', 'aria-hidden': 'true' }, icon('bot'))
  const initials = name.split(' ').map((word) => word[0] ?? '')
  const hue = [...id].reduce((sum, letter) => (sum * 23 + (letter.codePointAt(0) ?? 0)) % 997, 0) % 5
  return h('span', { class: `avatar hue-${hue}`, 'aria-hidden': 'true' }, initials.slice(0, 2).join(''))
}

/** A short note at the foot of the page that goes away by itself. */
export const toast = (text: string, kind: 'message' | 'error' = 'message') => {
  const note = h('div', { class: `toast ${kind}` }, text)
  byId('toasts').append(note)
  setTimeout(() => note.remove(), kind === 'error' ? 10_000 : 6_000)
}
