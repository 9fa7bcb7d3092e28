import type { Phone } from '../phones.ts'
import { byId, h, icon } from './dom.ts'

type Failed = { readonly error?: { readonly message: string } }
type Found = Failed & { readonly phones?: readonly Phone[]; readonly total?: number }
type Contacts = Failed & { readonly contacts?: readonly { readonly name: string; readonly outcome: string }[] }

/** How often the phones are looked at while they are on the screen. */
const interval = 5_000

const ago = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
const units = [
  ['month', 30 * 86_400_000],
  ['week', 7 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

const since = (at: string) => {
  const elapsed = Date.now() - Date.parse(at)
  const [unit, length] = units.find(([, size]) => elapsed >= size) ?? ['minute', 60_000]
  return ago.format(-Math.floor(elapsed / length), unit)
}

/** What a glance at the phone tells: the colour of its screen and a word. */
const looks = ({ configured, wipe, access }: Phone) => {
  if (!configured || wipe === 'done') return { look: 'wiped', word: 'Wiped' }
  if (wipe === 'pending') return { look: 'pending', word: 'Wipe waits for contact' }
  return { look: access.toLowerCase(), word: access }
}

let stop = () => {}

/** The strip of phones: each can be told to contact Exchange, as a real one does by itself. */
export const drawPhones = (exchange: string | undefined) => {
  stop()
  const panel = byId('phones')
  panel.hidden = exchange === undefined
  if (exchange === undefined) return
  const outcomes = new Map<string, string>()
  const list = h('ul', { class: 'phone-list' })
  const status = h('p', { class: 'soft', role: 'status' })
  const search = h('input', {
    type: 'search',
    placeholder: 'Find a phone',
    'aria-label': 'Find a phone',
    oninput: () => load(),
  })

  const sync = async (phone: Phone) => {
    const response = await fetch(`/_sandbox/devices/${encodeURIComponent(phone.id)}/sync`, { method: 'POST' })
    const { contacts = [], error }: Contacts = await response.json()
    for (const { name, outcome } of contacts) outcomes.set(name, outcome)
    status.textContent = error ? error.message : `${phone.name} contacted Exchange: ${outcomes.get(phone.name)}.`
    await load()
    list.querySelector<HTMLElement>(`[data-name="${CSS.escape(phone.name)}"]`)?.focus()
  }
  const row = (phone: Phone) => {
    const { look, word } = looks(phone)
    const outcome = outcomes.get(phone.name)
    return h(
      'li',
      {},
      h('span', { class: `handset ${look}`, 'aria-hidden': 'true' }),
      h(
        'span',
        { class: 'what' },
        h('b', {}, phone.name),
        h('small', { class: 'soft' }, phone.model),
        h(
          'small',
          {},
          h('span', { class: `state ${look}` }, word),
          ` · ${phone.lastContact ? since(phone.lastContact) : 'never seen'}`,
        ),
        outcome && h('small', { class: 'soft' }, `Last contact: ${outcome}`),
      ),
      h(
        'button',
        {
          class: 'quiet',
          'data-name': phone.name,
          title: 'Contact Exchange',
          'aria-label': `Let ${phone.name} contact Exchange`,
          onclick: () => sync(phone),
        },
        icon('sync'),
      ),
    )
  }

  let shown = ''
  /** Shows what there is now. A button that is being pressed would lose its click; the next look shows it then. */
  const load = async () => {
    const text = search.value
    const response = await fetch(`/_sandbox/devices?text=${encodeURIComponent(text)}`)
    const { phones = [], total = 0, error }: Found = await response.json()
    if (error) status.textContent = error.message
    const looksNow = JSON.stringify([phones, [...outcomes]])
    const isPressed = list.matches(':active')
    if (error || looksNow === shown || text !== search.value || isPressed) return
    shown = looksNow
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.name : undefined
    list.replaceChildren(...phones.map(row))
    if (total > phones.length)
      list.append(h('li', { class: 'soft' }, `and ${(total - phones.length).toLocaleString()} more`))
    if (focused) list.querySelector<HTMLElement>(`[data-name="${CSS.escape(focused)}"]`)?.focus()
  }

  panel.replaceChildren(
    h(
      'header',
      {},
      h('h2', {}, 'Phones'),
      h('a', { href: exchange, target: '_blank', rel: 'noopener' }, 'Exchange', icon('out')),
    ),
    h(
      'p',
      { class: 'soft' },
      'A phone learns of a decision when it contacts Exchange. Real ones do so by themselves; these do when told.',
    ),
    h('div', { class: 'search' }, icon('search'), search),
    status,
    list,
  )
  const isShown = () => document.visibilityState === 'visible' && panel.checkVisibility()
  const timer = setInterval(() => {
    if (isShown()) load()
  }, interval)
  stop = () => clearInterval(timer)
  load()
}
