import type { Connectors, ConnectorView } from '../connector/connectors.ts'
import { failureOf } from '../connector/health.ts'

const count = (number: number) => number.toLocaleString('en')

/** How old the answer is, connector by connector: what people must know of data that was read before. */
export function ageOf(connectors: Connectors, now: Date): string {
  const all = connectors.all().map((view) => `${view.name}: ${stateOf(view, now)}`)
  return all.length === 0 ? 'No connector is set up yet.' : `${all.join('; ')}.`
}

/** How a connector is, and how old what is known of its organization. */
export function stateOf(view: ConnectorView, now: Date): string {
  const { health, progress, full } = view
  const failure = failureOf(health)
  const read = full === undefined ? undefined : `read ${ago(new Date(full.at), now)}`
  if (failure !== undefined) {
    const what = health.state === 'failed' ? `failed ${ago(new Date(health.since), now)}` : 'the last try failed'
    const next = `next try ${inTime(new Date(failure.nextTry), now)}`
    return [read, what, failure.problem, next].filter(Boolean).join(', ')
  }
  if (read !== undefined) return read
  return progress === undefined
    ? 'first sync is starting'
    : `first sync: ${count(progress.devices)} of about ${count(progress.about)}`
}

/** A time span as people say it. */
export function ago(at: Date, now: Date): string {
  const minutes = Math.round((now.getTime() - at.getTime()) / 60_000)
  return minutes < 1 ? 'just now' : `${spanOf(minutes)} ago`
}

/** A time to come as people say it. */
export function inTime(at: Date, now: Date): string {
  const minutes = Math.round((at.getTime() - now.getTime()) / 60_000)
  return minutes < 1 ? 'now' : `in ${spanOf(minutes)}`
}

function spanOf(minutes: number): string {
  if (minutes === 1) return '1 minute'
  if (minutes < 120) return `${minutes} minutes`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / (24 * 60))} days`
}
