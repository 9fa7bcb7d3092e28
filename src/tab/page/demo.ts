import * as z from 'zod/mini'
import { type People, PeopleSchema, TokenSchema } from '../contract.ts'
import type { Session } from './api.ts'
import { byId, h, icon } from './dom.ts'
import { setTheme, themes } from './theme.ts'

/** In the demo one picks who one is; elsewhere there is nobody to pick. */
export const readPeople = async (): Promise<People> =>
  z.parse(PeopleSchema, await (await fetch('tab/api/people')).json())

async function tokenOf(id: string): Promise<string> {
  const response = await fetch('tab/api/people', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id }),
  })
  return z.parse(TokenSchema, await response.json()).token
}

/** The session of whoever was picked, in this window; without one the page asks who it is. */
export async function signInToDemo(people: People): Promise<Session> {
  setTheme(localStorage.getItem('theme') ?? 'system')
  const picked = people.find(({ id }) => id === sessionStorage.getItem('person')) ?? (await pick(people))
  byId('side').after(menuOf(people, picked.id))
  let token: string | undefined
  return {
    async token(refused) {
      if (refused || token === undefined) token = await tokenOf(picked.id)
      return token
    },
  }
}

function be(id: string): void {
  sessionStorage.setItem('person', id)
  location.reload()
}

function pick(people: People): Promise<never> {
  byId('content').ariaBusy = 'false'
  byId('content').replaceChildren(
    h(
      'div',
      { class: 'page pick' },
      h('h1', {}, 'Who are you?'),
      h('p', { class: 'soft' }, 'This is the demo: be one of these people. In Teams, Teams says who you are.'),
      h(
        'ul',
        { class: 'list' },
        ...people.map(({ id, name }) =>
          h('li', {}, h('button', { type: 'button', onclick: () => be(id) }, avatar(id, name), h('b', {}, name))),
        ),
      ),
    ),
  )
  return new Promise(() => {})
}

function menuOf(people: People, me: string): HTMLElement {
  const theme = localStorage.getItem('theme') ?? 'system'
  return h(
    'div',
    { class: 'menu', id: 'people', popover: 'auto' },
    h('h2', {}, 'You are'),
    h(
      'ul',
      {},
      ...people.map(({ id, name }) =>
        h(
          'li',
          {},
          h(
            'button',
            { type: 'button', 'aria-current': id === me && 'true', onclick: () => be(id) },
            avatar(id, name),
            name,
          ),
        ),
      ),
    ),
    h(
      'fieldset',
      { class: 'themes' },
      h('legend', {}, 'Theme'),
      ...themes.map((name) =>
        h(
          'label',
          {},
          h('input', {
            type: 'radio',
            name: 'theme',
            value: name,
            checked: name === theme,
            onchange() {
              localStorage.setItem('theme', name)
              setTheme(name)
            },
          }),
          h('span', {}, name),
        ),
      ),
    ),
  )
}

/** The button at the foot of the side that opens the menu. */
export function meButton(people: People): HTMLElement | undefined {
  const me = people.find(({ id }) => id === sessionStorage.getItem('person'))
  return (
    me &&
    h(
      'button',
      { class: 'me', type: 'button', popovertarget: 'people' },
      avatar(me.id, me.name),
      h('span', {}, h('b', {}, me.name), h('small', {}, 'Change person')),
      icon('chevrons'),
    )
  )
}

function avatar(id: string, name: string): HTMLElement {
  const initials = name.split(' ').map((word) => word[0] ?? '')
  const hue = [...id].reduce((sum, letter) => (sum * 23 + (letter.codePointAt(0) ?? 0)) % 997, 0) % 5
  return h('span', { class: `avatar hue-${hue}`, 'aria-hidden': 'true' }, initials.slice(0, 2).join(''))
}
