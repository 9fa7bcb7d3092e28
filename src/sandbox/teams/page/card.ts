import type * as Package from 'adaptivecards'
import { h } from './dom.ts'
import { hostConfig } from './hostconfig.ts'
import { field } from './json.ts'
import { markdown, mentionsIn } from './markdown.ts'

declare global {
  /** The adaptivecards package, which the page loads as a script of its own. */
  const AdaptiveCards: typeof Package
}

export interface Actions {
  readonly execute: (verb: string, data: unknown) => void
  readonly submit: (data: object) => void
}

export const isFullWidth = (card: unknown) => field(field(card, 'msteams'), 'width') === 'Full'
export const isRefreshable = (card: unknown) => field(card, 'refresh') !== undefined

const draw = (source: object, { execute, submit }: Actions) => {
  const card = new AdaptiveCards.AdaptiveCard()
  card.hostConfig = new AdaptiveCards.HostConfig(hostConfig)
  card.onExecuteAction = (action) => {
    if (action instanceof AdaptiveCards.ExecuteAction) execute(action.verb, action.data ?? {})
    else if (action instanceof AdaptiveCards.SubmitAction) submit(action.data ?? {})
    else if (action instanceof AdaptiveCards.OpenUrlAction) window.open(action.url, '_blank', 'noopener,noreferrer')
  }
  card.parse(source)
  const mentions = mentionsIn(field(field(source, 'msteams'), 'entities'))
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = markdown(text, mentions)
    result.didProcess = true
  }
  return card.render()
}

/** Draws an Adaptive Card; what cannot be drawn shows its fallback text. */
export const drawCard = (source: unknown, actions: Actions) => {
  const drawn = typeof source === 'object' && source !== null ? draw(source, actions) : undefined
  const fallback = field(source, 'fallbackText') ?? 'This card cannot be shown.'
  return h('div', { class: isFullWidth(source) ? 'card full' : 'card', tabindex: '-1' }, drawn ?? String(fallback))
}
