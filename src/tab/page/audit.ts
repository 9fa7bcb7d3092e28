import { type AuditRow, AuditSchema, ChainSchema, things } from '../contract.ts'
import { type Given, keepInAddress } from './address.ts'
import { type Child, h, icon, sentence } from './dom.ts'
import type { Page, Parts } from './pages.ts'
import { moment } from './time.ts'

const rowsAtOnce = 200
const titles = ['No.', 'When', 'Who', 'What', 'Outcome'] as const

/** The record, newest first and as far back as one likes, and whether its chain is whole. */
export function auditPage({ api }: Parts, given: Given): Page {
  const note = h('p', { class: 'soft' })
  const state = h('p', { role: 'status', class: 'chain' })
  const problem = h('p', { class: 'problem', role: 'alert' })
  const body = h('tbody', { role: 'rowgroup' })
  const none = h('p', { class: 'none', role: 'status' })
  const more = h('button', { type: 'button', hidden: true, onclick: () => void load('older') }, 'Show older records')
  const search = h('input', {
    type: 'search',
    placeholder: 'Person, command, device or reason',
    'aria-label': 'Find in the record',
    value: given.text,
    oninput: () => {
      clearTimeout(typing)
      typing = setTimeout(narrow, 300)
    },
  })
  const since = h('input', { type: 'date', value: given.since, onchange: () => narrow() })
  let typing: ReturnType<typeof setTimeout> | undefined
  let rows: readonly AuditRow[] = []
  let older: number | undefined
  let asked = 0

  function narrow(): void {
    const [text, date] = [search.value.trim(), since.value]
    keepInAddress({ text, since: date })
    void load('anew')
  }

  /** The newest records, those that follow what is shown, or what is new beside it. */
  async function load(which: 'anew' | 'older' | 'new'): Promise<void> {
    asked += 1
    const mine = asked
    body.ariaBusy = 'true'
    const [text, date] = [search.value.trim(), since.value]
    const data = {
      rows: rowsAtOnce,
      ...(text && { text }),
      ...(date && { since: date }),
      ...(which === 'older' && older !== undefined && { before: older }),
    }
    try {
      const found = await api.read(AuditSchema, 'audit', data, which === 'new')
      if (mine !== asked) return
      const last = Number(found.rows.at(-1)?.n ?? 0)
      const before = which === 'new' ? rows.filter(({ n }) => Number(n) < last) : []
      if (which === 'older') rows = [...rows, ...found.rows]
      // What was shown follows what is new only where the two meet.
      else rows = before.length < rows.length ? [...found.rows, ...before] : found.rows
      if (before.length === 0 || rows === found.rows) older = found.older
      problem.textContent = ''
      draw(found.text)
    } catch (error) {
      if (mine === asked) problem.textContent = sentence(error)
    } finally {
      if (mine === asked) body.ariaBusy = 'false'
    }
  }

  function draw(head: string): void {
    note.textContent = head
    none.textContent = rows.length === 0 ? 'No record matches.' : ''
    more.hidden = older === undefined
    body.replaceChildren(...rows.map(drawRow))
  }

  async function check(): Promise<void> {
    state.textContent = 'Reading the whole record …'
    try {
      const { whole, text } = await api.read(ChainSchema, 'audit', { check: true })
      const at = new Date().toLocaleTimeString('en-GB', { timeStyle: 'short' })
      state.replaceChildren(h('span', { class: `dot ${whole ? 'good' : 'attention'}` }), `${text} Checked at ${at}.`)
    } catch (error) {
      state.textContent = sentence(error)
    }
  }

  void load('anew')
  void check()
  return {
    element: h(
      'div',
      { class: 'page' },
      h(
        'header',
        { class: 'heading' },
        h('div', {}, h('h1', {}, 'Audit'), state),
        h('button', { type: 'button', onclick: () => void check() }, 'Check the chain'),
      ),
      h('details', { class: 'head-of-chain' }, h('summary', {}, 'Head of the chain'), note),
      h(
        'div',
        { class: 'filters' },
        h('div', { class: 'search' }, icon('search'), search),
        h('label', { class: 'since' }, 'Since ', since),
      ),
      problem,
      h(
        'div',
        { class: 'table-box plain', tabindex: '0', role: 'region', 'aria-label': 'The record' },
        h(
          'table',
          {},
          h(
            'thead',
            { role: 'rowgroup' },
            h('tr', { role: 'row' }, ...titles.map((title) => h('th', { scope: 'col', role: 'columnheader' }, title))),
          ),
          body,
        ),
        none,
      ),
      more,
    ),
    shows: things,
    reload() {
      if (body.ariaBusy !== 'true') void load('new')
    },
  }
}

/** The roles are said, since a narrow page lays the cells of a record out as lines. */
function drawRow({ n, at, who, what, outcome, reason }: AuditRow): HTMLElement {
  const cell = (name: string, ...children: Child[]) => h('td', { role: 'cell', class: name, dir: 'auto' }, ...children)
  return h(
    'tr',
    { role: 'row' },
    cell('soft', n),
    cell('when', h('time', { datetime: at }, moment.format(new Date(at)))),
    cell('who', who),
    cell('what', what, reason !== '' && h('small', { dir: 'auto' }, reason)),
    cell('outcome', h('span', { class: `dot ${toneOf(outcome)}` }), outcome),
  )
}

const toneOf = (outcome: string) =>
  outcome.startsWith('done')
    ? 'good'
    : /^(failed|unknown)/.test(outcome)
      ? 'attention'
      : outcome.startsWith('refused')
        ? 'warning'
        : 'default'
