import type { Message } from '../messages.ts'
import type { Everything } from '../page.ts'
import { avatar, byId, h, icon } from './dom.ts'
import { timeOf } from './message.ts'

export const personKey = ({ id }: { id: string }) => id.slice('29:'.length)

export const conversationKey = ({ type, name }: Everything['conversations'][number]) =>
  type === 'personal' ? 'personal' : type === 'groupChat' ? 'group' : name

export const addressOf = (person: { id: string }, key: string) => `#/${personKey(person)}/${encodeURIComponent(key)}`

const themes = ['system', 'light', 'dark']

const setTheme = (theme: string) => {
  localStorage.setItem('theme', theme)
  document.documentElement.dataset.theme = theme
}
setTheme(localStorage.getItem('theme') ?? 'system')

const themeChoice = () =>
  h(
    'fieldset',
    { class: 'themes' },
    h('legend', {}, 'Theme'),
    ...themes.map((theme) =>
      h(
        'label',
        {},
        h('input', {
          type: 'radio',
          name: 'theme',
          value: theme,
          checked: document.documentElement.dataset.theme === theme,
          onchange: () => setTheme(theme),
        }),
        h('span', {}, theme),
      ),
    ),
  )

/** Opens a window of the same page next to this one, so that two people can be watched at once. */
const openBeside = (event: Event) => {
  if (!(event.currentTarget instanceof HTMLAnchorElement)) return
  event.preventDefault()
  const [width, height] = [Math.min(760, Math.floor(screen.availWidth / 2)), screen.availHeight]
  window.open(
    event.currentTarget.href,
    '_blank',
    `popup,width=${width},height=${height},left=${screen.availWidth - width}`,
  )
}

const personMenu = ({ me, people }: Everything, key: string) => {
  const first = ({ givenName }: { givenName: string }) => givenName
  const row = (person: Everything['people'][number]) =>
    h(
      'li',
      {},
      h(
        'a',
        { href: addressOf(person, key), 'aria-current': person.id === me.id ? 'true' : undefined },
        avatar(person),
        h('span', {}, h('b', {}, person.name), h('small', {}, person.email)),
      ),
      h(
        'a',
        {
          class: 'quiet',
          href: addressOf(person, key),
          target: '_blank',
          title: `Open a window as ${first(person)}`,
          'aria-label': `Open a window as ${person.name}`,
          onclick: openBeside,
        },
        icon('beside'),
      ),
    )
  return h(
    'div',
    { class: 'menu', id: 'people', popover: 'auto' },
    h('h2', {}, 'You are'),
    h('ul', {}, ...people.map(row)),
    themeChoice(),
  )
}

/** The list of conversations, and who one is. */
export const drawSidebar = (
  all: Everything,
  {
    current,
    last,
    unread,
  }: {
    current: string | undefined
    last: (id: string) => Message | undefined
    unread: (id: string) => number
  },
) => {
  const item = (conversation: Everything['conversations'][number]) => {
    const { id, type, name } = conversation
    const message = last(id)
    const waiting = unread(id)
    const author = message?.from.id === all.me.id ? 'You: ' : ''
    const preview =
      message && (message.deleted ? 'Message deleted' : message.text.replace(/<\/?at>|\*\*/g, '') || 'Sent a card')
    return h(
      'li',
      {},
      h(
        'a',
        {
          class: waiting > 0 ? 'item unread' : 'item',
          href: addressOf(all.me, conversationKey(conversation)),
          'aria-current': id === current ? 'page' : undefined,
        },
        type === 'personal'
          ? avatar(all.bot)
          : h('span', { class: 'avatar place' }, icon(type === 'channel' ? 'hash' : 'people')),
        h('span', { class: 'what' }, h('b', {}, name), h('small', {}, preview ? author + preview : 'No messages yet')),
        h(
          'span',
          { class: 'when' },
          message && h('small', {}, timeOf(message.at)),
          waiting > 0 && h('span', { class: 'count', 'aria-label': `${waiting} unread` }, String(waiting)),
        ),
      ),
    )
  }
  const chats = all.conversations.filter(({ team }) => team === undefined)
  const teams = Map.groupBy(all.conversations, ({ team }) => team)
  const key = all.conversations.find(({ id }) => id === current)
  const button = h(
    'button',
    { class: 'me', popovertarget: 'people' },
    avatar(all.me),
    h('span', {}, h('b', {}, all.me.name), h('small', {}, 'Change person or theme')),
    icon('chevrons'),
  )

  byId('sidebar').replaceChildren(
    h('h1', { class: 'brand' }, h('img', { src: '/page/favicon.svg', alt: '' }), 'Sandbox Teams'),
    h(
      'div',
      { class: 'lists' },
      h('h2', {}, 'Chats'),
      h('ul', {}, ...chats.map(item)),
      ...[...teams].flatMap(([team, channels]) =>
        team === undefined ? [] : [h('h2', {}, team), h('ul', {}, ...channels.map(item))],
      ),
    ),
    button,
    personMenu(all, key ? conversationKey(key) : 'personal'),
  )
}
