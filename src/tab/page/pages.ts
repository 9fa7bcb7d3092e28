import { AuditSchema, ChainSchema, ChoiceSchema, ConnectorsSchema, type Thing, things } from '../contract.ts'
import { type Given, keepInAddress } from './address.ts'
import type { Api } from './api.ts'
import { drawCard } from './card.ts'
import { choice, h, type Icon, icon, select, sentence } from './dom.ts'
import { fleetPage, quarantinePage, reportsPage } from './fleet.ts'
import type { Panel } from './panel.ts'
import { moment } from './time.ts'

export interface Parts {
  readonly api: Api
  readonly panel: Panel
  /** Goes to another page. */
  readonly go: (name: string, given: Given) => void
}

export interface Page {
  readonly element: HTMLElement
  /** What it shows: the desk tells when there is something else of it. */
  readonly shows: readonly Thing[]
  reload(): void
  close?(): void
}

interface PageAbout {
  readonly name: Icon
  readonly title: string
  /** Shown to whoever may do one of these. */
  readonly needs: readonly string[]
  readonly open: (parts: Parts, given: Given) => Page
}

/** All pages of the tab, in the order in which they stand at its side. */
export const pages: readonly PageAbout[] = [
  { name: 'fleet', title: 'Fleet', needs: ['find'], open: fleetPage },
  { name: 'requests', title: 'Requests', needs: ['requests'], open: requestsPage },
  { name: 'quarantine', title: 'Quarantine', needs: ['find'], open: quarantinePage },
  { name: 'reports', title: 'Reports', needs: ['report'], open: reportsPage },
  cardsPage('policy', 'Policy and rules', ['policy', 'rules'], ['policies', 'access-rules', 'connectors'], true),
  cardsPage(
    'connectors',
    'Connectors',
    ['connectors', 'subscriptions'],
    ['connectors', 'connector-states', 'subscriptions', 'devices'],
  ),
  cardsPage(
    'administrators',
    'Administrators',
    ['admins', 'collections', 'roles'],
    ['assignments', 'collections', 'roles', 'requests'],
  ),
  { name: 'audit', title: 'Audit', needs: ['audit'], open: auditPage },
]

/** A page of the bot's own cards; what is pressed on one opens beside it. */
function cardsPage(
  name: Icon,
  title: string,
  commands: readonly string[],
  shows: readonly Thing[],
  byConnector = false,
): PageAbout {
  function open({ api, panel }: Parts, given: Given): Page {
    const boxes = commands.map((command) => ({ command, box: h('div', { class: 'slot' }) }))
    const problem = h('p', { class: 'problem', role: 'alert' })
    let only = byConnector ? (given.connector ?? '') : ''
    let asked = 0

    async function draw({ command, box }: (typeof boxes)[number], mine: number, automatic: boolean): Promise<void> {
      const { card, template } = await api.card(command, only === '' ? {} : { connector: only }, automatic)
      if (mine !== asked) return
      box.hidden = template === 'notice' && commands.length > 1
      if (card) box.replaceChildren(drawCard(card, (verb, data) => panel.open(verb, data)))
    }
    function drawAll(automatic: boolean): void {
      asked += 1
      const mine = asked
      Promise.all(boxes.map((one) => draw(one, mine, automatic))).then(
        () => (problem.textContent = ''),
        (error) => (problem.textContent = sentence(error)),
      )
    }
    const connector = select('Connector', 'All connectors', (value) => {
      only = value
      keepInAddress({ connector: only })
      drawAll(false)
    })
    connector.set(only)
    if (byConnector)
      api.read(ConnectorsSchema, 'connectors', {}, true).then(
        ({ rows }) => connector.offer(rows.map((row) => row.name)),
        (error) => (problem.textContent = sentence(error)),
      )
    drawAll(false)
    return {
      element: h(
        'div',
        { class: 'page' },
        h('header', { class: 'heading' }, h('h1', {}, title), connector.element),
        problem,
        h('div', { class: 'columns cards' }, ...boxes.map(({ box }) => box)),
      ),
      shows,
      reload: () => drawAll(true),
    }
  }
  return { name, title, needs: commands, open }
}

const lists = [
  { value: 'open', title: 'Open' },
  { value: 'mine', title: 'Mine' },
  { value: 'all', title: 'All' },
] as const

