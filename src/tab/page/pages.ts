import { ChoiceSchema, ConnectorsSchema, type Thing } from '../contract.ts'
import { type Given, keepInAddress } from './address.ts'
import type { Api } from './api.ts'
import { auditPage } from './audit.ts'
import { drawCard } from './card.ts'
import { choice, h, type Icon, replace, select, sentence } from './dom.ts'
import { fleetPage, quarantinePage, reportsPage } from './fleet.ts'
import type { Panel } from './panel.ts'

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
    const boxes = commands.map((command) => ({ command, box: h('div', { class: 'slot', tabindex: '-1' }) }))
    const problem = h('p', { class: 'problem', role: 'alert' })
    let only = byConnector ? (given.connector ?? '') : ''
    let asked = 0

    async function draw({ command, box }: (typeof boxes)[number], mine: number, automatic: boolean): Promise<void> {
      const { card, template } = await api.card(command, only === '' ? {} : { connector: only }, automatic)
      if (mine !== asked) return
      box.hidden = template === 'notice' && commands.length > 1
      if (card === undefined) return
      const drawn = drawCard(card, (verb, data) => {
        const pressed = document.activeElement
        panel.open(verb, data, () => (pressed instanceof HTMLElement && pressed.isConnected ? pressed : box).focus())
      })
      replace(box, drawn, automatic)
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
