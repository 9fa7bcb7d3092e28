import type { Person } from '../directory.ts'
import { h, icon } from './dom.ts'

interface Command {
  readonly title: string
  readonly description: string
}

/** The conversation that a window shows, as its person knows it. */
export interface Conversation {
  /** What the sandbox calls it for this person. */
  readonly key: string
  readonly id: string
  readonly type: 'personal' | 'groupChat' | 'channel'
  readonly name: string
  readonly team: string | undefined
  readonly members: readonly Person[]
  readonly me: Person
  readonly bot: { readonly id: string; readonly name: string }
  readonly commands: readonly Command[]
  readonly say: (key: string, text: string) => void
}

interface Suggestion {
  readonly label: string
  readonly about: string
  readonly insert: string
}

let made = 0

/** The box to write in. `/` or an empty box suggests commands, `@` people. */
export const createCompose = (conversation: Conversation, placeholder: string) => {
  const id = `compose-${++made}`
  const input = h('textarea', {
    id,
    rows: '1',
    placeholder,
    'aria-label': placeholder,
    'aria-autocomplete': 'list',
    'aria-controls': `${id}-list`,
    autocomplete: 'off',
  })
  const list = h('ul', {
    id: `${id}-list`,
    class: 'suggestions',
    role: 'listbox',
    'aria-label': 'Suggestions',
    hidden: true,
  })
  const send = h('button', { class: 'send', type: 'submit', 'aria-label': 'Send', title: 'Send' }, icon('send'))
  let chosen = -1

  const suggestions = (): readonly Suggestion[] => {
    const mention = /(?:^|\s)@([\p{L} ]*)$/u.exec(input.value)?.[1]?.toLowerCase()
    if (mention !== undefined) {
      const before = input.value.slice(0, input.value.lastIndexOf('@'))
      return conversation.members
        .filter(({ name }) => name.toLowerCase().startsWith(mention))
        .map(({ name, email }) => ({ label: `@${name}`, about: email, insert: `${before}@${name} ` }))
    }
    const typed = input.value.replace(/^\//, '').toLowerCase()
    if (!input.value.startsWith('/') && input.value !== '') return []
    return conversation.commands
      .filter(({ title }) => title.toLowerCase().startsWith(typed))
      .map(({ title, description }) => ({ label: title, about: description, insert: `${title} ` }))
  }

  const close = () => {
    list.hidden = true
    chosen = -1
    input.removeAttribute('aria-activedescendant')
  }
  const take = ({ insert }: Suggestion) => {
    input.value = insert
    enable()
    close()
    input.focus()
  }
  const mark = (index: number) => {
    chosen = index
    for (const [at, option] of [...list.children].entries()) {
      option.ariaSelected = String(at === index)
      if (at === index) option.scrollIntoView({ block: 'nearest' })
    }
    if (index < 0) input.removeAttribute('aria-activedescendant')
    else input.setAttribute('aria-activedescendant', `${id}-${index}`)
  }
  const suggest = () => {
    const found = suggestions()
    list.replaceChildren(
      ...found.map((one, at) =>
        h(
          'li',
          {
            id: `${id}-${at}`,
            role: 'option',
            'aria-selected': 'false',
            onpointerdown: (event) => {
              event.preventDefault()
              take(one)
            },
          },
          h('b', {}, one.label),
          h('span', {}, one.about),
        ),
      ),
    )
    list.hidden = found.length === 0
    mark(-1)
  }
  const enable = () => {
    send.disabled = input.value.trim() === ''
  }
  const submit = () => {
    const text = input.value.trim()
    if (text === '') return
    input.value = ''
    enable()
    close()
    conversation.say(conversation.key, text)
  }

  input.addEventListener('input', () => {
    enable()
    suggest()
  })
  input.addEventListener('focus', suggest)
  input.addEventListener('blur', close)
  input.addEventListener('keydown', (event) => {
    const found = list.hidden ? [] : suggestions()
    const one = found[chosen]
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined && found.length > 0)
      mark((Math.max(chosen, step < 0 ? 0 : -1) + step + found.length) % found.length)
    else if (event.key === 'Escape' && found.length > 0) close()
    else if ((event.key === 'Enter' || event.key === 'Tab') && one) take(one)
    else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit()
    else return
    event.preventDefault()
  })

  const form = h(
    'form',
    {
      class: 'compose',
      onsubmit: (event) => {
        event.preventDefault()
        submit()
        input.focus()
      },
    },
    list,
    h(
      'div',
      { class: 'box' },
      conversation.type !== 'personal' &&
        h(
          'span',
          { class: 'mention', title: 'Everything you write here is for the bot.' },
          `@${conversation.bot.name}`,
        ),
      input,
      send,
    ),
  )
  enable()
  return { element: form, focus: () => input.focus() }
}
