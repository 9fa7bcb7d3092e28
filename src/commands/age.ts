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

/** How long ago it was, as people say it. */
export function ago(at: Date, now: Date): string {
  const span = lasted(at, now)
  return span === undefined ? 'just now' : `${span} ago`
}

/** A time to come as people say it. */
export function inTime(at: Date, now: Date): string {
  const span = lasted(now, at)
  return span === undefined ? 'now' : `in ${span}`
}

/** A time span as people say it; one under a minute has no name. */
export function lasted(from: Date, to: Date): string | undefined {
  const minutes = Math.round((to.getTime() - from.getTime()) / 60_000)
  if (minutes < 1) return undefined
  if (minutes === 1) return '1 minute'
  if (minutes < 120) return `${minutes} minutes`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / (24 * 60))} days`
}
