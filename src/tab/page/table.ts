import { type DeviceRow, DevicesSchema } from '../contract.ts'
import { type Api, Refused } from './api.ts'
import { type Child, h, icon, sentence } from './dom.ts'
import { since } from './time.ts'

/** What of `find` narrows and orders the table. */
export interface Query {
  readonly text?: string
  readonly state?: string
  readonly connector?: string
  readonly os?: string
  readonly client?: string
  readonly stale?: string
  readonly sort?: string
}

const columns = [
  { by: 'name', title: 'Owner and device' },
  { by: 'model', title: 'Phone' },
  { by: 'os', title: 'System' },
  { by: 'client', title: 'Client' },
  { by: 'state', title: 'Access' },
  { by: 'last', title: 'Last contact' },
] as const

/** As the style sheet has it. */
const rowHeight = 60
/** Browsers draw nothing that is much taller; a larger fleet is scrolled through in longer steps. */
const mostHeight = 8_000_000
const rowsOfPage = 100
const mostPages = 40

/** A table over the whole fleet: of a hundred thousand rows only those are there that are seen. */
export function createTable(
  api: Api,
  {
    label,
    open,
    found,
    sorted,
  }: {
    readonly label: string
    readonly open: (row: DeviceRow, focus: () => void) => void
    /** Told how many there are, how old that is, and by which connectors they can be narrowed. */
    readonly found: (title: string, text: string, connectors: readonly string[]) => void
    /** Told of another order. */
    readonly sorted: (sort: string | undefined) => void
  },
) {
  const sizer = h('div', { class: 'sizer', role: 'presentation' })
  const scroller = h('div', { class: 'scroller', role: 'rowgroup', tabindex: '-1' }, sizer)
  const empty = h('p', { class: 'empty', role: 'status' })
  const heads = columns.map(({ by, title }) => ({
    by,
    cell: h(
      'div',
      { role: 'columnheader', class: `cell ${by}` },
      h('button', { type: 'button', onclick: () => sortBy(by) }, title, icon('up')),
    ),
  }))
  const head = h('div', { class: 'row head', role: 'row', 'aria-rowindex': '1' }, ...heads.map(({ cell }) => cell))
  const table = h(
    'div',
    { class: 'table', role: 'table', 'aria-label': label },
    h('div', { role: 'rowgroup' }, head),
    scroller,
  )

  let query: Query = {}
  let total = 0
  let asked = 0
  /** The row that has the focus as soon as it is known. */
  let awaited: number | undefined
  const pages = new Map<number, readonly DeviceRow[]>()
  const pending = new Set<number>()
  const shown = new Map<number, { element: HTMLElement; drawn: string }>()

  const rowAt = (n: number) => pages.get(Math.floor(n / rowsOfPage))?.[n % rowsOfPage]
  const height = () => Math.min(total * rowHeight, mostHeight)

  /** The first row that is seen, also between two. */
  function position(): number {
    const room = height() - scroller.clientHeight
    if (total * rowHeight <= mostHeight || room <= 0) return scroller.scrollTop / rowHeight
    return (scroller.scrollTop / room) * (total - scroller.clientHeight / rowHeight)
  }

  async function load(page: number, automatic: boolean): Promise<void> {
    if (pending.has(page)) return
    pending.add(page)
    const mine = asked
    try {
      const data = { ...query, page: page + 1, rows: rowsOfPage }
      const { title, text, rows, total: all, connectors } = await api.read(DevicesSchema, 'find', data, automatic)
      if (mine !== asked) return
      pages.set(page, rows)
      const [oldest] = pages.keys()
      if (pages.size > mostPages && oldest !== undefined && oldest !== page) pages.delete(oldest)
      total = all
      empty.textContent = all === 0 ? 'No device matches.' : ''
      found(title, text.replace(/^Page [^.]*\. /, ''), connectors)
      draw()
    } catch (error) {
      if (mine !== asked) return
      if (error instanceof Refused) total = 0
      empty.textContent = sentence(error)
      draw()
    } finally {
      if (mine === asked) pending.delete(page)
    }
  }

  function draw(): void {
    sizer.style.height = `${height()}px`
    table.ariaRowCount = String(total + 1)
    const at = position()
    const from = Math.max(0, Math.floor(at) - 4)
    const to = Math.min(total, Math.ceil(at + scroller.clientHeight / rowHeight) + 4)
    for (const [n, { element }] of shown)
      if (n < from || n >= to) {
        element.remove()
        shown.delete(n)
      }
    for (let n = from; n < to; n += 1) {
      const row = rowAt(n)
      if (row === undefined) void load(Math.floor(n / rowsOfPage), true)
      place(n, row, scroller.scrollTop + (n - at) * rowHeight)
    }
  }

  function place(n: number, row: DeviceRow | undefined, top: number): void {
    const drawn = JSON.stringify(row ?? n)
    const known = shown.get(n)
    const element = known?.drawn === drawn ? known.element : drawRow(n, row)
    if (known !== undefined && known.element !== element) {
      const focused = known.element.contains(document.activeElement)
      known.element.replaceWith(element)
      if (focused) element.querySelector('button')?.focus()
    } else if (known === undefined) {
      const after = [...shown].filter(([other]) => other > n).sort(([one], [other]) => one - other)[0]
      sizer.insertBefore(element, after?.[1].element ?? null)
    }
    element.style.transform = `translateY(${top}px)`
    shown.set(n, { element, drawn })
    if (n === awaited && row !== undefined && document.activeElement === scroller) focusRow(n)
  }

  function drawRow(n: number, row: DeviceRow | undefined): HTMLElement {
    const about = { class: 'row', role: 'row', 'aria-rowindex': String(n + 2) }
    if (row === undefined)
      return h(
        'div',
        { ...about, class: 'row waiting' },
        ...columns.map(({ by }) => h('div', { class: `cell ${by}`, role: 'cell' }, h('i'))),
      )
    const { name, owner, shortId, model, os, client, connector, state, tone, last } = row
    const cell = (by: string, ...children: Child[]) => h('div', { class: `cell ${by}`, role: 'cell' }, ...children)
    return h(
      'div',
      { ...about, onclick: () => open(row, () => focusRow(n)) },
      cell(
        'name',
        h('button', { type: 'button', 'data-n': String(n), dir: 'auto' }, owner),
        h('small', {}, name, ' ', h('span', { class: 'id' }, shortId), h('span', { class: 'phone' }, ` · ${model}`)),
      ),
      cell('model', h('span', {}, model), h('small', { class: 'os-too' }, os)),
      cell('os', os),
      cell('client', h('span', {}, client), connector !== undefined && h('small', {}, connector)),
      cell('state', h('span', { class: `dot ${tone}` }), state),
      cell(
        'last',
        last
          ? h('time', { datetime: last.at, title: new Date(last.at).toLocaleString() }, since(last.at))
          : h('span', { class: 'soft' }, 'not known'),
      ),
    )
  }

  /** A row that is still on its way gets the focus when it is there; until then the place of the rows keeps it. */
  function focusRow(n: number): void {
    const button = shown.get(n)?.element.querySelector('button')
    awaited = button ? undefined : n
    ;(button ?? scroller).focus({ preventScroll: true })
  }

  /** The arrows lead from row to row, through all that there are. */
  scroller.addEventListener('keydown', (event) => {
    const from = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('[data-n]') : null
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -total, End: total }[event.key]
    if (from === null || step === undefined) return
    event.preventDefault()
    const n = Math.max(0, Math.min(total - 1, Number(from.dataset.n) + step))
    const first = position()
    const rows = scroller.clientHeight / rowHeight
    const to = n < first ? n : n > first + rows - 1 ? n - rows + 1 : first
    const room = height() - scroller.clientHeight
    scroller.scrollTop = total * rowHeight <= mostHeight ? to * rowHeight : (to / (total - rows)) * room
    draw()
    focusRow(n)
  })
  scroller.addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true })
  const size = new ResizeObserver(draw)
  size.observe(scroller)

  function sortBy(by: string): void {
    const { sort } = query
    sorted(sort === by ? `-${by}` : sort === `-${by}` ? undefined : by)
  }

  function set(wanted: Query): void {
    query = wanted
    asked += 1
    pages.clear()
    pending.clear()
    for (const { by, cell } of heads) {
      cell.ariaSort = query.sort === by ? 'ascending' : query.sort === `-${by}` ? 'descending' : 'none'
      cell.querySelector('svg')?.replaceWith(icon(query.sort === `-${by}` ? 'down' : 'up'))
    }
    scroller.scrollTop = 0
    void load(0, false)
  }

  return {
    element: h('div', { class: 'table-box' }, table, empty),
    set,
    /** Reads again what is seen. */
    reload(): void {
      const seen = new Set([...shown.keys()].map((n) => Math.floor(n / rowsOfPage)))
      for (const page of pages.keys()) if (!seen.has(page)) pages.delete(page)
      for (const page of seen.size > 0 ? seen : [0]) void load(page, true)
    },
    close: () => size.disconnect(),
  }
}
