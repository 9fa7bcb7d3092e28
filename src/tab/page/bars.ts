import type { Bar } from '../contract.ts'
import { h } from './dom.ts'

/** Counts as bars; a press on one that leads somewhere goes there. */
export function drawBars(bars: readonly Bar[], press: (bar: Bar) => void): HTMLElement {
  return h(
    'ul',
    { class: 'bars' },
    ...bars.map((bar) => {
      const fill = h('span', { class: `fill ${bar.tone}` })
      fill.style.width = `${bar.share}%`
      fill.hidden = bar.value === '0'
      const parts = [
        h('span', { class: 'label' }, bar.label),
        h('span', { class: 'track', 'aria-hidden': 'true' }, fill),
        h('span', { class: 'value' }, bar.value),
      ]
      return h(
        'li',
        {},
        bar.press === undefined
          ? h('div', { class: 'bar' }, ...parts)
          : h('button', { class: 'bar', type: 'button', onclick: () => press(bar) }, ...parts),
      )
    }),
  )
}
