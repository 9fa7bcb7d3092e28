import type { About } from '../contract.ts'
import type { Api } from './api.ts'
import { drawCard } from './card.ts'
import { byId, h, icon, replace, sentence } from './dom.ts'

type Data = Readonly<Record<string, string>>

export type Panel = ReturnType<typeof createPanel>

/** The place beside a page for one thing: the bot's card of it, in which one reads on, decides and fills in. */
export function createPanel(api: Api) {
  const panel = byId('panel')
  const app = byId('app')
  const narrow = matchMedia('(width < 56rem)')
  const content = h('div', { class: 'panel-content', tabindex: '-1' })
  const problem = h('p', { class: 'problem', role: 'alert' })
  const back = h(
    'button',
    { class: 'quiet', 'aria-label': 'Back', title: 'Back', onclick: () => goBack() },
    icon('back'),
  )
  const close = h(
    'button',
    { class: 'quiet', 'aria-label': 'Close', title: 'Close', onclick: () => shut() },
    icon('close'),
  )
  panel.append(h('header', {}, back, close), problem, content)

  /** What was read one after the other, the newest last. */
  let path: About[] = []
  /** Nothing while a form is shown, which stays as it is. */
  let shown: About | undefined
  let opener: (() => void) | undefined
  let asked = 0

  async function show(verb: string, data: Data, { automatic = false } = {}): Promise<void> {
    asked += 1
    const mine = asked
    content.ariaBusy = 'true'
    try {
      const { card, about } = await api.card(verb, data, automatic)
      if (mine !== asked || card === undefined) return
      problem.textContent = ''
      const top = content.scrollTop
      replace(
        content,
        drawCard(card, (pressed, given) => void show(pressed, given)),
        automatic,
      )
      content.scrollTop = automatic ? top : 0
      shown = about
      const last = path.at(-1)
      if (about !== undefined && !(last && same(last, about))) path.push(about)
      back.hidden = path.length < 2 && about !== undefined
    } catch (error) {
      if (mine === asked) problem.textContent = sentence(error)
    } finally {
      if (mine === asked) content.ariaBusy = 'false'
    }
  }

  /** From a form to what it was for, else to what was read before. */
  function goBack(): void {
    if (path.length > 1) path.pop()
    const last = path.at(-1)
    if (last === undefined) shut()
    else void show(last.verb, last.data)
  }

  function shut(): void {
    asked += 1
    panel.hidden = true
    delete app.dataset.panel
    byId('content').inert = false
    content.replaceChildren()
    path = []
    opener?.()
  }

  panel.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') shut()
  })

  return {
    /** Shows what a command answers; `from` puts the focus back where it was. */
    open(verb: string, data: Data, from?: () => void): void {
      if (from !== undefined) opener = from
      path = []
      problem.textContent = ''
      panel.hidden = false
      app.dataset.panel = 'open'
      byId('content').inert = narrow.matches
      content.replaceChildren()
      close.focus()
      void show(verb, data)
    },

    shut(): void {
      opener = undefined
      if (!panel.hidden) shut()
    },

    /** Shows again what is shown, unless somebody fills it in. */
    reload(): void {
      const typing = [...content.querySelectorAll('input, textarea, select')].some(
        (field) => field === document.activeElement || ('value' in field && field.value !== ''),
      )
      if (panel.hidden || shown === undefined || typing || content.ariaBusy === 'true') return
      void show(shown.verb, shown.data, { automatic: true })
    },
  }
}

const same = (one: About, other: About) => JSON.stringify(one) === JSON.stringify(other)
