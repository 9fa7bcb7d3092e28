import type { ConnectorState, Connectors } from '../connector/connectors.ts'

const count = (number: number) => number.toLocaleString('en')

/** How old the answer is, connector by connector: what people must know of data that was read before. */
export function ageOf(connectors: Connectors, now: Date): string {
  const all = connectors.all().map(({ name, state }) => `${name}: ${stateOf(state, now)}`)
  return all.length === 0 ? 'No connector is set up yet.' : `${all.join('; ')}.`
}

/** How a connector is. */
export function stateOf(state: ConnectorState, now: Date): string {
  switch (state.kind) {
    case 'starting':
      return 'first sync is starting'
    case 'syncing':
      return `first sync: ${count(state.progress.devices)} of about ${count(state.progress.about)}`
    case 'synced':
      return `read ${ago(state.at, now)}`
    case 'failed':
      return state.problem
  }
}

/** A time span as people say it. */
export function ago(at: Date, now: Date): string {
  const minutes = Math.round((now.getTime() - at.getTime()) / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 120) return `${minutes} minutes ago`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} hours ago` : `${Math.round(minutes / (24 * 60))} days ago`
}
