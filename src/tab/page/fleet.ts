import { type Bar, HelpSchema, ReportSchema } from '../contract.ts'
import { type Given, keepInAddress } from './address.ts'
import { drawBars } from './bars.ts'
import { choice, h, icon, select, sentence } from './dom.ts'
import type { Page, Parts } from './pages.ts'
import { createTable, type Query } from './table.ts'

const charts = ['os', 'access', 'stale', 'legacy'] as const
const mostBars = 6

const states = [
  { value: '', title: 'All' },
  { value: 'Allowed', title: 'Allowed' },
  { value: 'Quarantined', title: 'Quarantined' },
  { value: 'Blocked', title: 'Blocked' },
] as const
type State = (typeof states)[number]['value']

const narrowing = ['text', 'state', 'connector', 'os', 'client', 'stale', 'sort'] as const

const named = {
  client: 'Client',
  stale: 'Silent for',
} as const

/** The whole fleet: charts that narrow the table, and the table. */
export function fleetPage({ api, panel }: Parts, given: Given): Page {
  const { element, table, narrow, heading } = createFleet({ api, panel }, 'Fleet', {}, given)
  const boxes = charts.map((which) => ({ which, box: h('section', { class: 'chart', 'aria-busy': 'true' }) }))

  async function draw(which: (typeof charts)[number], box: HTMLElement): Promise<void> {
    const { title, bars } = await api.read(ReportSchema, 'report', { which }, true)
    const most = bars.filter(({ value }) => value !== '0').slice(0, mostBars)
    box.replaceChildren(
      h('h2', {}, title),
      drawBars(most, ({ press }) => narrow(press === undefined ? {} : texts(press))),
    )
    box.ariaBusy = 'false'
  }
  const drawAll = () => Promise.all(boxes.map(({ which, box }) => draw(which, box).catch(() => box.replaceChildren())))

  heading.after(
    h(
      'details',
      { class: 'charts', open: innerWidth >= 700 && innerHeight >= 640 },
      h('summary', {}, 'Charts'),
      h('div', { class: 'grid' }, ...boxes.map(({ box }) => box)),
    ),
  )
  void drawAll()
  return {
    element,
    shows: ['devices', 'collections', 'connectors'],
    reload() {
      table.reload()
      void drawAll()
    },
    close: table.close,
  }
}

/** Devices in quarantine, each with its card beside, where one allows or blocks it. */
export function quarantinePage({ api, panel }: Parts, given: Given): Page {
  const { element, table, heading } = createFleet({ api, panel }, 'Quarantine', { state: 'Quarantined' }, given)
  const all = h(
    'button',
    { type: 'button', onclick: () => panel.open('find', { state: 'Quarantined' }, () => all.focus()) },
    'Several at once …',
  )
  heading.append(all)
  void api.read(HelpSchema, 'help', {}, true).then(({ groups }) => {
    all.hidden = !groups.some(({ commands }) => commands.some(({ name }) => name === 'block'))
  })
  return { element, shows: ['devices', 'collections', 'connectors'], reload: table.reload, close: table.close }
}

const texts = (data: NonNullable<Bar['press']>): Given =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, String(value)]))

