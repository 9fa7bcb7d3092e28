import { failureOf, type Health } from '../connector/health.ts'
import type { Event } from '../events/event.ts'

const titles: Readonly<Record<Health['state'], string>> = {
  starting: 'is being set up',
  healthy: 'works',
  degraded: 'works, though not as it should',
  failed: 'has failed',
}
const tones = { starting: 'default', healthy: 'good', degraded: 'warning', failed: 'attention' } as const

/** How a connector is now; from failure to recovery is one story. Made again of the same change, it has the same key. */
export function healthNews(connector: string, before: Health, after: Health, at: Date): Event {
  const bad = after.state === 'failed' || after.state === 'degraded' ? after : before
  return {
    key: `health ${connector} ${after.state} ${after.since}`,
    kinds: ['connectors'],
    at: at.toISOString(),
    subject: { of: 'connector', connector },
    story: `${connector} ${bad.state} ${bad.since}`,
    title: `${connector} ${titles[after.state]}`,
    text: sentenceOf(connector, after),
    tone: tones[after.state],
    read: { verb: 'connectors', data: { name: connector } },
  }
}

/** Keys of events are known for so long. */
const remembered = 7 * 24 * 60 * 60_000

/** How connectors are at the start: what was told before the process ended has the same key, and is told once. */
export const healthAtStart = (connectors: readonly { name: string; health: Health }[], now: Date): Event[] =>
  connectors
    .filter(({ health }) => health.state !== 'starting' && now.getTime() - Date.parse(health.since) < remembered)
    .map(({ name, health }) => healthNews(name, health, health, new Date(health.since)))

function sentenceOf(connector: string, health: Health): string {
  const problem = failureOf(health)?.problem
  switch (health.state) {
    case 'starting':
      return `${connector} is being set up.`
    case 'healthy':
      return `${connector} works.`
    case 'degraded':
      return `${connector} works, though not as it should: ${[...health.restrictions, problem].filter(Boolean).join(' ')}`
    case 'failed':
      return `${connector} has failed: ${problem}`
  }
}

/** An organization was read completely. */
export const syncNews = (connector: string, devices: number, began: string, at: Date): Event => ({
  key: `sync ${connector} ${began}`,
  kinds: ['sync'],
  at: at.toISOString(),
  subject: { of: 'connector', connector },
  story: `sync ${connector} ${began.slice(0, 10)}`,
  title: `${connector} was read`,
  text: `${connector} was read completely: ${devices.toLocaleString('en')} devices.`,
  tone: 'good',
  read: { verb: 'connectors', data: { name: connector } },
})