/** What waits for a second person, and what became of it; one decides in the card beside. */
function requestsPage({ api, panel }: Parts, given: Given): Page {
  let which = lists.find(({ value }) => value === given.which)?.value ?? 'open'
  const note = h('p', { class: 'soft', role: 'status' })
  const list = h('ul', { class: 'list' })

  async function load(automatic: boolean): Promise<void> {
    try {
      const { title, text, rows } = await api.read(ChoiceSchema, 'requests', { which, rows: 100 }, automatic)
      note.textContent = rows.length === 0 ? 'There is none.' : [title, text].filter(Boolean).join('. ')
      const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.id : undefined
      list.replaceChildren(
        ...rows.map(({ press, name, detail }) => {
          const button = h(
            'button',
            { type: 'button', 'data-id': press.id, onclick: () => panel.open('request', press, () => focus(press.id)) },
            h('b', {}, name),
            h('small', {}, detail),
          )
          return h('li', {}, button)
        }),
      )
      if (focused !== undefined) focus(focused)
    } catch (error) {
      note.textContent = sentence(error)
    }
  }
  const focus = (id: string) => list.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus()
  const shownList = choice('Which requests', lists, which, (chosen) => {
    which = chosen
    keepInAddress({ which })
    void load(false)
  })
  void load(false)
  return {
    element: h(
      'div',
      { class: 'page' },
      h('header', { class: 'heading' }, h('div', {}, h('h1', {}, 'Requests and approvals'), note), shownList.element),
      list,
    ),
    shows: ['requests', 'brake'],
    reload: () => void load(true),
  }
}

/** The record, newest first, and whether its chain is whole. */
function auditPage({ api }: Parts): Page {
  const note = h('p', { class: 'soft' })
  const state = h('p', { role: 'status', class: 'chain' })
  const body = h('tbody')
  let typing: ReturnType<typeof setTimeout> | undefined
  const search = h('input', {
    type: 'search',
    placeholder: 'Person, command, device or reason',
    'aria-label': 'Find in the record',
    oninput: () => {
      clearTimeout(typing)
      typing = setTimeout(() => void load(false), 300)
    },
  })

  async function load(automatic: boolean): Promise<void> {
    try {
      const text = search.value.trim()
      const data = { rows: 200, ...(text && { text }) }
      const { text: head, rows } = await api.read(AuditSchema, 'audit', data, automatic)
      note.textContent = head
      body.replaceChildren(
        ...rows.map(({ n, at, who, what, outcome, reason }) =>
          h(
            'tr',
            {},
            h('td', { class: 'soft' }, n),
            h('td', {}, h('time', { datetime: at }, moment.format(new Date(at)))),
            h('td', {}, who),
            h('td', {}, what, reason !== '' && h('small', {}, reason)),
            h('td', {}, h('span', { class: `dot ${toneOf(outcome)}` }), outcome),
          ),
        ),
      )
    } catch (error) {
      note.textContent = sentence(error)
    }
  }
  async function check(): Promise<void> {
    state.textContent = 'Reading the whole record …'
    try {
      const { whole, text } = await api.read(ChainSchema, 'audit', { check: true })
      state.replaceChildren(h('span', { class: `dot ${whole ? 'good' : 'attention'}` }), text)
    } catch (error) {
      state.textContent = sentence(error)
    }
  }
  void load(false)
  void check()
  return {
    element: h(
      'div',
      { class: 'page' },
      h(
        'header',
        { class: 'heading' },
        h('div', {}, h('h1', {}, 'Audit'), state, note),
        h('button', { type: 'button', onclick: () => void check() }, 'Check the chain'),
      ),
      h('div', { class: 'filters' }, h('div', { class: 'search' }, icon('search'), search)),
      h(
        'div',
        { class: 'table-box plain', tabindex: '0', role: 'region', 'aria-label': 'The record' },
        h(
          'table',
          {},
          h(
            'thead',
            {},
            h('tr', {}, ...['No.', 'When', 'Who', 'What', 'Outcome'].map((title) => h('th', { scope: 'col' }, title))),
          ),
          body,
        ),
      ),
    ),
    shows: things,
    reload: () => void load(true),
  }
}

const toneOf = (outcome: string) =>
  outcome.startsWith('done')
    ? 'good'
    : /^(failed|unknown)/.test(outcome)
      ? 'attention'
      : outcome.startsWith('refused')
        ? 'warning'
        : 'default'
