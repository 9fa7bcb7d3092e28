import { AdaptiveCard, ExecuteAction, HostConfig, OpenUrlAction } from 'adaptivecards'
import { h } from './dom.ts'
import { hostConfig } from './hostconfig.ts'

export type Press = (verb: string, data: Readonly<Record<string, string>>) => void

/** No text of a card is Markdown here: it says what it says. */
AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = h('span', {}, text).innerHTML
  result.didProcess = true
}

/** Draws a card of the bot; its buttons tell what was pressed, with what was typed. */
export function drawCard(source: object, press: Press): HTMLElement {
  const card = new AdaptiveCard()
  card.hostConfig = new HostConfig(hostConfig)
  card.onExecuteAction = (action) => {
    if (action instanceof ExecuteAction) press(action.verb, { ...action.data })
    else if (action instanceof OpenUrlAction) window.open(action.url, '_blank', 'noopener,noreferrer')
  }
  card.parse(source)
  const drawn = h('div', { class: 'card' }, card.render() ?? 'This card cannot be shown.')
  // What can be pressed is called what it shows.
  for (const part of drawn.querySelectorAll('.ac-selectable'))
    for (const name of ['aria-label', 'title']) part.removeAttribute(name)
  return drawn
}
