import type { Message } from '../messages.ts'
import { type Conversation, createCompose } from './compose.ts'
import { avatar, byId, h, icon } from './dom.ts'
import { createMessageView, type MessageView } from './message.ts'
import { post } from './server.ts'

const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const minutes = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 60_000

/** The messages of one conversation, in a channel thread by thread. */
export const createLog = (conversation: Conversation) => {
  const { me, key } = conversation
  const log = byId('log')
  const views = new Map<string, MessageView>()
  const threads = new Map<string, HTMLElement>()
  const ends = new Map<HTMLElement, Message>()
  let lastDay = ''
  log.tabIndex = 0
  const list = h('div', { class: 'list' })
  const more = h('button', { class: 'more', hidden: true, onclick: () => toFoot() }, icon('down'), 'New messages')

  const toFoot = () => {
    log.scrollTop = log.scrollHeight
    more.hidden = true
  }
  /** Whoever reads the newest message goes on doing so; whoever has scrolled up stays there. */
  let follows = true
  let top = 0
  log.onscroll = () => {
    // By the time this is told, a card may have grown; that nobody has scrolled up tells the two apart.
    follows = (follows && log.scrollTop >= top) || log.scrollHeight - log.scrollTop - log.clientHeight < 80
    top = log.scrollTop
    if (follows) more.hidden = true
  }
  const size = new ResizeObserver(() => {
    if (follows) toFoot()
  })
  size.observe(list)
  size.observe(log)

  /** A card with a refresh is refreshed when it is seen; whether it really is, the sandbox decides as Teams would. */
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && target instanceof HTMLElement) look(target.dataset.id ?? '')
    }
  })
  const look = async (activityId: string) => {
    if (document.visibilityState !== 'visible' || !views.get(activityId)?.refreshes()) return
    await post('see', { person: me.id, conversation: key, activityId }).catch(console.warn)
  }

  const threadOf = (id: string) => {
    const known = threads.get(id)
    if (known) return known
    const replies = h('div', { class: 'replies' })
    const foot = h('div', { class: 'thread-foot' })
    const reply = () => {
      const box = createCompose({ ...conversation, key: `${key};messageid=${id}` }, `Reply in this thread`)
      foot.replaceChildren(box.element)
      box.focus()
      foot.scrollIntoView({ block: 'nearest' })
    }
    foot.append(h('button', { class: 'reply', onclick: reply }, icon('reply'), 'Reply'))
    list.append(h('div', { class: 'thread', role: 'group', 'aria-label': 'Thread' }, replies, foot))
    threads.set(id, replies)
    return replies
  }

  const append = (message: Message) => {
    const startsThread = message.thread === message.id
    const today = new Date(message.at).toDateString()
    if ((!message.thread || startsThread) && today !== lastDay) {
      list.append(h('h2', { class: 'day' }, day.format(new Date(message.at))))
      lastDay = today
    }
    const where = message.thread ? threadOf(message.thread) : list
    const last = ends.get(where)
    const view = createMessageView(message, me, key)
    const goesOn = last?.from.id === message.from.id && minutes(last.at, message.at) < 3
    view.element.classList.toggle('follows', goesOn)
    where.append(view.element)
    ends.set(where, message)
    views.set(message.id, view)
    seen.observe(view.element)
  }

  const greeting = () => {
    const starters = conversation.commands
      .slice(0, 4)
      .map(({ title }) => h('button', { onclick: () => conversation.say(key, title) }, title))
    const text =
      conversation.type === 'personal'
        ? `This is your chat with ${conversation.bot.name}. Only you can see it.`
        : `Everybody here can see what ${conversation.bot.name} answers.`
    return h(
      'div',
      { class: 'greeting' },
      avatar(conversation.bot),
      h('h2', {}, conversation.name),
      h('p', {}, text),
      h('div', { class: 'starters' }, ...starters),
    )
  }

  return {
    show(messages: readonly Message[]) {
      log.replaceChildren(list, more)
      if (messages.length === 0) list.append(greeting())
      for (const message of messages) append(message)
      toFoot()
    },

    upsert(message: Message) {
      const view = views.get(message.id)
      list.querySelector('.greeting')?.remove()
      if (view) view.update(message)
      else append(message)
      if (!view && message.from.id === me.id) toFoot()
      else if (!view && !follows) more.hidden = false
      if (view && isSeen(view.element)) look(message.id)
    },

    close() {
      seen.disconnect()
      size.disconnect()
    },
  }
}

const isSeen = (element: HTMLElement) => {
  const { top, bottom } = element.getBoundingClientRect()
  return bottom > 0 && top < innerHeight
}