function createFleet({ api, panel }: Pick<Parts, 'api' | 'panel'>, title: string, fixed: Query, given: Given) {
  let query: Query = {}
  const note = h('p', { class: 'soft', role: 'status' })
  const chips = h('div', { class: 'chips' })
  const table = createTable(api, {
    label: title,
    open: ({ press }, focus) => panel.open('device', press, focus),
    found(count, text, names) {
      note.textContent = `${count}. ${text}`
      connector.offer(names)
    },
    sorted: (sort = '') => narrow({ sort }),
  })
  const stateChoice = choice<State>('Access', states, '', (state) => narrow({ state }))
  const os = select('System', 'All systems', (value) => narrow({ os: value }))
  const connector = select('Connector', 'All connectors', (value) => narrow({ connector: value }))

  function narrow(by: Given): void {
    const all = { ...query, ...by }
    query = Object.fromEntries(narrowing.flatMap((key) => (all[key] ? [[key, all[key]]] : [])))
    stateChoice.set(states.find(({ value }) => value === query.state)?.value ?? '')
    os.set(query.os ?? '')
    connector.set(query.connector ?? '')
    chips.replaceChildren(
      ...(['client', 'stale'] as const).flatMap((key) => (query[key] === undefined ? [] : chip(key))),
    )
    if (search.value.trim() !== (query.text ?? '')) search.value = query.text ?? ''
    keepInAddress({ ...query })
    table.set({ ...query, ...fixed })
  }

  function chip(key: keyof typeof named): HTMLElement {
    const value = key === 'stale' ? `${query.stale} days` : query[key]
    const text = `${named[key]}: ${value}`
    return h(
      'button',
      { type: 'button', class: 'chip', 'aria-label': `No longer only ${text}`, onclick: () => narrow({ [key]: '' }) },
      text,
      icon('close'),
    )
  }

  let typing: ReturnType<typeof setTimeout> | undefined
  const search = h('input', {
    type: 'search',
    placeholder: 'User, device, model, system or id',
    'aria-label': 'Find devices',
    oninput: () => {
      clearTimeout(typing)
      typing = setTimeout(() => narrow({ text: search.value.trim() }), 200)
    },
  })
  const heading = h('header', { class: 'heading' }, h('div', {}, h('h1', {}, title), note))
  const filters = h(
    'div',
    { class: 'filters' },
    h('div', { class: 'search' }, icon('search'), search),
    fixed.state === undefined && stateChoice.element,
    os.element,
    connector.element,
    chips,
  )
  narrow(given)
  void api.read(ReportSchema, 'report', { which: 'os' }, true).then(
    ({ bars }) => os.offer(bars.flatMap(({ press }) => (press?.os === undefined ? [] : String(press.os)))),
    (error) => (note.textContent = sentence(error)),
  )
  return { element: h('div', { class: 'page fleet' }, heading, filters, table.element), table, narrow, heading }
}

/** Every report as a chart, and as a file. */
export function reportsPage({ api, go }: Parts): Page {
  const all = ['stale', 'access', 'os', 'legacy', 'compliance', 'wipes', 'exemptions'] as const
  const boxes = all.map((which) => ({ which, box: h('section', { class: 'chart' }) }))
  const problem = h('p', { class: 'problem', role: 'alert' })

  async function draw({ which, box }: (typeof boxes)[number]): Promise<void> {
    const { title, text, bars } = await api.read(ReportSchema, 'report', { which }, true)
    const save = h(
      'button',
      {
        type: 'button',
        class: 'quiet',
        title: 'As a file (CSV)',
        'aria-label': `${title} as a file (CSV)`,
        onclick: () =>
          void api.save('report', { which, csv: 'csv' }).catch((error) => (problem.textContent = sentence(error))),
      },
      icon('file'),
    )
    box.replaceChildren(
      h('header', {}, h('h2', {}, title), save),
      h('p', { class: 'soft' }, text),
      bars.length === 0
        ? h('p', {}, 'There is none.')
        : drawBars(bars, ({ press }) => go('fleet', press === undefined ? {} : texts(press))),
    )
  }
  const drawAll = () => void Promise.all(boxes.map(draw)).catch((error) => (problem.textContent = sentence(error)))
  drawAll()
  return {
    element: h(
      'div',
      { class: 'page' },
      h(
        'header',
        { class: 'heading' },
        h(
          'div',
          {},
          h('h1', {}, 'Reports'),
          h('p', { class: 'soft' }, 'A bar leads to its devices; the file has them all.'),
        ),
      ),
      problem,
      h('div', { class: 'columns' }, ...boxes.map(({ box }) => box)),
    ),
    shows: ['devices', 'collections', 'requests'],
    reload: drawAll,
  }
}
