import { HelpSchema, type Thing } from '../contract.ts'
import { addressOf, readAddress } from './address.ts'
import { createApi, type Session } from './api.ts'
import { drawCard } from './card.ts'
import { meButton, readPeople, signInToDemo } from './demo.ts'
import { byId, h, icon, sentence } from './dom.ts'
import { type Page, type Parts, pages } from './pages.ts'
import { createPanel } from './panel.ts'

/** Changes within this time are shown together, in milliseconds; a read of Exchange changes devices for minutes. */
const pauseAfter = (what: readonly Thing[]) =>
  what.every((thing) => thing === 'devices' || thing === 'audit') ? 4000 : 1000

async function start(): Promise<void> {
  const people = await readPeople()
  const session: Session =
    people.length > 0 ? await signInToDemo(people) : await (await import('./signin.ts')).signInWithTeams()
  const api = createApi(session)
  const { groups } = await api.read(HelpSchema, 'help', {}, true)
  const mine = groups.flatMap(({ commands, names = [] }) => [...commands.map(({ name }) => name), ...names])
  const offered = pages.filter(({ needs }) => needs.some((name) => mine.includes(name)))
  drawSide(offered, meButton(people))
  const panel = createPanel(api)
  const content = byId('content')
  content.ariaBusy = 'false'
  if (offered.length === 0) {
    const { card } = await api.card('whoami', {})
    return content.replaceChildren(
      h('div', { class: 'page pick' }, h('h1', {}, 'Device Desk'), card && drawCard(card, () => {})),
    )
  }

  let page: Page | undefined
  const parts: Parts = {
    api,
    panel,
    go(name, given) {
      location.hash = addressOf(name, given)
    },
  }
  function show(): void {
    const { name, given } = readAddress()
    const about = offered.find((one) => one.name === name) ?? offered[0]
    if (about === undefined) return
    page?.close?.()
    panel.shut()
    if (name !== about.name) history.replaceState(null, '', addressOf(about.name, {}))
    page = about.open(parts, name === about.name ? given : {})
    document.title = `${about.title} · Device Desk`
    for (const link of byId('side').querySelectorAll('a'))
      if (link.hash === `#/${about.name}`) {
        link.setAttribute('aria-current', 'page')
        const list = link.closest('ul')
        list?.scrollTo(link.offsetLeft - (list.clientWidth - link.offsetWidth) / 2, 0)
      } else link.removeAttribute('aria-current')
    content.replaceChildren(page.element)
    content.scrollTop = 0
  }
  addEventListener('hashchange', () => {
    show()
    content.focus({ preventScroll: true })
  })
  show()

  const changed = new Set<Thing>()
  let reloading: ReturnType<typeof setTimeout> | undefined
  let due = Number.POSITIVE_INFINITY
  const reload = () => {
    due = Number.POSITIVE_INFINITY
    if (page?.shows.some((thing) => changed.has(thing))) page.reload()
    panel.reload()
    changed.clear()
  }
  const lost = byId('status')
  void api.listen({
    changed(what) {
      for (const thing of what) changed.add(thing)
      const pause = pauseAfter(what)
      if (performance.now() + pause >= due) return
      due = performance.now() + pause
      clearTimeout(reloading)
      reloading = setTimeout(reload, pause)
    },
    lost() {
      lost.textContent = 'Device Desk does not answer. What is shown may be old; trying again …'
    },
    back() {
      lost.textContent = ''
      page?.reload()
      panel.reload()
    },
  })
}

function drawSide(offered: typeof pages, me: HTMLElement | undefined): void {
  byId('side').replaceChildren(
    h(
      'ul',
      {},
      ...offered.map(({ name, title }) =>
        h('li', {}, h('a', { href: `#/${name}`, title }, icon(name), h('span', {}, title))),
      ),
    ),
    me ?? '',
  )
}

start().catch((error) => {
  console.error(error)
  const content = byId('content')
  content.ariaBusy = 'false'
  content.replaceChildren(
    h('div', { class: 'page pick' }, h('h1', {}, 'Device Desk'), h('p', { role: 'alert' }, sentence(error))),
  )
})
