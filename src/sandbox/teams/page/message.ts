import type { Attachment, Message } from '../messages.ts'
import { drawCard, isFullWidth, isRefreshable } from './card.ts'
import { openDialog } from './dialog.ts'
import { avatar, h, icon, toast } from './dom.ts'
import { field } from './json.ts'
import { markdown, mentionsIn, plain } from './markdown.ts'
import { post, type Shown } from './server.ts'

const adaptiveCard = 'application/vnd.microsoft.card.adaptive'
const fileConsent = 'application/vnd.microsoft.teams.card.file.consent'
const fileInfo = 'application/vnd.microsoft.teams.card.file.info'

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
export const timeOf = (at: string) => clock.format(new Date(at))

const kilobytes = (bytes: number) => `${Math.max(1, Math.round(bytes / 1024)).toLocaleString()} KB`

/** One message. `update` shows what became of it. */
export const createMessageView = (first: Message, me: { id: string }, where: string) => {
  const body = h('div', { class: 'content' })
  const edited = h('span', { class: 'edited' })
  const refreshButton = h(
    'button',
    { class: 'quiet', title: 'Refresh card', 'aria-label': 'Refresh card', onclick: () => carry('refresh', {}) },
    icon('sync'),
  )
  const problem = h('p', { class: 'problem', role: 'alert' })
  const element = h(
    'article',
    {
      class: first.from.id === me.id ? 'message mine' : 'message',
      'data-id': first.id,
      'aria-label': `${first.from.name}, ${timeOf(first.at)}`,
    },
    avatar(first.from),
    h(
      'div',
      { class: 'column' },
      h(
        'header',
        {},
        h('b', {}, first.from.name),
        h('time', { datetime: first.at, title: exact.format(new Date(first.at)) }, timeOf(first.at)),
        edited,
        refreshButton,
      ),
      body,
      problem,
    ),
  )
  const about = { person: me.id, conversation: where, activityId: first.id }

  const settle = ({ outcome }: Shown) => {
    if (outcome.kind === 'message') toast(outcome.text)
    if (outcome.kind === 'error') problem.textContent = outcome.text
    if (outcome.kind === 'dialog') openDialog(outcome, (data) => post('dialog', { ...about, data }))
  }
  /** One thing at a time: while the bot thinks, a second press does nothing. */
  const carry = async (name: string, fields: object) => {
    if (body.ariaBusy === 'true') return
    body.ariaBusy = 'true'
    problem.textContent = ''
    try {
      settle(await post(name, { ...about, ...fields }))
    } catch (error) {
      problem.textContent = String(error)
    } finally {
      body.ariaBusy = 'false'
    }
  }

  const consentCard = ({ name, content }: Attachment) => {
    const answered = field(content, 'answered')
    const answer = (accept: boolean) => () => carry('consent', { accept })
    return h(
      'div',
      { class: 'card file', tabindex: '-1' },
      h(
        'span',
        { class: 'file-name' },
        icon('file'),
        h('b', {}, name ?? 'File'),
        h('small', {}, kilobytes(Number(field(content, 'sizeInBytes')))),
      ),
      h('p', {}, String(field(content, 'description') ?? '')),
      answered
        ? h('p', { class: 'soft' }, answered === 'accept' ? 'You accepted this file.' : 'You declined this file.')
        : h(
            'span',
            { class: 'choices' },
            h('button', { class: 'primary', onclick: answer(true) }, 'Accept'),
            h('button', { onclick: answer(false) }, 'Decline'),
          ),
    )
  }
  const draw = (attachment: Attachment) => {
    const { contentType, content, name, contentUrl } = attachment
    if (contentType === adaptiveCard) {
      return drawCard(content, {
        execute: (verb, data) => carry('press', { verb, data }),
        submit: (data) => carry('submit', { data }),
      })
    }
    if (contentType === fileConsent) return consentCard(attachment)
    if (contentType === fileInfo && typeof contentUrl === 'string') {
      const link = h('a', { href: new URL(contentUrl).pathname, download: name ?? true }, name ?? 'File')
      return h('div', { class: 'card file' }, h('span', { class: 'file-name' }, icon('file'), link))
    }
    return h('div', { class: 'card soft' }, `This page does not draw ${contentType}.`)
  }

  let drawn: string | undefined
  const update = (message: Message) => {
    const { text, attachments, deleted, textFormat } = message
    edited.textContent = message.edited && !deleted ? 'Edited' : ''
    element.classList.toggle('deleted', deleted)
    element.classList.toggle(
      'full',
      attachments.some(({ content }) => isFullWidth(content)),
    )
    refreshButton.hidden = !attachments.some(({ content }) => isRefreshable(content))
    const looks = JSON.stringify([text, attachments, deleted])
    if (looks === drawn) return
    drawn = looks
    const hadFocus = body.contains(document.activeElement)
    body.replaceChildren()
    if (deleted) body.append(h('p', { class: 'soft' }, 'This message was deleted.'))
    if (text) {
      const bubble = h('div', { class: 'bubble' })
      bubble.innerHTML = (textFormat === 'markdown' ? markdown : plain)(text, mentionsIn(message.entities))
      body.append(bubble)
    }
    body.append(...attachments.map(draw))
    if (hadFocus) body.querySelector<HTMLElement>('[tabindex="-1"]')?.focus({ preventScroll: true })
  }

  update(first)
  return { element, update, refreshes: () => !refreshButton.hidden }
}

export type MessageView = ReturnType<typeof createMessageView>
