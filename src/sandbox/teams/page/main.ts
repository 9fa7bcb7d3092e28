import type { Message } from '../messages.ts'
import type { Everything } from '../page.ts'
import { type Conversation, createCompose } from './compose.ts'
import { avatar, byId, h, icon, toast } from './dom.ts'
import { createLog } from './log.ts'
import { drawPhones } from './phones.ts'
import { listen, post } from './server.ts'
import { addressOf, conversationKey, drawSidebar } from './sidebar.ts'

const app = byId('app')
const placeOf = (conversation: string) => conversation.split(';')[0] ?? conversation

/** `#/hanna/personal`: whom this window belongs to and what it shows. Without a conversation it shows the list. */
const readAddress = () => {
  const [, person = '', key = ''] = location.hash.split('/').map(decodeURIComponent)
  return { person, key }
}

/** One person's window. Everything in it follows from what the sandbox tells and from the address. */
const open = (person: string) => {
  let all: Everything | undefined
  let log: ReturnType<typeof createLog> | undefined
  let current: string | undefined
  let typingUntil = 0
  const messages = new Map<string, Message>()
  const unread = new Map<string, number>()

  const inPlace = (id: string) => [...messages.values()].filter(({ conversation }) => placeOf(conversation) === id)

  const say = async (key: string, text: string) => {
    try {
      const { outcome } = await post('say', { person: all?.me.id, conversation: key, text })
      if (outcome.kind === 'error') toast(outcome.text, 'error')
    } catch (error) {
      toast(String(error), 'error')
    }
  }

  const drawList = () => {
    if (!all) return
    const waiting = [...unread.values()].reduce((sum, count) => sum + count, 0)
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${all.me.name} · Sandbox Teams`
    drawSidebar(all, {
      current,
      last: (id) => inPlace(id).at(-1),
      unread: (id) => unread.get(id) ?? 0,
    })
  }

  const drawBar = ({ name, team, type, members, me, bot }: Conversation) => {
    const others = members.map((member) => (member.id === me.id ? 'You' : member.givenName)).join(', ')
    byId('bar').replaceChildren(
      h('a', { class: 'quiet back', href: addressOf(me, ''), 'aria-label': 'All conversations' }, icon('back')),
      type === 'personal'
        ? avatar(bot)
        : h('span', { class: 'avatar place' }, icon(type === 'channel' ? 'hash' : 'people')),
      h(
        'div',
        { class: 'what' },
        h('h1', {}, name),
        h('small', {}, type === 'personal' ? 'Your chat with the bot' : `${team ? `${team} · ` : ''}${others}`),
      ),
      h(
        'button',
        {
          class: 'phones-button',
          'aria-expanded': String(app.dataset.phones === 'open'),
          'aria-controls': 'phones',
          hidden: all?.exchange === undefined,
          onclick: ({ currentTarget }) => {
            const opened = app.dataset.phones !== 'open'
            app.dataset.phones = opened ? 'open' : 'closed'
            localStorage.setItem('phones', app.dataset.phones)
            if (currentTarget instanceof HTMLElement) currentTarget.ariaExpanded = String(opened)
          },
        },
        icon('phone'),
        'Phones',
      ),
    )
  }

  const show = () => {
    if (!all) return
    const { key } = readAddress()
    app.dataset.view = key === '' ? 'list' : 'chat'
    const found = all.conversations.find((one) => conversationKey(one) === key) ?? all.conversations[0]
    if (!found) return
    const scope = { personal: 'personal', groupChat: 'groupChat', channel: 'team' }[found.type]
    const conversation: Conversation = {
      ...found,
      key: conversationKey(found),
      me: all.me,
      bot: all.bot,
      commands: all.commandLists.filter(({ scopes }) => scopes.includes(scope)).flatMap(({ commands }) => commands),
      say,
    }
    current = found.id
    unread.delete(found.id)
    drawBar(conversation)
    drawList()
    byId('typing').textContent = ''
    log?.close()
    log = createLog(conversation)
    log.show(inPlace(found.id))
    const compose = createCompose(
      conversation,
      { personal: `Message ${all.bot.name}`, groupChat: `Ask ${all.bot.name}`, channel: 'Start a new thread' }[
        found.type
      ],
    )
    byId('compose').replaceChildren(compose.element)
  }

  const take = (message: Message) => {
    const known = messages.has(message.id)
    messages.set(message.id, message)
    const place = placeOf(message.conversation)
    if (place === current) {
      byId('typing').textContent = ''
      log?.upsert(message)
    }
    if (!known && message.from.id !== all?.me.id && (place !== current || document.visibilityState === 'hidden')) {
      unread.set(place, (unread.get(place) ?? 0) + 1)
    }
    drawList()
  }

  const typing = (where: string) => {
    if (placeOf(where) !== current) return
    byId('typing').textContent = `${all?.bot.name} is writing …`
    typingUntil = Date.now() + 10_000
    setTimeout(() => {
      if (Date.now() >= typingUntil) byId('typing').textContent = ''
    }, 10_000)
  }

  const stop = listen(person, {
    everything(told) {
      all = told
      if (readAddress().person === '') history.replaceState(undefined, '', addressOf(all.me, 'personal'))
      messages.clear()
      for (const message of told.messages) messages.set(message.id, message)
      show()
      drawPhones(told.exchange)
    },
    connected: (connected) => {
      byId('lost').hidden = connected
    },
    news: (news) => ('message' in news ? take(news.message) : typing(news.typing)),
  })
  const seeUnread = () => {
    if (document.visibilityState !== 'visible' || current === undefined) return
    unread.delete(current)
    drawList()
  }
  document.addEventListener('visibilitychange', seeUnread)

  return {
    show,
    close() {
      stop()
      log?.close()
      document.removeEventListener('visibilitychange', seeUnread)
    },
  }
}

let who = readAddress().person
let opened = open(who)
app.dataset.phones = localStorage.getItem('phones') ?? (innerWidth >= 1180 ? 'open' : 'closed')
addEventListener('hashchange', () => {
  const { person } = readAddress()
  if (who === '' || person === who) return opened.show()
  opened.close()
  who = person
  opened = open(who)
})
byId('skip').addEventListener('click', (event) => {
  event.preventDefault()
  document.querySelector<HTMLElement>('#compose textarea')?.focus()
})
