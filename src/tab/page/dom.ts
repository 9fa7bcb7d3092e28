export type Child = Node | string | undefined | false
type Attributes = Record<string, string | boolean | undefined | ((event: Event) => void)>

/** An element with attributes, listeners (`onclick` and the like) and children. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.filter((child) => child !== undefined && child !== false))
  return element
}

const svg = 'http://www.w3.org/2000/svg'

/** Drawings of 24 by 24, as paths. */
const drawings = {
  fleet:
    'M7 4.5A1.75 1.75 0 0 1 8.75 2.75h6.5A1.75 1.75 0 0 1 17 4.5v15a1.75 1.75 0 0 1-1.75 1.75h-6.5A1.75 1.75 0 0 1 7 19.5zM11 18.25h2',
  requests:
    'M4 5.5A1.5 1.5 0 0 1 5.5 4h13A1.5 1.5 0 0 1 20 5.5v13a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18.5zM8 12.2l2.8 2.8L16 9.5',
  quarantine: 'M12 3l7.5 3v5.5c0 4.5-3 7.7-7.5 9.5-4.5-1.8-7.5-5-7.5-9.5V6zM12 8.5v4.5M12 16v.2',
  policy: 'M4.5 7h9M17.5 7h2M4.5 12h2M10.5 12h9M4.5 17h8M16.5 17h3M13.5 5v4M6.5 10v4M12.5 15v4',
  connectors: 'M9 15l6-6M10.5 6.5l1.8-1.8a4.2 4.2 0 0 1 6 6l-1.8 1.8M13.5 17.5l-1.8 1.8a4.2 4.2 0 0 1-6-6l1.8-1.8',
  reports: 'M5 20V10.5M12 20V4M19 20v-6.5M3 20h18',
  audit:
    'M7 3.5h10A1.5 1.5 0 0 1 18.5 5v14a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5zM9 8.5h6M9 12h6M9 15.5h3.5',
  administrators:
    'M9 12a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.6-3.4 3.2-5.2 6.5-5.2s5.9 1.8 6.5 5.2M16 5.3a3.5 3.5 0 0 1 0 6.4M18 14.6c2 .7 3.2 2.3 3.6 4.9',
  search: 'M10.5 16.5a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM15 15l5 5',
  close: 'M6 6l12 12M18 6L6 18',
  back: 'M15 5l-7 7 7 7',
  up: 'M12 19V6M6.5 11.5L12 6l5.5 5.5',
  down: 'M12 5v13M6.5 12.5L12 18l5.5-5.5',
  file: 'M12 4v10.5M7.5 10.5L12 15l4.5-4.5M4.5 19.5h15',
  chevrons: 'M8 9.5L12 5.5l4 4M8 14.5l4 4 4-4',
}
export type Icon = keyof typeof drawings

/** A drawing that says nothing to a screen reader. */
export function icon(name: Icon): SVGElement {
  const drawing = document.createElementNS(svg, 'svg')
  const path = document.createElementNS(svg, 'path')
  path.setAttribute('d', drawings[name])
  drawing.setAttribute('viewBox', '0 0 24 24')
  drawing.setAttribute('class', 'icon')
  drawing.setAttribute('aria-hidden', 'true')
  drawing.append(path)
  return drawing
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (!element) throw new Error(`The page has no #${id}.`)
  return element
}

/** One of several, as buttons side by side. */
export function choice<T extends string>(
  label: string,
  all: readonly { readonly value: T; readonly title: string }[],
  first: T,
  chosen: (value: T) => void,
) {
  const buttons = all.map(({ value, title }) =>
    h('button', { type: 'button', 'aria-pressed': String(value === first), onclick: () => set(value, true) }, title),
  )
  function set(value: T, tell = false): void {
    for (const [at, button] of buttons.entries()) button.setAttribute('aria-pressed', String(all[at]?.value === value))
    if (tell) chosen(value)
  }
  return { element: h('div', { class: 'choice', role: 'group', 'aria-label': label }, ...buttons), set }
}

/** One of several, as a list that opens; `offer` says which there are, and hides it where there is nothing to choose. */
export function select(label: string, all: string, chosen: (value: string) => void) {
  const element = h('select', { 'aria-label': label, onchange: () => chosen(element.value), hidden: true })
  let offered: readonly string[] = []
  function draw(value: string): void {
    const shown = value === '' || offered.includes(value) ? offered : [value, ...offered]
    element.replaceChildren(
      h('option', { value: '' }, all),
      ...shown.map((one) => h('option', { value: one, selected: one === value }, one)),
    )
    element.value = value
    element.hidden = shown.length < 2 && value === ''
  }
  return {
    element,
    set: draw,
    offer(values: readonly string[]): void {
      if (offered.join('\n') === values.join('\n')) return
      offered = values
      draw(element.value)
    },
  }
}

/** Puts something else in a place. The focus that was there stays there: `again` with what is called the same. */
export function replace(place: HTMLElement, drawn: Node, again: boolean): void {
  const before = place.contains(document.activeElement) ? document.activeElement : null
  place.replaceChildren(drawn)
  if (before === null) return
  const same = [...place.querySelectorAll<HTMLElement>('button, [tabindex]')].find(
    ({ textContent }) => again && textContent === before.textContent,
  )
  ;(same ?? place).focus({ preventScroll: same !== undefined })
}

/** Waits until nothing is pressed: a button that is drawn anew under the finger would lose its click. */
export async function unpressed(): Promise<void> {
  while (document.querySelector(':active') !== null) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** What went wrong, for people. */
export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error))
