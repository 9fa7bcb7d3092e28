import { z } from 'zod'

const time = z.iso.datetime()

/** Tries in a row that did not work. */
const FailureSchema = z.object({ problem: z.string(), tries: z.number().int().min(1), nextTry: time })

/** How a connector is. Times are ISO 8601. */
export const HealthSchema = z.discriminatedUnion('state', [
  /** It has never worked yet. */
  z.object({ state: z.literal('starting'), since: time, failure: FailureSchema.optional() }),
  z.object({ state: z.literal('healthy'), since: time }),
  /** It works, though not as it should, or it worked until the last try. */
  z.object({
    state: z.literal('degraded'),
    since: time,
    restrictions: z.array(z.string()),
    failure: FailureSchema.optional(),
  }),
  z.object({ state: z.literal('failed'), since: time, hasWorked: z.boolean(), failure: FailureSchema }),
])

export type Health = z.infer<typeof HealthSchema>

/** What became of one try to connect and to read. */
export type Outcome =
  | { readonly kind: 'worked'; readonly restrictions: readonly string[] }
  | { readonly kind: 'failed'; readonly problem: string }

const minute = 60_000
/** Configuration Manager tries to install a connector again every 60 minutes until it succeeds. */
const longestPause = 60
const shortestPause = 5

export const newborn = (now: Date): Health => ({ state: 'starting', since: now.toISOString() })

/**
 * A connector that never worked is tried every 60 minutes, one that did after 5, 10, 20 minutes and so on. One try that
 * fails is no failure yet; the second is.
 */
export function nextHealth(health: Health, outcome: Outcome, now: Date): Health {
  const at = now.toISOString()
  if (outcome.kind === 'worked') {
    const restrictions = [...outcome.restrictions]
    const state = restrictions.length > 0 ? 'degraded' : 'healthy'
    const isSame = health.state === state && !('failure' in health && health.failure)
    const since = isSame ? health.since : at
    return state === 'degraded' ? { state, since, restrictions } : { state, since }
  }
  const hasWorked = health.state === 'failed' ? health.hasWorked : health.state !== 'starting'
  const tries = (failureOf(health)?.tries ?? 0) + 1
  const pause = hasWorked ? Math.min(longestPause, shortestPause * 2 ** (tries - 1)) : longestPause
  const nextTry = new Date(now.getTime() + pause * minute).toISOString()
  const failure = { problem: outcome.problem, tries, nextTry }
  if (tries > 1) return { state: 'failed', since: health.state === 'failed' ? health.since : at, hasWorked, failure }
  if (health.state === 'starting') return { ...health, failure }
  const restrictions = health.state === 'degraded' ? health.restrictions : []
  return { state: 'degraded', since: health.state === 'degraded' ? health.since : at, restrictions, failure }
}

/** What people are told of a connector; a single try that failed is not among it. */
const toldOf = (health: Health) =>
  health.state === 'failed' ? 'failed' : health.state === 'degraded' ? health.restrictions.join('\n') : ''

/** Whether a change is worth telling: a failure, a recovery, or that it works in another way. */
export const isNews = (before: Health, after: Health) => toldOf(before) !== toldOf(after)

/** The failure that is still to be mended. */
export const failureOf = (health: Health) => ('failure' in health ? health.failure : undefined)
