import type { Outcome } from '../outcome.ts'
import { drawCard } from './card.ts'
import { byId, h, icon, toast } from './dom.ts'
import type { Shown } from './server.ts'

type Dialog = Extract<Outcome, { kind: 'dialog' }>

/** Widths of "Use dialogs with bots", Microsoft Learn, with room for a small screen. */
const widths = { small: 400, medium: 600, large: 900 }

/** Opens a dialog over the page; `send` carries its form to the bot, whose answer closes it or puts the next card in. */
export const openDialog = (first: Dialog, send: (data: object) => Promise<Shown>) => {
  const dialog = byId('dialog')
  if (!(dialog instanceof HTMLDialogElement)) return
  const problem = h('p', { class: 'problem', role: 'alert' })
  const body = h('div', { class: 'dialog-body' })
  const title = h('h2', { id: 'dialog-title' })

  const settle = (outcome: Outcome) => {
    if (outcome.kind === 'dialog') show(outcome)
    else if (outcome.kind === 'error') problem.textContent = outcome.text
    else {
      dialog.close()
      if (outcome.kind === 'message') toast(outcome.text)
    }
  }
  const submit = async (data: object) => {
    if (dialog.ariaBusy === 'true') return
    dialog.ariaBusy = 'true'
    problem.textContent = ''
    try {
      settle((await send(data)).outcome)
    } catch (error) {
      problem.textContent = String(error)
    } finally {
      dialog.ariaBusy = 'false'
    }
  }
  const show = ({ title: name, card, width }: Dialog) => {
    title.textContent = name
    dialog.style.width = `${typeof width === 'number' ? width : widths[width]}px`
    // In a dialog Action.Execute does nothing, as in Teams.
    body.replaceChildren(drawCard(card, { execute: () => {}, submit }))
  }

  const close = h('button', { class: 'quiet', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('close'))
  dialog.replaceChildren(h('header', {}, title, close), body, problem)
  show(first)
  dialog.showModal()
}
